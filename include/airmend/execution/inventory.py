"""Which hosts a change may touch: the pattern of a runbook becomes a list of named hosts.

Called by `orchestration` when a change is guarded. Nothing here ever widens a pattern: what
is not known, empty or ambiguous is an error, never everything.
"""

from __future__ import annotations

import re
from pathlib import Path

from airmend.change.model import Target
from airmend.errors import ChangeRefusedError, NoTargetsError
from airmend.execution.listing import InventoryReader, Listing

_OPERATORS = re.compile(r"[!&*?\[\]~]")


def resolve_targets(
    inventory: Path,
    pattern: str,
    host: str | None,
    max_hosts: int,
    *,
    cache_dir: Path,
) -> list[Target]:
    """Resolve the targets of a change.

    Args:
        inventory: An Ansible inventory, static or dynamic.
        pattern: As Ansible's `hosts:` takes it: names of hosts and groups with commas or
            colons between them, or with operators (`web:!web-3`, `web*`), which Ansible reads.
        host: Where the incident names a host: only this one, by its inventory name or its
            `ansible_host`; the pattern must hold it. None for all of the pattern.
        max_hosts: More hosts than this are refused.
        cache_dir: Where the listing of a static inventory is kept.

    Returns:
        At least one target, none twice, in the order of the pattern and the inventory. Their
        variables are plain values without connection settings and secrets. `localhost` is
        one of them only when the inventory itself holds it.

    Raises:
        NoTargetsError: No host is left, a name is unknown, or `host` is not one of them.
        ChangeRefusedError: There are more than `max_hosts`.
        InventoryError: The inventory is missing or cannot be read.
    """
    if any(part.startswith(("-", "@")) for part in re.split(r"[,:]", pattern.strip())):
        raise NoTargetsError(
            f"targets.pattern '{pattern}' has a part that begins with '-' or '@', which Ansible "
            "takes for an option or a file. Name hosts or groups."
        )
    if not pattern.strip(" ,:"):
        raise NoTargetsError(
            "targets.pattern is empty, which never means all. Name hosts or groups."
        )
    reader = InventoryReader(inventory, cache_dir)
    listing = reader.read()
    names = _plain_names(listing, pattern, inventory)
    if names is None:
        names = reader.match(pattern)
    hosts = [listing.hosts[name] for name in dict.fromkeys(names) if name in listing.hosts]
    if not hosts:
        raise NoTargetsError(
            f"targets.pattern '{pattern}' holds no host of the inventory {inventory}. "
            "Correct the pattern or the inventory."
        )
    if host is not None:
        hosts = [_find_host(hosts, host, pattern, inventory)]
    if len(hosts) > max_hosts:
        raise ChangeRefusedError(
            f"targets.pattern '{pattern}' holds {len(hosts)} hosts, and the runbook allows "
            f"{max_hosts}. Narrow the pattern, or raise 'max_hosts'."
        )
    return hosts


def _plain_names(listing: Listing, pattern: str, inventory: Path) -> list[str] | None:
    """The hosts of a union of plain names; None when only Ansible can read the pattern."""
    # as Ansible splits: at commas if there is one, else at colons; an IPv6 address has them too
    whole = pattern in listing.hosts
    parts = [pattern] if whole else re.split("," if "," in pattern else ":", pattern)
    names: list[str] = []
    for name in map(str.strip, parts):
        if name in listing.hosts:
            names.append(name)
        elif name in listing.groups:
            names += listing.groups[name]
        elif _OPERATORS.search(name):
            return None
        elif name:
            raise NoTargetsError(
                f"targets.pattern '{pattern}': the inventory {inventory} has no host or "
                f"group '{name}'. Correct the pattern or the inventory."
            )
    return names


def _find_host(hosts: list[Target], host: str, pattern: str, inventory: Path) -> Target:
    by_name = [target for target in hosts if target.name == host]
    found = by_name or [target for target in hosts if target.address == host]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(target.name for target in found)
        raise NoTargetsError(
            f"'{host}' is the address of several hosts ({names}), so it is not clear which is "
            "meant. Let the alert name the host as the inventory does."
        )
    raise NoTargetsError(
        f"host '{host}' is not one of the {len(hosts)} that targets.pattern '{pattern}' holds in "
        f"the inventory {inventory}. Is it another name of a host, or not for this runbook?"
    )
