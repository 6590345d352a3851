"""What intake goes by follows the files of the operator, and survives a mistake in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.change.topology import load_topology
from airmend.incident.model import IntakeLimits
from airmend.orchestration.composition import PolicyLimits, TopologyGrouping
from airmend.orchestration.watching import WatchedFile


def test_without_a_policy_the_defaults_hold() -> None:
    assert PolicyLimits(None)() == IntakeLimits()


def test_limits_follow_the_file_and_stay_where_it_cannot_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("intake: {flapping_firings: 7}\n")
    limits = PolicyLimits(path)
    assert limits().flapping_firings == 7
    path.write_text("intake: {flapping_firings: never, and more}\n")
    for _ in range(3):
        assert limits().flapping_firings == 7
    assert caplog.text.count("stay as they were") == 1
    path.unlink()
    assert limits().flapping_firings == 7
    path.write_text("intake: {flapping_firings: 4}\n")
    assert limits().flapping_firings == 4


def test_the_grouping_follows_the_topology_and_stays_where_it_cannot_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "topology.yaml"
    path.write_text("services:\n  shop: {tier: 1, owner: web}\n")
    read = TopologyGrouping(WatchedFile(path, load_topology))
    assert not read().is_upstream("database", "shop")
    path.write_text(
        "services:\n"
        "  shop: {tier: 1, owner: web, depends_on: [database]}\n"
        "  database: {tier: 1, owner: data}\n"
    )
    followed = read()
    assert followed.is_upstream("database", "shop")
    path.write_text("services: nothing, and more}\n")
    assert [read() is followed for _ in range(3)] == [True] * 3
    assert caplog.text.count("grouped as before") == 1, "once, and not at every batch"


def test_without_a_topology_alerts_are_grouped_by_labels_alone() -> None:
    read = TopologyGrouping(lambda: None)
    assert read() is read()
    assert not read().is_upstream("database", "shop")
