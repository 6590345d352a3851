"""The most likely root cause, and at which level: service, instance or host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.causes import rank_causes
from airmend.incident.service_graph import ItemGraph
from airmend.incident.signals import Signal
from tests.unit.incident.graphs import SHOP, signal_at

EMPTY = ItemGraph({}, {})


def pod(name: str, seconds: float = 0, alert: str = "CPUHigh") -> Signal:
    """An alert on an instance."""
    return signal_at(seconds, None, name=alert, labels={"pod": name}, fingerprint=f"{name}/{alert}")


def host(name: str, seconds: float = 0, alert: str = "DiskFull") -> Signal:
    return signal_at(seconds, None, host=name, name=alert, fingerprint=f"{name}/{alert}")


def latency(*services: str) -> list[Signal]:
    """The same alert on each, ten seconds after the one before."""
    return [signal_at(number * 10.0, name) for number, name in enumerate(services)]


def first_of(signals: list[Signal], graph: ItemGraph = SHOP) -> str:
    return rank_causes(signals, graph)[0].item


def test_where_all_show_the_same_the_one_on_which_the_others_depend_is_the_cause() -> None:
    signals = [signal_at(0, name) for name in ("frontend", "checkout", "payment", "ledger")]
    best = rank_causes(signals, SHOP)[0]
    assert best.item == "ledger"
    assert best.evidence[0] == "3 of the 3 items that depend on it alert, of 3 that do in all"


def test_one_instance_with_an_alert_of_its_own_is_the_cause() -> None:
    signals = [*latency("payment", "checkout", "frontend"), pod("payment-1")]
    best = rank_causes(signals, SHOP)[0]
    assert best.item == "payment-1"
    assert any("stands out among the 3 instances of payment" in text for text in best.evidence)


def test_several_instances_of_one_service_are_the_service() -> None:
    signals = [
        *latency("checkout", "frontend"),
        *(pod(name) for name in ("payment-0", "payment-1", "payment-2")),
    ]
    best = rank_causes(signals, SHOP)[0]
    assert best.item == "payment"
    assert "3 of its 3 instances alert alike: payment-0, payment-1, payment-2" in best.evidence


def test_several_instances_on_one_host_are_the_host() -> None:
    signals = [
        host("node-1"),
        pod("frontend-0", 20),
        pod("checkout-0", 25),
        pod("payment-0", 30),
        *latency("frontend"),
    ]
    best = rank_causes(signals, SHOP)[0]
    assert best.item == "node-1"
    assert any("3 of the 3 instances on it alert" in text for text in best.evidence)


def test_instances_of_one_service_that_share_a_host_speak_for_the_service() -> None:
    graph = ItemGraph(
        {"a-0": ["box"], "a-1": ["box"], "b-0": ["box"], "c-0": ["other"]},
        {"a": ["a-0", "a-1"], "b": ["b-0"], "c": ["c-0"]},
    )
    ranked = rank_causes([pod("a-0"), pod("a-1"), pod("c-0", 60, "Late")], graph)
    assert ranked[0].item == "a"
    assert all("instances on it" not in text for cause in ranked for text in cause.evidence)


def test_who_is_complained_of_is_the_cause_and_not_who_complains() -> None:
    signals = [
        signal_at(5 + number, caller, name="SlowCall", labels={"callee": "payment"})
        for number, caller in enumerate(("checkout", "frontend"))
    ]
    best = rank_causes([*signals, *latency("frontend", "checkout")], SHOP)[0]
    assert best.item == "payment"
    assert any("checkout complains of payment: SlowCall" in text for text in best.evidence)


def test_what_alerts_in_every_storm_is_not_the_cause_again() -> None:
    noise = [pod("frontend-0", 0, "Memory"), pod("frontend-0", 0, "Threads")]
    signals = [*noise, *latency("frontend", "checkout"), pod("payment-2", 5)]
    past = [{signal.fingerprint for signal in noise} | {"frontend/HighLatency"}] * 20
    assert rank_causes(signals, SHOP)[0].item == "frontend-0"
    best = rank_causes(signals, SHOP, past)[0]
    assert best.item == "payment-2"
    assert best.evidence[0].endswith("seen in 0 of 20 comparable incidents before")


def test_the_first_to_alert_comes_before_one_that_alerts_as_rarely_and_later() -> None:
    signals = [host("node-2", 100, "A"), host("node-9", 0, "B"), *latency("frontend", "checkout")]
    ranked = [cause.item for cause in rank_causes(signals, EMPTY)]
    assert ranked.index("node-9") < ranked.index("node-2")


def test_evidence_says_what_where_and_when_in_a_sentence() -> None:
    causes = rank_causes([*latency("frontend", "checkout"), pod("payment-1", 42)], SHOP)
    assert next(cause.evidence for cause in causes if cause.item == "payment-1") == [
        "2 of the 3 items that depend on it alert, of 2 that do in all",
        "CPUHigh on payment-1, 42 s after the first, shown by 1 of 3 alerting items",
    ]


def test_evidence_names_the_three_alerts_that_weigh_most_and_counts_the_others() -> None:
    signals = [
        *latency("frontend", "checkout"),
        *(pod("payment-1", number, f"Alert{number}") for number in range(6)),
    ]
    cause = next(c for c in rank_causes(signals, EMPTY) if c.item == "payment-1")
    assert [text.partition(" on ")[0] for text in cause.evidence] == [
        "Alert0",
        "Alert1",
        "Alert2",
        "and 3 further alerts",
    ]


def test_without_a_topology_items_are_ranked_by_their_own_alerts() -> None:
    signals = [*latency("a", "b", "c"), signal_at(5, "b", name="DiskFull", fingerprint="b/Disk")]
    assert first_of(signals, EMPTY) == "b"


@pytest.mark.parametrize("signals", [[], [signal_at(0, None)]])
def test_without_an_item_there_is_no_candidate(signals: list[Signal]) -> None:
    assert rank_causes(signals, SHOP) == []


def test_a_single_alert_has_its_item_as_the_only_candidate() -> None:
    causes = rank_causes([signal_at(0, "payment")], SHOP)
    assert [cause.item for cause in causes] == ["payment"]


names = st.sampled_from(["frontend", "checkout", "payment", "ledger", "mail", "odd"])
signals = st.lists(
    st.one_of(
        st.builds(
            lambda seconds, item, alert: signal_at(seconds, item, name=alert),
            st.integers(0, 300),
            names,
            st.sampled_from("AB"),
        ),
        st.builds(
            pod,
            st.sampled_from(["payment-0", "payment-1", "checkout-0"]),
            st.integers(0, 300),
            st.sampled_from("AB"),
        ),
    ),
    max_size=25,
)


@given(signals.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_of_alerts_does_not_matter(orders: tuple[list[Signal], list[Signal]]) -> None:
    one, other = (rank_causes(order, SHOP) for order in orders)
    assert one == other


@given(signals)
def test_every_candidate_is_worth_something_or_alerts_itself_and_is_ranked(
    given_signals: list[Signal],
) -> None:
    causes = rank_causes(given_signals, SHOP)
    assert [cause.score for cause in causes] == sorted(
        (cause.score for cause in causes), reverse=True
    )
    assert len({cause.item for cause in causes}) == len(causes)
    for cause in causes:
        assert cause.score >= 0
        assert cause.evidence
