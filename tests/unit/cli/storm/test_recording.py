"""Several systems in one stream."""

from __future__ import annotations

from pathlib import Path

from airmend.cli.storm.fault_folder import read_fault_folder
from airmend.cli.storm.recording import Recording, put_together
from airmend.incident.signals import read_naming
from tests.unit.cli.storm.folders import START, TOPOLOGY, write_folder


def two_systems(folder: Path) -> list[Recording]:
    """The same system twice."""
    path = write_folder(folder)
    return [read_fault_folder(path, name, None) for name in ("one", "two")]


def test_names_that_two_systems_share_stand_for_different_items(tmp_path: Path) -> None:
    both = put_together(two_systems(tmp_path), 0, overlap=False)
    graph = both.relations.graph()
    assert graph.parts("one/cart") == {"one/cart-0", "one/cart-1"}
    assert graph.distance("one/cart-0", "two/cart-0", 9) is None
    assert {read_naming(alert.signal, graph).item for alert in both.alerts} == {
        f"{system}/{item}"
        for system in ("one", "two")
        for item in ("cart-0", "cart-1", "web", "node-2")
    }
    assert both.faults["two/0"].cause == "two/cart-0"
    assert any("6 names stand for different items" in note for note in both.notes)


def test_names_that_only_one_system_has_stay_as_they_are(tmp_path: Path) -> None:
    nodes = [{"id": "mail", "type": "Service"}, *TOPOLOGY["nodes"]]
    one, two = two_systems(tmp_path / "a")
    other = write_folder(tmp_path / "b", topology={**TOPOLOGY, "nodes": nodes})
    both = put_together([one, read_fault_folder(other, "two", None)], 0, overlap=False)
    assert "mail" in both.relations.graph().items()
    assert len(both.alerts) == len(one.alerts) + len(two.alerts)


def test_one_system_alone_keeps_its_names(tmp_path: Path) -> None:
    one, _ = two_systems(tmp_path)
    assert put_together([one], 60, overlap=True).alerts == one.alerts


def test_each_further_system_comes_later_by_the_shift(tmp_path: Path) -> None:
    one, two = two_systems(tmp_path)
    later = put_together([one, two], 90, overlap=False).alerts[len(one.alerts) :]
    assert [
        (after.signal.at - before.signal.at).total_seconds()
        for before, after in zip(two.alerts, later, strict=True)
    ] == [90] * len(two.alerts)


def test_systems_of_different_times_overlap_when_asked_to(tmp_path: Path) -> None:
    metrics = {"0": [[f"{START - 86_400}000", "cart-0", "node-1", "cpu", "up"]]}
    one, _ = two_systems(tmp_path / "a")
    early = read_fault_folder(
        write_folder(tmp_path / "b", metrics=metrics, traces=None, logs=None), "early", None
    )
    (moved,) = put_together([one, early], 30, overlap=True).alerts[len(one.alerts) :]
    assert moved.signal.at.timestamp() == START + 30
