"""A folder of alerts by fault: label.csv, metric, trace and log alerts, topology.json.

The layout is the one of docs/correlation.md. Which fault an alert belongs to is told by the
files, and kept beside the alert as the truth; the signal itself does not have it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airmend.cli.storm.documents import (
    LABEL_FILE,
    mistake,
    read_json_file,
    read_label_rows,
    read_moment,
)
from airmend.cli.storm.node_edge_topology import HOST_TYPES, read_relations
from airmend.cli.storm.recording import Fault, RecordedAlert, Recording, Relations
from airmend.incident.signals import Signal, read_naming
from airmend.incident.times import read_epoch, read_time

METRICS, TRACES, LOGS = "metric/metrics.json", "trace/traces.json", "log/logs.json"
TOPOLOGY = "topology.json"

SLOW_CALL, FAILED_CALL = "slow call", "failed call"
_PERFORMANCE = "PD"  # degraded performance; other kinds are HTTP codes

_LEADING_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,6})\d*)?")
_QUARTER_HOUR = 900


def is_fault_folder(path: Path) -> bool:
    """Whether a folder has this layout."""
    return any((path / name).is_file() for name in (METRICS, TRACES))


def read_fault_folder(path: Path, name: str, zone: timezone | None) -> Recording:
    """Read a folder.

    A log alert has no time of its own. Its first line may begin with one, as the machine that
    wrote it saw it: where that is so and its offset from UTC is known, it is the alert's time.
    Other log alerts are left out; none is given the time of its fault, which would be the truth.

    Args:
        path: The folder.
        name: The name of the system.
        zone: The offset of times in logs; None takes what label.csv says, where it has the
            starts of its faults in local time too.

    Raises:
        ConfigurationError: A file is missing or has a mistake.
    """
    rows = dict(_read_faults(path / LABEL_FILE))
    reader = _Reader(path, name)
    alerts = [alert for kind in (METRICS, TRACES) for alert in reader.read(kind)]
    began_at: dict[str, datetime] = {}
    for alert in alerts:
        if alert.fault is not None:
            at = alert.signal.at
            began_at[alert.fault] = min(began_at.get(alert.fault, at), at)
    reader.zone = _offset_of(rows, began_at) if zone is None else zone
    alerts += reader.read(LOGS)
    if not alerts:
        raise mistake(str(path), "there is no alert in it", f"Fill {METRICS} or {TRACES}.")
    faults = {
        id_: Fault(id_, row["fault_entity"] or None, row.get("fault_level", ""))
        for id_, row in rows.items()
    }
    unlisted = {alert.fault for alert in alerts if alert.fault is not None} - set(faults)
    faults.update({id_: Fault(id_) for id_ in unlisted})
    notes = reader.notes()
    if not reader.relations.items:
        notes.append(f"there is no {TOPOLOGY}: who calls whom and runs where is what alerts say")
    if unlisted:
        notes.append(f"{LABEL_FILE} does not say what caused {len(unlisted):,} of the faults")
    relations = _with_what_alerts_say(reader.relations, alerts)
    return Recording(name, alerts, faults, relations, notes)


def _with_what_alerts_say(relations: Relations, alerts: Iterable[RecordedAlert]) -> Relations:
    """Relations of items that the topology does not know: whom they call, what they run on."""
    graph = relations.graph()
    needs = {item: set(others) for item, others in relations.needs.items()}
    for alert in alerts:
        naming = read_naming(alert.signal, graph)
        if not naming.is_known:
            called = () if naming.callee is None else (naming.callee,)
            needs.setdefault(naming.item, set()).update(called, naming.others)
    return Relations(
        {item: frozenset(others) for item, others in needs.items()},
        relations.parts,
        relations.items | frozenset(needs),
    )


def _read_faults(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for _place, row in read_label_rows(path):
        yield row["fault_id"], row


def _offset_of(
    rows: Mapping[str, Mapping[str, str]], began_at: Mapping[str, datetime]
) -> timezone | None:
    """The offset of local times, as label.csv tells it of most faults; None when it does not.

    A start that is told in local time is compared with the same start since 1970, or else with
    the first alert of the fault: offsets are quarters of an hour, and alerts come sooner.
    """
    offsets = Counter[int]()
    for id_, row in rows.items():
        start, told = row.get("fault_st_time"), row.get("fault_datetime")
        moment = read_epoch(start) or began_at.get(id_)
        local = read_time(told) or read_time(start)
        if moment is not None and local is not None:
            offsets[round((local - moment).total_seconds() / _QUARTER_HOUR)] += 1
    if not offsets:
        return None
    quarters, number = offsets.most_common(1)[0]
    offset = timedelta(seconds=quarters * _QUARTER_HOUR)
    is_told = number * 2 > offsets.total() and abs(offset) < timedelta(hours=24)
    return timezone(offset) if is_told else None


@dataclass
class _Reader:
    """Reads the three files, with the topology that says what an entity is."""

    path: Path
    name: str
    zone: timezone | None = None
    relations: Relations = field(init=False)
    _types: Mapping[str, str] = field(init=False)
    _services: dict[str, str] = field(init=False)
    _untimed: int = 0

    def __post_init__(self) -> None:
        file = self.path / TOPOLOGY
        if file.is_file():
            data = read_json_file(file)
            if not isinstance(data, dict):
                raise mistake(str(file), "it is not an object", "Write nodes and edges in one.")
            self.relations, self._types = read_relations(data, file, self.name)
        else:
            self.relations, self._types = Relations(), {}
        self._services = {
            part: service for service, parts in self.relations.parts.items() for part in parts
        }

    def notes(self) -> list[str]:
        """What was left out."""
        notes = []
        if self._untimed:
            why = (
                "their lines begin with no time"
                if self.zone
                else "their offset from UTC is not known; --zone tells it"
            )
            notes.append(f"{self._untimed:,} log alerts are left out: {why}")
        return notes

    def read(self, kind: str) -> Iterator[RecordedAlert]:
        """The alerts of one file; none when it is not there."""
        file = self.path / kind
        if not file.is_file():
            return
        data = read_json_file(file)
        if not isinstance(data, dict):
            raise mistake(
                str(file), "it is not an object", "Write the alerts of each fault below its id."
            )
        read = {METRICS: self._metric, TRACES: self._trace, LOGS: self._log}[kind]
        for fault, alerts in data.items():
            if not isinstance(alerts, list):
                raise mistake(f"{file}: {fault}", "it is not a list", "Write the alerts in one.")
            for position, alert in enumerate(alerts):
                signal = read(alert, f"{file}: {fault}[{position}]")
                if signal is not None:
                    yield RecordedAlert(signal, fault)

    def _metric(self, alert: Any, place: str) -> Signal:
        time, entity, host, metric, direction = _fields(
            alert, place, "time, entity, host, metric, direction"
        )
        return self._signal(
            f"{entity}/{metric}",
            _text(metric, place, "metric"),
            _text(entity, place, "entity"),
            read_moment(time, place),
            host=host,
            direction=direction,
        )

    def _trace(self, alert: Any, place: str) -> Signal:
        time, caller, callee, operation, kind = _fields(
            alert, place, "time, caller, callee, operation, kind"
        )
        return self._signal(
            f"{caller}>{callee}/{operation}/{kind}",
            SLOW_CALL if kind == _PERFORMANCE else FAILED_CALL,
            _text(caller or callee, place, "caller"),
            read_moment(time, place),
            callee=callee,
            operation=operation,
        )

    def _log(self, alert: Any, place: str) -> Signal | None:
        entity, template, lines, *_ = _fields(
            alert, place, "entity, template, lines, count, example"
        )
        first = lines[0] if isinstance(lines, list) and lines else None
        found = _LEADING_TIME.match(first) if isinstance(first, str) else None
        if found is None or self.zone is None:
            self._untimed += 1
            return None
        local = read_time(f"{found[1]}T{found[2]}.{(found[3] or '0').ljust(6, '0')}")
        if local is None:
            self._untimed += 1
            return None
        return self._signal(
            f"{entity}/log/{template}",
            f"log {template}",
            _text(entity, place, "entity"),
            local.replace(tzinfo=self.zone).astimezone(UTC),
        )

    def _signal(
        self,
        fingerprint: str,
        name: str,
        entity: str,
        at: datetime,
        *,
        host: object = None,
        **labels: object,
    ) -> Signal:
        """The alert as a source would have read it: an instance is a pod of its service."""
        service: str | None = entity
        if entity in self._services:
            service, labels["pod"] = self._services[entity], entity
        elif self._types.get(entity) in HOST_TYPES:
            service, host = None, entity
        return Signal(
            fingerprint=fingerprint,
            name=name,
            service=service,
            host=host if isinstance(host, str) and host else None,
            at=at,
            labels={
                key: value for key, value in labels.items() if isinstance(value, str) and value
            },
        )


def _fields(alert: Any, place: str, names: str) -> list[Any]:
    if not isinstance(alert, list) or len(alert) != len(names.split(", ")):
        raise mistake(place, f"it is not a list of {names}", "Correct it.")
    return alert


def _text(value: Any, place: str, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise mistake(place, f"the {what} is missing or no text", "Add it.")
    return value
