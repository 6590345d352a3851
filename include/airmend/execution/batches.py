"""Which hosts of a change go together: the canary first, then so many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from airmend.errors import NoTargetsError


def split_batches(hosts: Sequence[str], canary: int, serial: int | None) -> list[list[str]]:
    """Split hosts into the batches in which a playbook is run, one after the other.

    Args:
        hosts: Names in the order of the inventory; at least one, none twice.
        canary: Hosts that go first, alone; 0 for none.
        serial: Hosts at a time after the canary; None for all at once.

    Returns:
        Batches that together hold every host once, in the given order; none is empty.

    Raises:
        NoTargetsError: There are no hosts.
        ValueError: A number is out of range, or a host is named twice.
    """
    if not hosts:
        raise NoTargetsError("there is no host to split into batches; name at least one target")
    if len(set(hosts)) != len(hosts):
        raise ValueError("a host is named twice")
    if canary < 0 or (serial is not None and serial < 1):
        raise ValueError(f"canary is {canary} and serial {serial}; use 0 or more, 1 or more")
    first, rest = list(hosts[:canary]), list(hosts[canary:])
    size = serial or len(rest) or 1
    batches = [rest[start : start + size] for start in range(0, len(rest), size)]
    return [first, *batches] if first else batches
