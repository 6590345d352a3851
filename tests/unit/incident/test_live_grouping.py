"""Grouping as intake uses it, batch after batch."""

from __future__ import annotations

from datetime import timedelta

from airmend.incident.grouping import Group, GroupingPolicy
from airmend.incident.live_grouping import LiveGrouping
from tests.unit.incident.graphs import SHOP, signal_at


def test_signals_that_were_taken_back_leave_nothing_behind() -> None:
    live = LiveGrouping(SHOP)
    kept, undone = signal_at(0, "printer"), signal_at(1, "checkout")
    assert live.place(signal_at(2, "payment"), [Group("1", [kept, undone])]) is not None
    assert live.place(signal_at(3, "payment"), [Group("1", [kept])]) is None
    assert live.place(signal_at(4, "printer"), [Group("1", [kept])]) is not None


def test_a_signal_in_the_place_of_one_that_was_taken_back_is_read() -> None:
    live = LiveGrouping(SHOP)
    kept = signal_at(0, "printer")
    live.place(signal_at(2, "mail"), [Group("1", [kept, signal_at(1, "checkout")])])
    groups = [Group("1", [kept, signal_at(1, "mail-0")])]
    assert live.place(signal_at(3, "payment"), groups) is None
    assert live.place(signal_at(3, "mail"), groups) is not None


def test_a_group_that_is_not_shown_any_more_takes_no_alert() -> None:
    live = LiveGrouping(SHOP)
    group = Group("1", [signal_at(0, "checkout")])
    assert live.place(signal_at(1, "payment"), [group]) is not None
    assert live.place(signal_at(2, "payment"), []) is None
    assert live.place(signal_at(3, "payment"), [group]) is not None


def test_a_group_without_signals_is_nothing_to_join() -> None:
    assert LiveGrouping(SHOP).place(signal_at(0), [Group("1", [])]) is None


def test_signals_older_than_the_longest_group_are_no_neighbours() -> None:
    policy = GroupingPolicy(max_span_seconds=900)
    assert LiveGrouping(SHOP, policy).window == timedelta(minutes=15)


def test_what_depends_on_what_is_told_by_the_topology() -> None:
    live = LiveGrouping(SHOP)
    assert live.is_upstream("payment", "frontend")
    assert not live.is_upstream("frontend", "payment")
