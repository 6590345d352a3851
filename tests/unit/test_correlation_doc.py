"""What the documents show of topologies and recordings is read as they say."""

from __future__ import annotations

from pathlib import Path

from airmend.change.topology import load_topology
from airmend.cli.storm.alert_lines import ALERTS, read_alert_lines
from tests.documents import ROOT, all_blocks, blocks_of

CORRELATION = ROOT / "docs/correlation.md"


def test_the_topology_of_the_documents_is_read(tmp_path: Path) -> None:
    (example,) = (block for block in all_blocks("yaml") if block.label == "topology.yaml")
    path = tmp_path / "topology.yaml"
    path.write_text(example.text)
    topology = load_topology(path)
    assert [service.name for service in topology.services_of("rack-7")] == ["cart"]


def test_the_line_of_a_recording_in_the_documents_is_read(tmp_path: Path) -> None:
    (line,) = (block.text for block in blocks_of(CORRELATION) if block.language == "json")
    path = tmp_path / ALERTS
    path.write_text(line)
    (alert,) = read_alert_lines(path, "storm").alerts
    assert (alert.signal.service, alert.fault) == ("db-1", "7")
