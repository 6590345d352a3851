"""A folder of alerts by fault, as it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from airmend.cli.storm.fault_folder import read_fault_folder
from airmend.cli.storm.recording import Recording
from airmend.errors import ConfigurationError
from airmend.incident.signals import read_naming
from tests.unit.cli.storm.folders import LABELS, METRICS, START, TOPOLOGY, write_folder

BEGAN = datetime.fromtimestamp(START, UTC)


def read(folder: Path, zone: timezone | None = None, **files: Any) -> Recording:
    return read_fault_folder(write_folder(folder, **files), "shop", zone)


def test_every_alert_is_read_with_what_it_is_about(tmp_path: Path) -> None:
    recording = read(tmp_path)
    graph = recording.relations.graph()
    seen = []
    for alert in recording.alerts:
        naming = read_naming(alert.signal, graph)
        after = (alert.signal.at - BEGAN).total_seconds()
        seen.append((alert.fault, after, naming.item, naming.callee, alert.signal.name))
    assert seen == [
        ("0", 0, "cart-0", None, "cpu"),
        ("0", 20, "web", None, "latency"),
        ("1", 3600, "node-2", None, "disk"),
        ("0", 10, "web", "cart-0", "slow call"),
        ("0", 5.5, "cart-1", None, "log 7"),
    ]


def test_no_signal_says_which_fault_it_belongs_to(tmp_path: Path) -> None:
    """The truth is the file's key, so another key changes no signal."""
    labels = LABELS.replace("\n0,", "\nzzz,")
    renamed = {"zzz": METRICS["0"], "1": METRICS["1"]}
    one = read(tmp_path / "a", traces=None, logs=None)
    other = read(tmp_path / "b", labels=labels, metrics=renamed, traces=None, logs=None)
    assert [a.signal for a in one.alerts] == [a.signal for a in other.alerts]
    assert {a.fault for a in other.alerts} == {"zzz", "1"}


def test_the_causes_are_read_with_their_level(tmp_path: Path) -> None:
    faults = read(tmp_path).faults
    assert [(f.id, f.cause, f.level) for f in faults.values()] == [
        ("0", "cart-0", "pod"),
        ("1", "node-2", "node"),
    ]


def test_edges_of_either_direction_say_the_same(tmp_path: Path) -> None:
    graph = read(tmp_path).relations.graph()
    assert graph.parts("cart") == {"cart-0", "cart-1"}
    assert graph.is_upstream("node-1", "web")
    assert graph.distance("cart-0", "cart-1", 4) == 2


def test_hosts_without_relations_hang_together_by_the_system(tmp_path: Path) -> None:
    graph = read(tmp_path).relations.graph()
    assert graph.distance("node-2", "node-1", 4) == 2
    assert not graph.is_upstream("node-2", "web")


def test_a_log_alert_without_a_time_is_left_out_and_counted(tmp_path: Path) -> None:
    (note,) = read(tmp_path).notes
    assert note == "1 log alerts are left out: their lines begin with no time"


@pytest.mark.parametrize(
    ("labels", "zone", "after"),
    [
        (LABELS, None, 5.5),
        (LABELS, timezone(timedelta(hours=7)), 3605.5),
        # starts in local time alone are compared with the first alerts
        ("fault_id,fault_entity,fault_st_time\n0,cart-0,2023-11-15 06:12:00.5\n", None, 5.5),
        ("fault_id,fault_entity\n0,cart-0\n", None, None),
        ("fault_id,fault_entity\n0,cart-0\n", timezone(timedelta(hours=8)), 5.5),
    ],
)
def test_the_time_of_a_log_line_is_local_time(
    tmp_path: Path, labels: str, zone: timezone | None, after: float | None
) -> None:
    recording = read(tmp_path, zone, labels=labels)
    logs = [alert for alert in recording.alerts if alert.signal.name == "log 7"]
    if after is None:
        assert logs == []
        assert any("--zone" in note for note in recording.notes)
    else:
        assert [(alert.signal.at - BEGAN).total_seconds() for alert in logs] == [after]


