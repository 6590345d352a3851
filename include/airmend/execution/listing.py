"""What an inventory holds: hosts and groups, read by `ansible-inventory`, kept while it stands.

Called by `inventory.py` alone. Ansible is only ever run as a program (it is under the GPL).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from airmend.change.model import Target
from airmend.errors import InventoryError, NoTargetsError
from airmend.execution.diffs import cut
from airmend.execution.environment import ansible_environment, find_ansible
from airmend.execution.redaction import redact
from airmend.secret_names import looks_secret
from airmend.whole_files import PRIVATE, replace_file

TIMEOUT_SECONDS = 120
"""For one run of Ansible over the inventory; a cloud may answer slowly."""

KEPT_SECONDS = 7 * 24 * 3600
"""Answers about inventories that have changed since are removed after a week."""

_PLUGIN_LINE = re.compile(rb"(?m)^[\"']?plugin[\"']?[ \t]*:")
_VARIABLE_FOLDERS = ("group_vars", "host_vars")


class Listing(BaseModel):
    """Hosts by name and the names in each group, both in the inventory's order."""

    model_config = ConfigDict(frozen=True)

    hosts: dict[str, Target]
    groups: dict[str, list[str]]


class InventoryReader:
    """Reads one inventory; what it says is kept on disk as long as its files are the same.

    A dynamic inventory (a program, or YAML that names a plugin) is asked every time.

    Args:
        inventory: A file or a folder.
        cache_dir: Where answers are kept, without secrets; made when needed.

    Raises:
        InventoryError: There is nothing at that path.
    """

    def __init__(self, inventory: Path, cache_dir: Path) -> None:
        if not inventory.exists():
            raise InventoryError(
                f"{inventory}: there is no such inventory. "
                "Set AIRMEND_INVENTORY to a file or a folder."
            )
        self.inventory, self._cache_dir = inventory.resolve(), cache_dir
        self._digest = _digest(self.inventory)

    def read(self) -> Listing:
        """All hosts and groups.

        Raises:
            InventoryError: Ansible cannot read it.
        """

        def ask() -> str:
            text = self._run("ansible-inventory", "--list")
            try:
                return _listing(json.loads(text)).model_dump_json()
            except (ValueError, TypeError, AttributeError) as error:
                raise InventoryError(
                    f"{self.inventory}: what ansible-inventory printed is not a listing: {error}"
                ) from error

        return Listing.model_validate_json(self._kept("listing", ask, Listing.model_validate_json))

    def match(self, pattern: str) -> list[str]:
        """The names of the hosts that Ansible takes a pattern for.

        Raises:
            NoTargetsError: Ansible cannot read the pattern, or a part of it matches nothing:
                with a misspelt exclusion, Ansible itself would go on with all the others.
        """

        def ask() -> str:
            try:
                text = self._run("ansible", "--list-hosts", "--", pattern)
            except InventoryError as error:  # the inventory itself has just been read
                raise NoTargetsError(f"targets.pattern '{pattern}': {error}") from error
            return json.dumps([line.strip() for line in text.splitlines()[1:] if line.strip()])

        names: list[str] = json.loads(self._kept(f"pattern {pattern}", ask, json.loads))
        return names

    def _kept(self, question: str, ask: Callable[[], str], check: Callable[[str], Any]) -> str:
        """The answer that is kept, or a new one; a kept one that is damaged does not count."""
        if self._digest is None:
            return ask()
        key = hashlib.sha256(f"{self._digest} {question}".encode()).hexdigest()
        path = self._cache_dir / f"{key}.json"
        try:
            text = path.read_text(encoding="utf-8")
            check(text)
        except (OSError, ValidationError, ValueError):
            text = ask()
            _write(path, text)
        return text

    def _run(self, program: str, *arguments: str) -> str:
        environment = ansible_environment()
        # a file that none of the plugins can read is an error, not an inventory without hosts
        environment.setdefault("ANSIBLE_INVENTORY_UNPARSED_FAILED", "True")
        environment["ANSIBLE_HOST_PATTERN_MISMATCH"] = "error"
        command = [find_ansible(program), "-i", str(self.inventory), *arguments]
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise InventoryError(
                f"{self.inventory}: {program} took longer than {TIMEOUT_SECONDS} seconds. "
                "Is what the inventory asks reachable?"
            ) from error
        if done.returncode != 0:
            raise InventoryError(
                f"{self.inventory}: Ansible cannot read it: "
                f"{cut(redact(done.stderr.strip()), 1000)}"
            )
        return done.stdout


