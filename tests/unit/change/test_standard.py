"""What lets the policy approve a standard change: each limit at it, one under and one over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv  # type: ignore[import-untyped]  # it has no types

from airmend.change.standard import (
    StandardPolicy,
    find_obstacles,
    meets_bound,
    runs_needed,
    success_bound,
    tell_record,
)
from airmend.records.standard_model import Autonomy, RunRecord, Trouble
from tests.unit.change.builders import (
    DIGEST,
    NOW,
    OTHER_DIGEST,
    make_change,
    make_ground,
    make_template,
)

POLICY = StandardPolicy()
counts = st.integers(0, 200)


def obstacles(policy: StandardPolicy = POLICY, hosts: int = 1, **ground: Any) -> list[str]:
    return find_obstacles(make_change(hosts), make_ground(**ground), policy)


@pytest.mark.parametrize(
    ("clean", "failed", "enough", "more"),
    [(0, 0, False, 28), (27, 0, False, 1), (28, 0, True, 0), (43, 1, False, 1), (44, 1, True, 0)],
)
def test_so_many_clean_runs_make_the_bound(
    clean: int, failed: int, enough: bool, more: int
) -> None:
    record = RunRecord(clean=clean, failed=failed)
    assert meets_bound(record, POLICY) is enough
    assert (success_bound(record, POLICY) >= POLICY.success_bound) is enough
    assert (obstacles(record=record) == []) is enough
    assert runs_needed(record, POLICY) == more


@given(counts, counts, st.integers(1, 20), st.integers(1, 20), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_bound_is_the_quantile_of_the_beta_distribution(
    clean: int, failed: int, prior_clean: int, prior_failed: int, level: float
) -> None:
    policy = StandardPolicy(
        prior_clean=prior_clean, prior_failed=prior_failed, credible_level=level
    )
    ours = success_bound(RunRecord(clean=clean, failed=failed), policy)
    assert ours == pytest.approx(betaincinv(prior_clean + clean, prior_failed + failed, level))


@given(counts, st.integers(0, 20), st.floats(0.01, 0.99))
def test_the_missing_runs_suffice_and_one_fewer_does_not(
    clean: int, failed: int, bound: float
) -> None:
    policy = StandardPolicy(success_bound=bound)
    more = runs_needed(RunRecord(clean=clean, failed=failed), policy)
    assert meets_bound(RunRecord(clean=clean + more, failed=failed), policy)
    if more:
        assert not meets_bound(RunRecord(clean=clean + more - 1, failed=failed), policy)


@given(counts, counts)
def test_a_clean_run_raises_the_bound_and_a_failed_one_lowers_it(clean: int, failed: int) -> None:
    bound = success_bound(RunRecord(clean=clean, failed=failed), POLICY)
    assert success_bound(RunRecord(clean=clean + 1, failed=failed), POLICY) > bound
    assert success_bound(RunRecord(clean=clean, failed=failed + 1), POLICY) < bound


def test_a_policy_may_trust_the_word_of_the_approver_alone() -> None:
    nothing = RunRecord(clean=0, failed=0)
    assert obstacles(StandardPolicy(success_bound=0), record=nothing) == []
    assert obstacles(record=nothing) == [f"its record is too small: {tell_record(nothing, POLICY)}"]
    assert tell_record(nothing, POLICY).endswith("28 more clean runs are needed")


@pytest.mark.parametrize(("hosts", "fits"), [(2, True), (3, True), (4, False)])
def test_a_template_is_for_so_many_hosts(hosts: int, fits: bool) -> None:
    found = obstacles(hosts=hosts, template=make_template(max_hosts=3))
    assert found == ([] if fits else [f"{hosts} hosts, and the template allows 3"])


@pytest.mark.parametrize(
    ("patterns", "outside"),
    [([], ""), (["web-*"], ""), (["web-1", "web-2"], ""), (["web-1"], "web-2"), (["WEB-*"], "web")],
)
def test_a_template_is_for_hosts_like_these(patterns: list[str], outside: str) -> None:
    found = obstacles(hosts=2, template=make_template(max_hosts=2, hosts=patterns))
    assert bool(found) is bool(outside)
    assert all(outside in each for each in found)


def test_another_content_than_the_approved_one_asks_people() -> None:
    (found,) = obstacles(template=make_template(digest=OTHER_DIGEST))
    assert found == f"the template is for content {OTHER_DIGEST[:12]}, and this is {DIGEST[:12]}"


def test_a_suspended_template_says_by_whom_and_why() -> None:
    template = make_template(
        suspended_at=NOW, suspended_by="policy", suspension_reason="change CHG-9: it failed"
    )
    (found,) = obstacles(template=template)
    assert found == (
        "the template that olivia approved is suspended by policy: change CHG-9: it failed"
    )


def test_a_trouble_counts_before_anybody_has_written_it_down() -> None:
    trouble = Trouble(
        change_id="CHG-9", runbook_id="service-down", digest=DIGEST, at=NOW, why="it failed"
    )
    assert obstacles(trouble=trouble) == ["since it was approved, change CHG-9: it failed"]


@pytest.mark.parametrize("rung", [rung for rung in Autonomy if rung is not Autonomy.AUTO])
def test_below_auto_people_are_asked(rung: Autonomy) -> None:
    (found,) = obstacles(autonomy=rung)
    assert f"stands at '{rung.value}'" in found