def test_without_a_topology_the_alerts_say_who_calls_whom_and_runs_where(tmp_path: Path) -> None:
    recording = read(tmp_path, topology=None)
    graph = recording.relations.graph()
    assert graph.needs("web") == {"cart-0"}
    assert graph.needs("cart-0") == {"node-1"}
    assert graph.distance("web", "node-1", 4) == 2
    assert any("no topology.json" in note for note in recording.notes)


def test_of_items_that_the_topology_does_not_know_the_alerts_say_the_same(tmp_path: Path) -> None:
    metrics = {"0": [[f"{START}000", "queue", "box-7", "length", "up"]]}
    graph = read(tmp_path, metrics=metrics).relations.graph()
    assert graph.needs("queue") == {"box-7"}
    assert graph.needs("cart-0") == {"node-1"}


def test_a_fault_that_label_csv_does_not_know_still_counts_for_grouping(tmp_path: Path) -> None:
    recording = read(tmp_path, labels="fault_id,fault_entity\n0,cart-0\n")
    assert recording.faults["1"].cause is None
    assert any("does not say what caused 1 of" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("files", "place", "fact"),
    [
        ({"labels": None}, "label.csv", "cannot be read"),
        ({"labels": "fault_id,entity\n"}, "label.csv:1", "the column fault_entity is missing"),
        ({"labels": ""}, "label.csv:1", "the column fault_entity is missing"),
        ({"labels": "fault_id,fault_entity\n0,a\n0,b\n"}, "label.csv:3", "there twice"),
        ({"labels": "fault_id,fault_entity\n0\n"}, "label.csv:2", "number of fields"),
        ({"labels": "fault_id,fault_entity\n0,a,b\n"}, "label.csv:2", "number of fields"),
        ({"labels": 'fault_id,fault_entity\n0,"a\n'}, "label.csv:1", "not CSV"),
        ({"metrics": "{\n1}"}, "metrics.json:2", "it is not JSON"),
        ({"metrics": []}, "metrics.json", "not an object"),
        ({"metrics": {"0": {}}}, "metrics.json: 0", "not a list"),
        ({"metrics": {"0": [["x"]]}}, "metrics.json: 0[0]", "not a list of time, entity"),
        ({"metrics": {"0": [["x", "a", None, "m", "up"]]}}, "metrics.json: 0[0]", "'x' is no time"),
        ({"metrics": {"0": [["1", None, None, "m", "up"]]}}, "metrics.json: 0[0]", "the entity"),
        ({"traces": {"0": [["1", None, None, "m", "PD"]]}}, "traces.json: 0[0]", "the caller"),
        ({"logs": {"0": [["a", "1"]]}}, "logs.json: 0[0]", "not a list of entity"),
        ({"topology": []}, "topology.json", "not an object"),
        ({"topology": {"nodes": []}}, "topology.json: edges", "not a list"),
        ({"topology": {"nodes": [{}], "edges": []}}, "topology.json: nodes[0]", "'id' is missing"),
        (
            {"topology": {**TOPOLOGY, "edges": [{"source": "web", "target": "x"}]}},
            "topology.json: edges[0]",
            "'x' is none of the nodes",
        ),
        (
            {"topology": {**TOPOLOGY, "edges": [{"source": "web", "target": "web", "label": []}]}},
            "topology.json: edges[0]",
            "'label' is missing or no text",
        ),
        (
            {"topology": {"nodes": [{"id": "a"}, {"id": "a"}], "edges": []}},
            "topology.json: nodes[1]",
            "there twice",
        ),
        ({"metrics": {}, "traces": {}, "logs": {}}, "", "there is no alert in it"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, files: dict[str, Any], place: str, fact: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, **files)
    assert fact in str(caught.value)
    assert f"{place}: " in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_file_that_is_not_text_is_a_mistake(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "label.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_fault_folder(tmp_path, "shop", None)
