"""What a single alert is worth."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from airmend.incident.signals import Signal
from airmend.incident.surprise import Finding, SurprisePolicy, weigh_signals
from tests.unit.incident.graphs import SHOP, signal_at

ITEMS = ["frontend", "checkout", "payment", "ledger"]
COMMON = [signal_at(0, item, name="Slow") for item in ITEMS]


def weigh(signals: Sequence[Signal], past: Sequence[Collection[str]] = ()) -> dict[str, Finding]:
    findings = weigh_signals(signals, SHOP, past, SurprisePolicy())
    return {finding.signal.fingerprint: finding for finding in findings}


def test_without_memory_an_alert_that_one_of_four_items_shows_is_worth_two_bits() -> None:
    finding = weigh([*COMMON, signal_at(0, "payment", name="DiskFull")])["payment/DiskFull"]
    assert finding.bits == pytest.approx(2)
    assert (finding.peers, finding.items) == (1, 4)


def test_what_every_item_shows_is_worth_nothing() -> None:
    assert {finding.bits for finding in weigh(COMMON).values()} == {0}


def test_each_head_start_halves_what_an_alert_is_worth() -> None:
    late = signal_at(180, "payment", name="DiskFull")
    finding = weigh([*COMMON, late])[late.fingerprint]
    assert finding.bits == pytest.approx(0.5)
    assert finding.seconds == 180


def test_what_was_in_earlier_incidents_is_worth_less() -> None:
    signals = [*COMMON, signal_at(0, "payment", name="A"), signal_at(0, "ledger", name="B")]
    past = [{"frontend/Slow", "payment/A"}] * 5
    found = weigh(signals, past)
    assert found["payment/A"].bits < found["ledger/B"].bits
    assert (found["payment/A"].seen, found["payment/A"].comparable) == (5, 5)
    assert found["ledger/B"].seen == 0


def test_a_recent_incident_counts_more_than_an_old_one() -> None:
    signals = [*COMMON, signal_at(0, "payment", name="A"), signal_at(0, "ledger", name="B")]
    past = [{"frontend/Slow", "payment/A"}, *[{"frontend/Slow"}] * 8, {"frontend/Slow", "ledger/B"}]
    found = weigh(signals, past)
    assert found["ledger/B"].bits < found["payment/A"].bits


def test_incidents_of_other_systems_say_nothing() -> None:
    signals = [*COMMON, signal_at(0, "payment", name="A")]
    assert weigh(signals, [{"elsewhere"}] * 20) == weigh(signals)


def test_incidents_of_long_ago_are_not_looked_at() -> None:
    past = [{"frontend/Slow", "payment/A"}] * 100
    found = weigh([*COMMON, signal_at(0, "payment", name="A")], past)
    assert found["payment/A"].comparable == 40


def test_an_alert_that_fires_again_counts_once_at_its_first_firing() -> None:
    again = [signal_at(seconds, "payment", name="A") for seconds in (60, 0, 30)]
    found = weigh([*COMMON, *again])
    assert len(found) == 5
    assert found["payment/A"].seconds == 0


def test_who_waits_for_another_item_speaks_against_that_one() -> None:
    call = signal_at(0, "checkout", name="SlowCall", labels={"callee": "payment"})
    finding = weigh([*COMMON, call])["checkout/SlowCall"]
    assert (finding.item, finding.observer) == ("payment", "checkout")


def test_no_signals_have_no_findings() -> None:
    assert weigh([]) == {}
