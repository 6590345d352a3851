"""Alerts as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airmend.cli.storm.alert_lines import read_alert_lines
from airmend.errors import ConfigurationError
from airmend.incident.signals import read_naming
from tests.unit.cli.storm.folders import START, TOPOLOGY, write_lines

LINE = {"at": START, "name": "HighLatency", "item": "shop"}


@pytest.mark.parametrize(
    "at", [START, f"{START}", START * 1000, "2023-11-14T22:13:20Z", "2023-11-15T06:13:20+08:00"]
)
def test_a_time_is_a_number_since_1970_or_iso_8601(tmp_path: Path, at: object) -> None:
    recording = read_alert_lines(write_lines(tmp_path, {**LINE, "at": at}), "shop")
    assert recording.alerts[0].signal.at.timestamp() == START


def test_a_line_names_its_item_service_host_labels_and_fault(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path,
        {**LINE, "fault": 7},
        {**LINE, "item": "shop-0", "service": "shop", "host": "web-1", "labels": {"job": "x"}},
    )
    one, two = read_alert_lines(path, "shop").alerts
    assert (one.signal.service, one.fault) == ("shop", "7")
    assert (two.signal.service, two.signal.host, two.fault) == ("shop", "web-1", None)
    assert two.signal.labels == {"job": "x", "pod": "shop-0"}
    assert one.signal.fingerprint != two.signal.fingerprint


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "storm.jsonl"
    path.write_text(f"\n{json.dumps(LINE)}\n\n")
    assert len(read_alert_lines(path, "shop").alerts) == 1


def test_causes_and_topology_are_read_from_beside_the_alerts(tmp_path: Path) -> None:
    write_lines(tmp_path, {**LINE, "item": "web-1", "fault": "a"})
    (tmp_path / "label.csv").write_text("fault_id,fault_entity\na,web-1\n")
    (tmp_path / "topology.yaml").write_text(
        "services:\n  shop: {tier: 2, owner: web, configuration_items: [web-1]}\n"
    )
    recording = read_alert_lines(tmp_path, "shop")
    assert recording.faults["a"].cause == "web-1"
    graph = recording.relations.graph()
    assert graph.parts("shop") == {"web-1"}
    assert read_naming(recording.alerts[0].signal, graph).is_known
    assert recording.notes == ()


def test_a_topology_of_nodes_and_edges_is_read_too(tmp_path: Path) -> None:
    write_lines(tmp_path, LINE)
    (tmp_path / "topology.json").write_text(json.dumps(TOPOLOGY))
    assert "cart-0" in read_alert_lines(tmp_path, "shop").relations.graph().items()


def test_without_a_topology_it_says_so(tmp_path: Path) -> None:
    (note,) = read_alert_lines(write_lines(tmp_path, LINE), "shop").notes
    assert "no topology.yaml" in note


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("{", "it is not JSON"),
        ("[]", "the line: "),
        ("{}", "at: field required"),
        ('{"at": 1, "name": "x"}\n{"at": "soon", "name": "x"}', "'soon' is no time"),
        ('{"at": 1, "name": ""}', "name: "),
        ('{"at": 1, "name": "x", "labels": {"a": 1}}', "labels.a: "),
        ('{"at": 1, "name": "x", "lable": {}}', "lable: "),
        ("[" * 100_000, "too deep"),
        ("", "there is no alert in it"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, fact: str) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_alert_lines(path, "shop")
    assert fact in str(caught.value)
    line = len(text.splitlines())
    assert str(caught.value).startswith(f"{path}:{line}: " if text else f"{path}: ")
