"""Alerts as JSON lines, for recordings of your own; docs/correlation.md describes the form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airmend.change.topology import load_topology
from airmend.cli.storm.documents import (
    LABEL_FILE,
    mistake,
    parse_json,
    read_json_file,
    read_label_rows,
    read_moment,
    read_text_file,
)
from airmend.cli.storm.node_edge_topology import read_relations
from airmend.cli.storm.recording import Fault, RecordedAlert, Recording, Relations
from airmend.incident.model import fingerprint_labels
from airmend.incident.signals import Signal

ALERTS = "alerts.jsonl"
TOPOLOGIES = ("topology.yaml", "topology.yml", "topology.json")


class AlertLine(BaseModel):
    """One line: an alert that began to fire, and to which fault it belongs where that is known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: str | int | float
    name: str = Field(min_length=1)
    item: str | None = None
    service: str | None = None
    host: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    fingerprint: str | None = None
    fault: str | int | None = None


def read_alert_lines(path: Path, name: str) -> Recording:
    """Read `alerts.jsonl`, with `label.csv` and a topology beside it where they are there.

    Args:
        path: The file, or the folder that it is in.
        name: The name of the system.

    Raises:
        ConfigurationError: A file is missing or has a mistake.
    """
    file = path / ALERTS if path.is_dir() else path
    alerts = list(_read_lines(file))
    if not alerts:
        raise mistake(str(file), "there is no alert in it", "Write one a line.")
    faults = {alert.fault: Fault(alert.fault) for alert in alerts if alert.fault is not None}
    labels = file.parent / LABEL_FILE
    if labels.is_file():
        for _place, row in read_label_rows(labels):
            id_ = row["fault_id"]
            faults[id_] = Fault(id_, row["fault_entity"] or None, row.get("fault_level", ""))
    topology = next((f for each in TOPOLOGIES if (f := file.parent / each).is_file()), None)
    if topology is None:
        notes = [f"there is no {TOPOLOGIES[0]}: alerts hang together by shared names and labels"]
        return Recording(name, alerts, faults, Relations(), notes)
    return Recording(name, alerts, faults, _read_topology(topology, name))


def _read_topology(path: Path, name: str) -> Relations:
    """Airmend's own form, or nodes and edges."""
    if path.suffix == ".json":
        data = read_json_file(path)
        if isinstance(data, dict) and "nodes" in data:
            return read_relations(data, path, name)[0]
    topology = load_topology(path)
    return Relations(_frozen(topology.needs), _frozen(topology.instances))


def _frozen(relation: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    return {item: frozenset(others) for item, others in relation.items()}


def _read_lines(file: Path) -> Iterator[RecordedAlert]:
    for number, text in enumerate(read_text_file(file).splitlines(), start=1):
        if text.strip():
            place = f"{file}:{number}"
            line = _validate(parse_json(text, place), place)
            fault = None if line.fault is None else str(line.fault)
            yield RecordedAlert(_signal(line, read_moment(line.at, place)), fault)


def _validate(data: Any, place: str) -> AlertLine:
    try:
        return AlertLine.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in details["loc"]) or "the line"
        raise mistake(place, f"{field}: {details['msg'].lower()}", "Correct it.") from error


def _signal(line: AlertLine, at: datetime) -> Signal:
    service, labels = line.service, dict(line.labels)
    if line.item is not None:
        if service is None and line.host is None:
            service = line.item
        else:
            labels.setdefault("pod", line.item)
    fingerprint = line.fingerprint or fingerprint_labels(
        "storm", line.name, {**labels, "service": service or "", "host": line.host or ""}
    )
    return Signal(fingerprint, line.name, service, line.host, at, labels)