def _listing(document: Mapping[str, Any]) -> Listing:
    """Take hosts and groups out of what `ansible-inventory --list` prints."""
    variables = document.get("_meta", {}).get("hostvars", {})
    groups = {
        name: list(dict.fromkeys(_members(document, name, frozenset())))
        for name in document
        if name != "_meta"
    }
    names = dict.fromkeys([*groups.get("all", []), *(n for g in groups.values() for n in g)])
    groups["all"] = list(names)
    return Listing(
        hosts={name: _target(name, variables.get(name, {})) for name in names}, groups=groups
    )


def _members(document: Mapping[str, Any], group: str, above: frozenset[str]) -> Iterator[str]:
    content = document.get(group, {})
    yield from content.get("hosts", [])
    for child in content.get("children", []):
        if child not in above:
            yield from _members(document, child, above | {group})


def _target(name: str, variables: Mapping[str, Any]) -> Target:
    address = str(variables.get("ansible_host") or name)
    return Target(
        name=name,
        address=name if "{{" in address else address,
        variables={
            key: value if isinstance(value, str | int) else str(value)
            for key, value in variables.items()
            if _may_be_kept(key, value)
        },
    )


def _may_be_kept(name: str, value: Any) -> bool:
    """Only plain values that checks can use: no connection settings, templates or secrets."""
    if name.startswith("ansible_") or looks_secret(name):
        return False
    if isinstance(value, str):
        return "{{" not in value and "{%" not in value and redact(value) == value
    return isinstance(value, int | float)


def _digest(inventory: Path) -> str | None:
    """A digest of everything that a static inventory is made of; None for a dynamic one."""
    sources = sorted(_files([inventory]))
    folder = inventory if inventory.is_dir() else inventory.parent
    variables = sorted(_files([folder / name for name in _VARIABLE_FOLDERS]))
    digest = hashlib.sha256()
    environment = ansible_environment()
    settings = [(k, v) for k, v in sorted(environment.items()) if k.startswith("ANSIBLE_")]
    digest.update(json.dumps([find_ansible("ansible-inventory"), settings]).encode())
    if config := environment.get("ANSIBLE_CONFIG"):
        variables += _files([Path(config)])
    for path in [*sources, *variables]:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InventoryError(f"{path}: cannot be read: {error.strerror}") from error
        is_source = path in sources and not _is_variables(path, folder)
        if is_source and (os.access(path, os.X_OK) or _PLUGIN_LINE.search(content)):
            return None
        digest.update(json.dumps([str(path), hashlib.sha256(content).hexdigest()]).encode())
    return digest.hexdigest()


def _files(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            for folder, _, names in os.walk(place, followlinks=True):
                yield from (Path(folder) / name for name in names)
        elif place.exists():
            yield place


def _is_variables(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) and path.relative_to(folder).parts[0] in _VARIABLE_FOLDERS


def _write(path: Path, text: str) -> None:
    """Put a file in place whole; two that write at once write the same."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(path, text, mode=PRIVATE)
    oldest = time.time() - KEPT_SECONDS
    for other in path.parent.glob("*.json"):
        with suppress(FileNotFoundError):  # another process did the same
            if other.stat().st_mtime < oldest:
                other.unlink()
