"""The folder that one playbook run keeps its files in: nobody else's, and gone afterwards.

It holds the variables, the host names and ansible-runner's own files, among them a copy of
the environment. Called by `ansible.py` alone.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from airmend.errors import ExecutionError

_PREFIX = "airmend-run-"
_LOCK = "lock"
_UNSAFE_TAG = "!unsafe"  # Ansible's word for text that is never a template
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STREAM_SETTINGS = {
    "pexpect_timeout": 0.5,  # seconds between two looks at cancellation and time
    "suppress_output_file": True,
    "suppress_ansible_output": True,
}


@contextmanager
def private_folder(variables: Mapping[str, Any], hosts: Sequence[str]) -> Iterator[Path]:
    """Make the folder, and remove it however the run ends.

    Args:
        variables: Data for the playbook: texts, numbers, booleans, None, lists and mappings.
        hosts: Exact names; one a line in the file `hosts`, so that none is read as a pattern
            of several.

    Raises:
        ExecutionError: A variable has no valid name or a value that is not data.
    """
    _remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))  # 0700
    try:
        with _held(folder):
            for name in ("env", "tmp"):
                (folder / name).mkdir(mode=0o700)
            _write(folder / "env" / "settings", json.dumps(_STREAM_SETTINGS))
            if variables:
                _write(folder / "env" / "extravars", dump_variables(variables))
            _write(folder / "hosts", "\n".join(hosts))
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():  # something wrote while it was removed
            shutil.rmtree(folder)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock the folder; the lock ends with this process, however that ends."""
    with (folder / "new-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "new-lock").rename(folder / _LOCK)  # never seen without being held
        yield


def _remove_orphans() -> None:
    """Remove the folders of processes that were killed before they could do it."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):  # it is held, or was just removed
            if lock.parent.lstat().st_uid != os.geteuid():
                continue  # a folder for everybody's files may hold traps
            with lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)


def dump_variables(variables: Mapping[str, Any]) -> str:
    """Write variables as YAML in which every text is marked as data, however deep it stands.

    Raises:
        ExecutionError: See `private_folder`.
    """
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            raise ExecutionError(
                f"'{name}' cannot be the name of a variable of a playbook. "
                "Use letters, digits and underscores, and begin with a letter."
            )
    return yaml.serialize(_node(dict(variables), "variables"), Dumper=yaml.SafeDumper)


def _node(value: Any, place: str) -> yaml.Node:
    if isinstance(value, str):
        return yaml.ScalarNode(_UNSAFE_TAG, str(value), style='"')
    if isinstance(value, list | tuple):
        items = [_node(item, f"{place}[{index}]") for index, item in enumerate(value)]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items)
    if isinstance(value, Mapping):
        pairs = [
            (
                yaml.ScalarNode("tag:yaml.org,2002:str", str(key), style='"'),
                _node(item, f"{place}.{key}"),
            )
            for key, item in value.items()
        ]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs)
    if value is None or isinstance(value, bool | int | float):
        return yaml.SafeDumper(io.StringIO()).represent_data(value)
    raise ExecutionError(
        f"{place} is a {type(value).__name__}; a playbook takes texts, numbers, booleans, "
        "lists and mappings."
    )


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
