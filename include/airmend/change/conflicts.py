"""Other changes at the same time, on the same things or on what these need or are needed by.

Pure: who is at work is read from the records and passed in. Called by orchestration for the risk
and the approval, and by the command that shows the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from airmend.change.topology import Topology


@dataclass(frozen=True)
class OtherChange:
    """A change that has begun and has not ended."""

    id: str
    service: str  # the one that it changes
    hosts: Sequence[str]


@dataclass(frozen=True)
class Overlap:
    """That another change is at work on something of this one."""

    change_id: str
    where: str  # "on payments-db, which shop needs"

    def __str__(self) -> str:
        return f"{self.change_id} {self.where}"


def find_overlaps(
    service: str,
    hosts: Sequence[str],
    others: Iterable[OtherChange],
    topology: Topology | None,
) -> list[Overlap]:
    """The other changes that this one could get in the way of, each once, by their ids.

    Args:
        service: The service that this change is about.
        hosts: Its targets.
        others: Changes that are under way, without this one.
        topology: Says who needs whom, one step far; without one, only the same things count.
    """
    needs = topology.needs if topology is not None else {}
    mine = [service, *sorted(set(hosts))]
    found = []
    for other in sorted(others, key=lambda it: it.id):
        theirs = [other.service, *sorted(set(other.hosts))]
        where = next(_relations(mine, theirs, needs), None)
        if where is not None:
            found.append(Overlap(other.id, where))
    return found


def _relations(
    mine: Sequence[str], theirs: Sequence[str], needs: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """How two changes hang together, the closest relation first."""
    yield from (f"on {item} too" for item in theirs if item in mine)
    for item in mine:
        yield from (f"on {it}, which {item} needs" for it in theirs if it in needs.get(item, ()))
        yield from (f"on {it}, which needs {item}" for it in theirs if item in needs.get(it, ()))
