"""The risk model: calibration, what each factor says, and the laws that always hold."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change import factors
from airmend.change.calendar_scope import Subject
from airmend.change.conflicts import Overlap
from airmend.change.counterfactual import what_would_lower
from airmend.change.evidence import (
    PreflightFacts,
    RiskEvidence,
    changed_lines,
    summarise_preflight,
)
from airmend.change.model import Choice, RiskBand, RiskFactor, RiskScore
from airmend.change.policy import Policy
from airmend.change.risk import score_change
from airmend.change.topology import Environment
from airmend.errors import NoTargetsError
from airmend.execution.model import ExecutionStatus, HostTotals
from tests.unit.change.builders import (
    NOW,
    OTHER_DIGEST,
    make_change,
    make_evidence,
    make_facts,
    make_outcome,
    make_playbook,
    make_preflight,
    make_service,
)

BANDS = list(RiskBand)
OFFICE_HOURS = Policy.model_validate(
    {"change_windows": [{"days": ["wed"], "from": "08:00", "to": "18:00"}]}
)


def score(hosts: int = 1, policy: Policy | None = None, **evidence: Any) -> RiskScore:
    return score_change(make_change(hosts), make_evidence(**evidence), policy or Policy())


def factor_of(found: RiskScore, name: str) -> RiskFactor:
    return next(factor for factor in found.factors if factor.name == name)


# --- Calibration ----------------------------------------------------------------------------


@pytest.mark.parametrize("privileged", [False, True])
@pytest.mark.parametrize("irreversible", [None, "The state before is a service that is down."])
def test_the_first_restart_of_a_small_service_is_low(
    privileged: bool, irreversible: str | None
) -> None:
    assert score(privileged=privileged, irreversible=irreversible).band is RiskBand.LOW


def test_the_first_restart_stays_low_while_the_service_has_another_incident() -> None:
    assert score(privileged=True, open_incidents=2).band is RiskBand.LOW


def test_the_first_restart_of_a_critical_function_is_not_low() -> None:
    first = score(service=make_facts(tier=1, critical_function=True))
    assert first.band in {RiskBand.MODERATE, RiskBand.HIGH}


def test_a_critical_function_is_low_once_the_runbook_ran_there_cleanly() -> None:
    later = score(service=make_facts(tier=1), history=[make_outcome()], earlier_diff_lines=[4])
    assert later.band is RiskBand.LOW


def test_the_first_log_cleanup_on_three_hosts_of_tier_two_is_moderate() -> None:
    assert score(3, service=make_facts(tier=2)).band is RiskBand.MODERATE


@pytest.mark.parametrize(
    "gap", [{"preflight": None}, {"history": None}, {"service": None, "open_incidents": None}]
)
def test_ten_hosts_of_tier_one_with_missing_data_are_high(gap: dict[str, Any]) -> None:
    assert score(10, **{"service": make_facts(tier=1), **gap}).band is RiskBand.HIGH


def test_ten_hosts_of_tier_one_without_a_preflight_stay_high_after_many_clean_runs() -> None:
    past = [make_outcome(days_ago=n) for n in range(1, 11)]
    assert score(10, service=make_facts(tier=1), history=past, preflight=None).band is RiskBand.HIGH


# --- Single factors -------------------------------------------------------------------------


def test_a_change_without_targets_has_no_score() -> None:
    with pytest.raises(NoTargetsError, match="never means all"):
        score(0)


def test_a_failed_first_run_does_not_count_as_a_first_run() -> None:
    untried, failed = score(), score(history=[make_outcome(succeeded=False)])
    assert factor_of(failed, factors.NO_CLEAN_RUN).contribution > 0
    assert failed.probability > untried.probability


def test_a_clean_run_on_another_service_does_not_count_for_this_one() -> None:
    elsewhere = score(history=[make_outcome(service="blog")])
    assert factor_of(elsewhere, factors.NO_CLEAN_RUN).contribution > 0


def test_old_failures_fade() -> None:
    fresh = score(history=[make_outcome(succeeded=False, days_ago=1)])
    faded = score(history=[make_outcome(succeeded=False, days_ago=360)])
    assert faded.base_log_odds < fresh.base_log_odds
    assert faded.base_log_odds > score().base_log_odds  # but are never forgotten


def test_a_failure_counts_half_after_the_half_life() -> None:
    rate, _ = factors.failure_rate(
        [make_outcome(succeeded=False, days_ago=90)], NOW, Policy().risk.history
    )
    assert rate == pytest.approx(1.5 / 20.5)


def test_an_outcome_from_a_clock_ahead_counts_as_one_of_now() -> None:
    ahead = score(history=[make_outcome(succeeded=False, days_ago=-30)])
    today = score(history=[make_outcome(succeeded=False, days_ago=0)])
    assert ahead.probability == today.probability


def test_another_version_than_the_last_clean_one_raises_the_risk() -> None:
    past = [make_outcome(days_ago=9), make_outcome(days_ago=2, digest=OTHER_DIGEST)]
    assert factor_of(score(history=past), factors.DIGEST_CHANGED).contribution == 0.5
    past.append(make_outcome(days_ago=1))
    assert factor_of(score(history=past), factors.DIGEST_CHANGED).contribution == 0


def test_of_two_versions_that_succeeded_at_one_instant_the_other_one_counts() -> None:
    past = [make_outcome(), make_outcome(digest=OTHER_DIGEST)]
    assert factor_of(score(history=past), factors.DIGEST_CHANGED).contribution == 0.5


def test_a_diff_is_large_only_beyond_the_95th_percentile_of_this_runbook() -> None:
    earlier = list(range(1, 101))
    for lines, weight in ((95, 0.0), (96, 0.6)):
        found = score(preflight=make_preflight(diff_lines=lines), earlier_diff_lines=earlier)
        assert factor_of(found, factors.LARGE_DIFF).contribution == weight


@pytest.mark.parametrize(("skipped", "weight"), [(1, 0.0), (2, 0.5)])
def test_more_than_a_fifth_of_skipped_tasks_raises_the_risk(skipped: int, weight: float) -> None:
    found = score(preflight=make_preflight(tasks_total=5, tasks_skipped=skipped))
    assert factor_of(found, factors.SKIPPED_TASKS).contribution == weight


def test_a_preflight_that_reported_no_task_proves_nothing() -> None:
    found = factor_of(score(preflight=make_preflight(tasks_total=0)), factors.SKIPPED_TASKS)
    assert found.missing
    assert found.contribution == 0.5


def test_the_number_of_hosts_counts_up_to_a_limit() -> None:
    assert factor_of(score(1), factors.HOSTS).contribution == 0
    assert factor_of(score(8), factors.HOSTS).contribution == pytest.approx(0.9)
    assert factor_of(score(500), factors.HOSTS).contribution == 1.5


def test_a_host_that_is_listed_twice_is_one_host() -> None:
    targets = make_change(1).targets * 3
    found = score_change(make_change(targets=targets), make_evidence(), Policy())
    assert factor_of(found, factors.HOSTS).input == "1 host"


def test_outside_the_window_the_risk_is_higher() -> None:
    inside = score(policy=OFFICE_HOURS)
    outside = score(policy=OFFICE_HOURS, now_at=NOW + timedelta(hours=12))
    assert factor_of(inside, factors.OUTSIDE_WINDOW).contribution == 0
    assert factor_of(outside, factors.OUTSIDE_WINDOW).contribution == 0.4
    assert "22:00" in factor_of(outside, factors.OUTSIDE_WINDOW).input


def test_a_change_that_is_bound_to_its_window_is_never_outside_of_one() -> None:
    window = {"name": "nights", "from": "22:00", "to": "04:00", "binding": True}
    policy = Policy.model_validate({"calendar": {"windows": [window]}})
    factor = factor_of(score(policy=policy), factors.OUTSIDE_WINDOW)
    assert factor.contribution == 0
    assert factor.input == "Wed 10:00 UTC, bound to its window"


@pytest.mark.parametrize(("count", "weight"), [(0, 0.0), (1, 0.8), (5, 0.8)])
def test_a_change_that_overlaps_raises_the_risk_and_is_named(count: int, weight: float) -> None:
    found = [Overlap(f"CHG-{n}", "on mail, which shop needs") for n in range(1, count + 1)]
    factor = factor_of(score(overlaps=found), factors.OVERLAPPING)
    assert factor.contribution == weight
    assert ("CHG-1 on mail, which shop needs" in factor.input) is (count > 0)
    assert ("and 2 more" in factor.input) is (count == 5)


def test_targets_that_the_topology_does_not_list_are_named() -> None:
    hosts = ("web-8", "web-9", "web-10", "web-11")
    found = factor_of(
        score(service=replace(make_facts(), unlisted_hosts=hosts)), factors.UNLISTED_HOSTS
    )
    assert found.missing
    assert "web-10, web-11, web-8 and 1 more" in found.input


@pytest.mark.parametrize(
    ("gap", "names"),
    [
        ({"history": None}, {factors.HISTORY, factors.NO_CLEAN_RUN, factors.DIGEST_CHANGED}),
        (
            {"preflight": None},
            {factors.LARGE_DIFF, factors.SKIPPED_TASKS, factors.FAILED_PREFLIGHT},
        ),
        ({"earlier_diff_lines": None}, {factors.LARGE_DIFF}),
        ({"open_incidents": None}, {factors.OPEN_INCIDENTS}),
        ({"overlaps": None}, {factors.OVERLAPPING}),
        ({"service": None}, {factors.UNKNOWN_SERVICE, factors.UNLISTED_HOSTS}),
    ],
)
def test_what_is_missing_is_said_and_counts_in_full(gap: dict[str, Any], names: set[str]) -> None:
    found = score(**gap)
    missing = {factor.name: factor for factor in found.factors if factor.missing}
    assert set(missing) == names
    assert all(factor.contribution > 0 for factor in missing.values())


def test_every_factor_is_listed_even_where_it_weighs_nothing() -> None:
    quiet = score(history=[make_outcome()], earlier_diff_lines=[4])
    assert {factor.contribution for factor in quiet.factors} == {0.0}
    assert len(quiet.factors) == 14
    assert all(factor.input and factor.source for factor in quiet.factors)


# --- Impact ---------------------------------------------------------------------------------


def test_impact_is_the_gravest_reason_and_lists_all() -> None:
    found = score(service=make_facts(tier=4, dependants=12), irreversible="Data is deleted.")
    assert found.impact == 4
    assert found.impact_reasons[0].startswith("12 other services can be hurt")
    assert found.impact_reasons[-1] == "shop is tier 4: 1"
    assert "no rollback: Data is deleted.: 2" in found.impact_reasons


@pytest.mark.parametrize(
    ("facts", "impact"),
    [
        (make_facts(tier=4, dependants=0, environment=Environment.TEST), 1),
        (make_facts(tier=4, dependants=0), 2),
        (make_facts(tier=4, dependants=1, environment=Environment.TEST), 2),
        (make_facts(tier=4, dependants=3), 3),
        (make_facts(tier=4, dependants=9), 3),
        (make_facts(tier=4, dependants=10), 4),
        (make_facts(tier=2, dependants=0), 3),
        (make_facts(tier=1, dependants=0), 4),
        (make_facts(tier=4, dependants=0, critical_function=True), 4),
        (replace(make_facts(tier=4), shared_with=(make_service("payments", tier=1),)), 4),
        (None, 3),
    ],
)
def test_impact_of(facts: Any, impact: int) -> None:
    assert score(service=facts).impact == impact


def test_an_unknown_service_is_said_to_be_unknown() -> None:
    assert score(service=None).impact_reasons == [
        "shop is not in the topology, so its tier is not known: 3"
    ]


# --- Laws -----------------------------------------------------------------------------------

times = st.integers(0, 400).map(lambda days: NOW - timedelta(days=days))
outcomes = st.builds(
    make_outcome,
    days_ago=st.integers(0, 400),
    succeeded=st.booleans(),
    service=st.sampled_from(["shop", "blog"]),
    digest=st.sampled_from(["d1" * 32, OTHER_DIGEST]),
)
preflights = st.builds(
    lambda total, share, lines, failed: PreflightFacts(1, lines, total, int(total * share), failed),
    st.integers(0, 50),
    st.floats(0, 1),
    st.integers(0, 200),
    st.booleans(),
)
facts = st.builds(
    make_facts,
    tier=st.integers(1, 4),
    dependants=st.integers(0, 12),
    critical_function=st.booleans(),
    environment=st.sampled_from(Environment),
)
overlaps = st.builds(Overlap, st.text("ABC", min_size=1), st.just("on shop too"))
evidences = st.builds(
    make_evidence,
    now_at=times,
    privileged=st.booleans(),
    irreversible=st.none() | st.just("it deletes"),
    service=st.none() | facts,
    preflight=st.none() | preflights,
    history=st.none() | st.lists(outcomes, max_size=12),
    earlier_diff_lines=st.none() | st.lists(st.integers(0, 200), max_size=12),
    open_incidents=st.none() | st.integers(0, 3),
    overlaps=st.none() | st.lists(overlaps, max_size=5),
)
host_counts = st.integers(1, 40)


def assert_not_lower(after: RiskScore, before: RiskScore) -> None:
    assert after.probability >= before.probability - 1e-12
    assert BANDS.index(after.band) >= BANDS.index(before.band)


@given(evidences, host_counts, host_counts)
def test_risk_never_falls_when_hosts_are_added(
    evidence: RiskEvidence, hosts: int, more: int
) -> None:
    before = score_change(make_change(hosts), evidence, OFFICE_HOURS)
    assert_not_lower(score_change(make_change(hosts + more), evidence, OFFICE_HOURS), before)


@given(evidences, facts, st.integers(0, 12))
def test_risk_never_falls_when_the_blast_radius_grows(
    evidence: RiskEvidence, service: Any, more: int
) -> None:
    grown = (*service.dependants, *(f"other-{n}" for n in range(more)))
    before = score_change(make_change(), replace(evidence, service=service), Policy())
    wider = replace(evidence, service=replace(service, dependants=grown))
    assert_not_lower(score_change(make_change(), wider, Policy()), before)


@given(evidences, st.integers(0, 5), st.integers(0, 5))
def test_risk_never_falls_when_more_incidents_are_open(
    evidence: RiskEvidence, few: int, more: int
) -> None:
    before = score_change(make_change(), replace(evidence, open_incidents=few), Policy())
    busier = replace(evidence, open_incidents=few + more)
    assert_not_lower(score_change(make_change(), busier, Policy()), before)


@given(evidences, st.lists(overlaps, max_size=4), st.lists(overlaps, max_size=4))
def test_risk_never_falls_when_more_changes_overlap(
    evidence: RiskEvidence, few: list[Overlap], more: list[Overlap]
) -> None:
    before = score_change(make_change(), replace(evidence, overlaps=few), Policy())
    busier = replace(evidence, overlaps=[*few, *more])
    assert_not_lower(score_change(make_change(), busier, Policy()), before)


@given(evidences, preflights.filter(lambda p: p.tasks_total > 0), st.integers(0, 50))
def test_risk_never_falls_when_more_tasks_are_skipped(
    evidence: RiskEvidence, preflight: PreflightFacts, more: int
) -> None:
    skipped = min(preflight.tasks_total, preflight.tasks_skipped + more)
    before = score_change(make_change(), replace(evidence, preflight=preflight), Policy())
    blinder = replace(evidence, preflight=replace(preflight, tasks_skipped=skipped))
    assert_not_lower(score_change(make_change(), blinder, Policy()), before)


@given(evidences, st.integers(0, 400))
def test_risk_never_falls_after_another_failure(evidence: RiskEvidence, days_ago: int) -> None:
    past = list(evidence.history or ())
    before = score_change(make_change(), replace(evidence, history=past), Policy())
    worse = replace(evidence, history=[*past, make_outcome(days_ago, succeeded=False)])
    assert_not_lower(score_change(make_change(), worse, Policy()), before)


@given(
    evidences,
    host_counts,
    st.sampled_from(
        ["service", "preflight", "history", "earlier_diff_lines", "open_incidents", "overlaps"],
    ),
)
def test_missing_data_never_lowers_the_risk(evidence: RiskEvidence, hosts: int, name: str) -> None:
    before = score_change(make_change(hosts), evidence, OFFICE_HOURS)
    gap: dict[str, Any] = {name: None}
    blind = replace(evidence, **gap)
    assert_not_lower(score_change(make_change(hosts), blind, OFFICE_HOURS), before)


@given(evidences, host_counts)
def test_the_parts_add_up_to_the_whole(evidence: RiskEvidence, hosts: int) -> None:
    found = score_change(make_change(hosts), evidence, OFFICE_HOURS)
    total = found.base_log_odds + sum(factor.contribution for factor in found.factors)
    assert math.log(found.probability / (1 - found.probability)) == pytest.approx(total, abs=1e-9)
    weights = [factor.contribution for factor in found.factors]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) >= 0


@given(evidences, st.randoms(use_true_random=False))
def test_the_order_of_inputs_does_not_matter(evidence: RiskEvidence, random: Any) -> None:
    change = make_change(5)
    targets, past = list(change.targets), list(evidence.history or ())
    sizes = list(evidence.earlier_diff_lines or ())
    for items in (targets, past, sizes):
        random.shuffle(items)
    shuffled = replace(
        evidence,
        history=None if evidence.history is None else past,
        earlier_diff_lines=None if evidence.earlier_diff_lines is None else sizes,
    )
    before = score_change(change, evidence, Policy())
    assert score_change(make_change(targets=targets), shuffled, Policy()) == before


@given(st.integers(0, 60 * 24 * 365).map(lambda minutes: NOW + timedelta(minutes=minutes)))
def test_opposite_windows_share_no_minute(at: datetime) -> None:
    def holds(begins: str, ends: str) -> bool:
        window = {"from": begins, "to": ends}
        policy = Policy.model_validate({"time_zone": "Europe/Berlin", "change_windows": [window]})
        return policy.welcomes(at, Subject("shop"))

    assert holds("06:00", "22:00") is not holds("22:00", "06:00")


# --- Evidence -------------------------------------------------------------------------------


def test_file_headers_are_no_lines_of_a_diff() -> None:
    diff = "--- before\n+++ after\n@@ -1 +1 @@\n-old\n+new\n same\n"
    assert changed_lines(diff) == ["-old", "+new"]


def test_several_preflights_are_seen_as_one() -> None:
    passed = make_playbook("-a\n+b", tasks_total=4, tasks_skipped=1)
    failed = make_playbook(
        "+c",
        status=ExecutionStatus.FAILED,
        hosts=[HostTotals(host="web-2", changed=1), HostTotals(host="web-3")],
        tasks_total=2,
        tasks_skipped=0,
    )
    assert summarise_preflight([passed, failed]) == PreflightFacts(
        changed_hosts=2, diff_lines=3, tasks_total=6, tasks_skipped=1, failed=True
    )
    assert summarise_preflight([]) is None


# --- Chosen by a person, and the author's word ------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "weight"), [(Choice.MATCHED, 0.0), (Choice.SIMILARITY, 0.5), (Choice.HAND, 0.5)]
)
def test_a_runbook_that_does_not_match_is_riskier(choice: Choice, weight: float) -> None:
    chosen = score(choice=choice)
    (factor,) = [each for each in chosen.factors if each.name == factors.BY_SIMILARITY]
    assert factor.contribution == weight
    assert chosen.probability >= score().probability


@given(author=st.sampled_from([None, *RiskBand]), days=st.floats(0, 400))
def test_the_authors_word_raises_the_band_and_never_lowers_it(
    author: RiskBand | None, days: float
) -> None:
    history = [make_outcome(days, succeeded=False)]
    own, said = score(history=history), score(history=history, author_band=author)
    bands = list(RiskBand)
    assert bands.index(said.band) == max(
        bands.index(own.band), bands.index(author) if author else 0
    )
    assert said.probability == own.probability
    assert said.author_band is author


def test_nothing_promises_a_lower_band_than_the_author_says() -> None:
    high = score(author_band=RiskBand.HIGH)
    assert what_would_lower(high, 1, Policy()) is None
