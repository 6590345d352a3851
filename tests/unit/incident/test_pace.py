"""When a storm that had died down breaks out anew."""

from __future__ import annotations

from collections.abc import Iterable

from airmend.incident.pace import Pace, WavePolicy

BURST = [number * 0.5 for number in range(20)]
"""Twenty alerts in ten seconds."""


def is_over(times: Iterable[float], policy: WavePolicy | None = None) -> bool:
    pace = Pace(policy or WavePolicy())
    for at in times:
        pace.add(at)
    return pace.is_over


def after(seconds: float) -> list[float]:
    return [seconds + at for at in BURST]


def test_a_second_wave_after_a_calm_ends_a_group() -> None:
    assert is_over([*BURST, *after(300)])


def test_one_long_storm_is_one_wave() -> None:
    assert not is_over(number * 0.5 for number in range(2_000))


def test_a_storm_that_swells_slowly_is_one_wave() -> None:
    swelling = [*BURST, *(10 + number * 2.0 for number in range(150)), *after(320)]
    assert not is_over(swelling)


def test_a_precursor_and_its_storm_are_one_group() -> None:
    assert not is_over([0, 30, *after(170)])


def test_a_second_wave_soon_after_the_first_is_part_of_it() -> None:
    assert not is_over([*BURST, *after(60)])


def test_small_incidents_have_no_waves() -> None:
    few = [0, 1, 2, 3, 4]
    assert not is_over([*few, *(300 + at for at in few), *(600 + at for at in few)])


def test_a_trickle_between_two_waves_is_calm() -> None:
    trickle = [20 + number * 20.0 for number in range(14)]
    assert is_over([*BURST, *trickle, *after(300)])


def test_an_alert_that_comes_late_counts_as_of_now() -> None:
    pace = Pace(WavePolicy())
    for at in (100.0, 0.0, 50.0):
        pace.add(at)
    assert not pace.is_over
    assert len(pace._recent) == 3


def test_what_is_remembered_of_a_group_does_not_grow_with_its_age() -> None:
    pace = Pace(WavePolicy())
    for number in range(10_000):
        pace.add(number * 10.0)
    assert len(pace._recent) + len(pace._before) <= 14
