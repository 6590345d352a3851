"""What holds for every stream of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.grouping import (
    Group,
    GroupingPolicy,
    OpenGroups,
    Placement,
    Signal,
    group_signals,
    place_signal,
)
from tests.unit.incident.graphs import SHOP, signal_at

ITEMS = ["frontend", "checkout-0", "payment", "payment-2", "node-2", "mail-0", "printer", "odd"]
POLICY = GroupingPolicy(max_span_seconds=600)

signals = st.lists(
    st.builds(
        lambda seconds, item, name, labels: signal_at(
            seconds, item, name=name, labels=labels, fingerprint=f"{item}/{name}/{seconds}"
        ),
        st.integers(0, 120).map(lambda number: number * 10.0),
        st.sampled_from([*ITEMS, None]),
        st.sampled_from(["HighLatency", "Errors"]),
        st.dictionaries(st.sampled_from(["job", "cluster", "team"]), st.sampled_from("ab")),
    ),
    max_size=40,
    unique_by=lambda signal: signal.fingerprint,
)


def partition(groups: Sequence[Sequence[Signal]]) -> set[frozenset[str]]:
    return {frozenset(signal.fingerprint for signal in group) for group in groups}


@given(signals.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_in_which_alerts_are_given_does_not_matter(
    orders: tuple[list[Signal], list[Signal]],
) -> None:
    one, other = (partition(group_signals(order, SHOP)) for order in orders)
    assert one == other


@given(signals)
def test_every_alert_is_in_exactly_one_group(given_signals: list[Signal]) -> None:
    grouped = [signal for group in group_signals(given_signals, SHOP) for signal in group]
    assert sorted(grouped, key=id) == sorted(given_signals, key=id)


@given(signals)
def test_no_group_spans_more_than_the_policy_allows(given_signals: list[Signal]) -> None:
    for group in group_signals(given_signals, SHOP, POLICY):
        span = (group[-1].at - group[0].at).total_seconds()
        assert 0 <= span <= POLICY.max_span_seconds


@given(signals, signals)
def test_what_nothing_ties_to_it_never_changes_how_a_system_is_grouped(
    one: list[Signal], other: list[Signal]
) -> None:
    """A second system in the same stream: other items, no label in common."""
    stranger = [
        replace(
            signal,
            service=f"x-{signal.service}",
            labels={label: f"x-{value}" for label, value in signal.labels.items()},
            fingerprint=f"x-{signal.fingerprint}",
        )
        for signal in other
        if signal.service is not None
    ]
    alone = partition(group_signals(one, SHOP)) | partition(group_signals(stranger, SHOP))
    assert partition(group_signals([*one, *stranger], SHOP)) == alone


@given(signals)
def test_an_alert_joins_only_what_it_is_tied_to(given_signals: list[Signal]) -> None:
    groups = OpenGroups(SHOP, POLICY)
    members: dict[str, list[Signal]] = {}
    for signal in sorted(given_signals, key=lambda each: each.at):
        placement = groups.place(signal)
        group_id = str(len(members)) if placement is None else placement.group_id
        if placement is not None:
            assert 0 <= placement.score <= 1
            assert placement.evidence
            assert any(_are_tied(signal, member) for member in members[group_id])
        groups.add(group_id, signal)
        members.setdefault(group_id, []).append(signal)


def _are_tied(a: Signal, b: Signal) -> bool:
    seconds = abs((a.at - b.at).total_seconds())
    known = [signal.service in SHOP.items() for signal in (a, b)]
    if a.service is not None and a.service == b.service:
        hops: int | None = 0
    else:
        hops = SHOP.distance(a.service or "", b.service or "", POLICY.max_hops)
    if hops is None and not all(known):
        shared = [
            hops
            for label, hops in POLICY.label_hops.items()
            if label in a.labels and a.labels[label] == b.labels.get(label)
        ]
        hops = min(shared, default=None)
    return hops is not None and hops + seconds / POLICY.seconds_per_hop <= POLICY.reach


@given(signals)
def test_memory_gives_what_reading_every_group_anew_gives(given_signals: list[Signal]) -> None:
    memory = OpenGroups(SHOP, POLICY)
    groups: dict[str, list[Signal]] = {}
    for signal in sorted(given_signals, key=lambda each: each.at):
        shown = [Group(id_, members) for id_, members in groups.items()]
        placement = memory.place(signal)
        assert _same(placement, place_signal(signal, shown, SHOP, POLICY))
        group_id = str(len(groups)) if placement is None else placement.group_id
        memory.add(group_id, signal)
        memory.sweep(signal.at)
        groups.setdefault(group_id, []).append(signal)


@given(signals, st.sets(st.integers(0, 9)))
def test_a_group_that_was_forgotten_is_as_if_it_had_never_been(
    given_signals: list[Signal], forgotten: set[int]
) -> None:
    memory, fresh = OpenGroups(SHOP, POLICY), OpenGroups(SHOP, POLICY)
    for number, signal in enumerate(given_signals):
        memory.add(str(number % 10), signal)
        if number % 10 not in forgotten:
            fresh.add(str(number % 10), signal)
    for group in forgotten:
        memory.forget(str(group))
    for signal in given_signals:
        assert _same(memory.place(signal), fresh.place(signal))


def _same(a: Placement | None, b: Placement | None) -> bool:
    return (a and (a.group_id, a.score)) == (b and (b.group_id, b.score))
