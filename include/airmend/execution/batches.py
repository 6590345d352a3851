"""Which hosts of a change go together: the canary first, then so many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from airmend.errors import NoTargetsError


def split_batches(
    hosts: Sequence[str], canary: int, serial: int | None, at_most: int | None = None
) -> list[list[str]]:
    """Split hosts into the batches in which a playbook is run, one after the other.

    Args:
        hosts: Names in the order of the inventory; at least one, none twice.
        canary: Hosts that go first, alone; 0 for none.
        serial: Hosts at a time after the canary; None for all at once.
        at_most: Hosts at a time in any batch, whatever the other two say; None for any number.

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
    if canary < 0 or (serial is not None and serial < 1) or (at_most is not None and at_most < 1):
        raise ValueError(
            f"canary is {canary}, serial {serial} and at_most {at_most}; use 0 or more, 1 or more"
        )
    limit = at_most or len(hosts)
    first, rest = list(hosts[:canary]), list(hosts[canary:])
    return [
        *_cut(first, limit),
        *_cut(rest, min(serial or len(rest) or 1, limit)),
    ]


def _cut(hosts: list[str], size: int) -> list[list[str]]:
    return [hosts[start : start + size] for start in range(0, len(hosts), size)]
