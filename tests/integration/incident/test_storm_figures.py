"""The bars of grouping and of naming causes, on recorded alerts of injected faults.

The recording is not part of the project; where it is absent these are skipped. The bars leave
room below the figures of docs/correlation.md, since a fault more or less is a percent and a half.
"""

from __future__ import annotations

import dataclasses
import os
import random
from datetime import timedelta
from pathlib import Path

import pytest

from airmend.cli.storm.fault_folder import read_fault_folder
from airmend.cli.storm.measuring import Measurement, measure
from airmend.cli.storm.recording import RecordedAlert, Recording, Relations, put_together
from tests.documents import ROOT

SHARED = Path(os.environ.get("AIRMEND_SHARED", ROOT.parent / "shared"))
BOUTIQUE = SHARED / "storm/online-boutique"
PLAIN_INTERLEAVED = 0.68
"""What a 120-second gap reaches where two systems interleave."""

pytestmark = pytest.mark.skipif(not BOUTIQUE.is_dir(), reason="the recording is not there")


@pytest.fixture(scope="module")
def boutique() -> Recording:
    return read_fault_folder(BOUTIQUE, "boutique", None)


def named(recording: Recording, name: str) -> Recording:
    return dataclasses.replace(recording, name=name)


def index_of(measured: Measurement) -> float:
    assert measured.grouping.rand_index is not None
    return measured.grouping.rand_index


def test_one_system_is_grouped_better_than_by_a_gap(boutique: Recording) -> None:
    measured = measure(boutique)
    assert measured.alerts == 18_779
    assert measured.gap.rand_index == pytest.approx(0.895, abs=0.005)
    assert index_of(measured) >= 0.95


def test_the_cause_is_named_far_more_often_than_the_item_with_most_alerts_is(
    boutique: Recording,
) -> None:
    measured = measure(boutique)
    assert measured.causes is not None
    assert measured.most_alerts is not None
    assert measured.most_alerts.top_1 <= 0.18
    assert measured.causes.top_1 >= 0.55
    assert measured.causes.top_3 >= 0.75
    assert all(level.top_1 >= 0.4 for level in measured.causes_by_level.values())


@pytest.mark.parametrize("shift", [0, 60, 300, 900, 20_000])
def test_two_systems_that_interleave_are_told_apart(boutique: Recording, shift: int) -> None:
    both = put_together([boutique, named(boutique, "other")], shift, overlap=True)
    measured = measure(both)
    assert measured.gap.rand_index is not None
    assert measured.gap.rand_index <= PLAIN_INTERLEAVED
    assert index_of(measured) >= 0.95
    assert measured.causes is not None
    assert measured.causes.top_1 >= 0.55


def test_a_second_system_changes_nothing_about_the_groups_of_the_first(
    boutique: Recording,
) -> None:
    alone = measure(boutique)
    both = measure(put_together([boutique, named(boutique, "other")], 450, overlap=False))
    assert both.grouping.groups == 2 * alone.grouping.groups
    assert index_of(both) == pytest.approx(index_of(alone), abs=0.005)


@pytest.mark.parametrize(("kept", "bar"), [(0.8, 0.95), (0.5, 0.95), (0.2, 0.85)])
def test_the_grouping_bears_that_alerts_are_lost(
    boutique: Recording, kept: float, bar: float
) -> None:
    chance = random.Random(7)  # noqa: S311 - the same alerts every time
    some = [alert for alert in boutique.alerts if chance.random() < kept]
    assert index_of(measure(dataclasses.replace(boutique, alerts=some))) >= bar


@pytest.mark.parametrize(("seconds", "bar"), [(5, 0.95), (30, 0.85)])
def test_the_grouping_bears_clocks_that_differ(
    boutique: Recording, seconds: float, bar: float
) -> None:
    chance = random.Random(7)  # noqa: S311 - the same alerts every time
    moved = [
        RecordedAlert(
            dataclasses.replace(
                alert.signal,
                at=alert.signal.at + timedelta(seconds=chance.uniform(-seconds, seconds)),
            ),
            alert.fault,
        )
        for alert in boutique.alerts
    ]
    assert index_of(measure(dataclasses.replace(boutique, alerts=moved))) >= bar


def test_without_a_topology_shared_names_still_beat_the_gap(boutique: Recording) -> None:
    bare = dataclasses.replace(boutique, relations=Relations())
    measured = measure(put_together([bare, named(bare, "other")], 900, overlap=False))
    assert measured.gap.rand_index is not None
    assert index_of(measured) >= measured.gap.rand_index + 0.1
