"""A recorded storm: its alerts, what caused them, and the topology around it.

Owns what the readers make (`fault_folder.py`, `alert_lines.py`) and how several systems are put
into one stream. What the truth is stands beside the alerts, never in them: grouping and ranking
see signals and the topology alone.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from airmend.errors import ConfigurationError
from airmend.incident.service_graph import ItemGraph
from airmend.incident.signals import (
    CALLEE_LABELS,
    HOST_LABELS,
    SERVICE_LABELS,
    Signal,
    read_naming,
)

_NAMING_LABELS = frozenset({"pod", "instance", *CALLEE_LABELS, *SERVICE_LABELS, *HOST_LABELS})


@dataclass(frozen=True, slots=True)
class Fault:
    """One disruption that was recorded: which item caused it, and what kind of item that is."""

    id: str
    cause: str | None = None
    level: str = ""


@dataclass(frozen=True, slots=True)
class RecordedAlert:
    """One alert, and the fault that it belongs to; None where that is not known."""

    signal: Signal
    fault: str | None


@dataclass(frozen=True)
class Relations:
    """What a recording says of its topology; see `ItemGraph`."""

    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    items: frozenset[str] = frozenset()

    def graph(self) -> ItemGraph:
        """The topology as grouping reads it."""
        return ItemGraph(self.needs, self.parts, self.items)


@dataclass(frozen=True)
class Recording:
    """One system's recording.

    Args:
        name: The system, unique in an evaluation.
        alerts: In any order.
        faults: By id; ids are unique in an evaluation.
        relations: Its topology.
        notes: What was left out, and why; for people.
    """

    name: str
    alerts: Sequence[RecordedAlert]
    faults: Mapping[str, Fault]
    relations: Relations
    notes: Sequence[str] = ()


def put_together(
    recordings: Sequence[Recording], shift_seconds: float, *, overlap: bool
) -> Recording:
    """One stream of several systems, in time.

    Args:
        recordings: Each system; at least one.
        shift_seconds: How much later each further system is than the one before it.
        overlap: Whether each further system is first moved so that it begins with the first.

    Returns:
        A recording of them all. Names that two systems share are told apart by the name of the
        system before them, as one topology has to do.

    Raises:
        ConfigurationError: A system would be moved out of the years that there are.
    """
    shared = {
        name
        for name, number in Counter(n for each in recordings for n in _names(each)).items()
        if number > 1
    }
    moved = []
    for position, recording in enumerate(recordings):
        by = timedelta(seconds=position * shift_seconds)
        if overlap and recording.alerts and recordings[0].alerts:
            by += _began_at(recordings[0]) - _began_at(recording)
        try:
            moved.append(_rename(recording, shared, by) if len(recordings) > 1 else recording)
        except OverflowError as error:
            raise ConfigurationError(
                f"{recording.name}: moved by {by}, its alerts leave the calendar. Move it less."
            ) from error
    notes = [note for each in moved for note in each.notes]
    if shared:
        some = ", ".join(sorted(shared)[:3])
        notes.append(
            f"{len(shared)} names stand for different items in different systems ({some} …): "
            "each has the name of its system before it"
        )
    return Recording(
        name=" + ".join(each.name for each in moved),
        alerts=[alert for each in moved for alert in each.alerts],
        faults={id_: fault for each in moved for id_, fault in each.faults.items()},
        relations=Relations(
            needs=_union(each.relations.needs for each in moved),
            parts=_union(each.relations.parts for each in moved),
            items=frozenset().union(*(each.relations.items for each in moved)),
        ),
        notes=notes,
    )


def _began_at(recording: Recording) -> timedelta:
    first = min(alert.signal.at for alert in recording.alerts)
    return timedelta(seconds=first.timestamp())


def _names(recording: Recording) -> set[str]:
    graph = recording.relations.graph()
    names = set(graph.items())
    for alert in recording.alerts:
        naming = read_naming(alert.signal, graph)
        names |= {naming.item, naming.blamed, *naming.others}
    return names - {""}


def _rename(recording: Recording, shared: set[str], by: timedelta) -> Recording:
    def rename(name: str) -> str:
        return f"{recording.name}/{name}" if name in shared else name

    def rename_all(relation: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        return {rename(item): frozenset(map(rename, others)) for item, others in relation.items()}

    return dataclasses.replace(
        recording,
        alerts=[
            RecordedAlert(
                _rename_signal(alert.signal, recording.name, rename, by),
                None if alert.fault is None else f"{recording.name}/{alert.fault}",
            )
            for alert in recording.alerts
        ],
        faults={
            f"{recording.name}/{id_}": dataclasses.replace(
                fault,
                id=f"{recording.name}/{id_}",
                cause=None if fault.cause is None else rename(fault.cause),
            )
            for id_, fault in recording.faults.items()
        },
        relations=Relations(
            rename_all(recording.relations.needs),
            rename_all(recording.relations.parts),
            frozenset(map(rename, recording.relations.items)),
        ),
        notes=[f"{recording.name}: {note}" for note in recording.notes],
    )


def _rename_signal(
    signal: Signal, system: str, rename: Callable[[str], str], by: timedelta
) -> Signal:
    return Signal(
        fingerprint=f"{system}/{signal.fingerprint}",
        name=signal.name,
        service=None if signal.service is None else rename(signal.service),
        host=None if signal.host is None else rename(signal.host),
        at=signal.at + by,
        labels={
            label: rename(value) if label in _NAMING_LABELS else value
            for label, value in signal.labels.items()
        },
    )


def _union(relations: Iterable[Mapping[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    union: dict[str, frozenset[str]] = {}
    for relation in relations:
        for item, others in relation.items():
            union[item] = union.get(item, frozenset()) | others
    return union
