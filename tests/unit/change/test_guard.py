"""What may start, and what may be executed; any doubt is a no."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.emergency import BREAK_GLASS
from airmend.change.guard import NOTHING_DONE_YET, authorise_execution, check_may_start
from airmend.change.model import (
    FINAL_CHANGE_STATUSES,
    ChangeRequest,
    ChangeStatus,
    ChangeType,
    RiskBand,
    Verdict,
)
from airmend.change.policy import POLICY
from airmend.errors import (
    AirmendError,
    ChangeRefusedError,
    LeaseLostError,
    NoTargetsError,
    NotAuthorisedError,
    RunbookLockedError,
    SuppressedError,
    UnsignedRunbookError,
)
from airmend.execution.model import Phase
from airmend.incident.model import IncidentStatus, Suppression
from tests.unit.change.builders import (
    DIGEST,
    NOW,
    OTHER_DIGEST,
    make_change,
    make_decision,
    make_incident,
    make_score,
    make_targets,
)

MUTED = Suppression(rule_id="MUT-1", author="olivia", reason="muted until noon")
CHANGING = [Phase.STEP, Phase.ROLLBACK]


def start(change: ChangeRequest | None = None, **overrides: Any) -> None:
    values: dict[str, Any] = {
        "incident": make_incident(),
        "lock_reason": None,
        "refused_reason": None,
        "unsigned": None,
        "suppression": None,
        "dag_digest": DIGEST,
    }
    check_may_start(change or make_change(), **{**values, **overrides})


def make_approved(**overrides: Any) -> ChangeRequest:
    return make_change(**{"status": ChangeStatus.EXECUTING, "risk": make_score(), **overrides})


def execute(change: ChangeRequest | None = None, **overrides: Any) -> None:
    change = change or make_approved()
    values: dict[str, Any] = {
        "decision": make_decision(change),
        "incident": make_incident(),
        "phase": Phase.STEP,
        "runbook_digest": DIGEST,
        "leases_held": True,
        "suppression": None,
        "withdrawn": None,
        "unsigned": None,
    }
    authorise_execution(change, **{**values, **overrides})


# --- Start ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(NOTHING_DONE_YET))
def test_a_change_that_has_changed_nothing_may_start(status: ChangeStatus) -> None:
    start(make_change(status=status))


@pytest.mark.parametrize("status", sorted(set(ChangeStatus) - NOTHING_DONE_YET))
def test_a_change_that_has_begun_or_ended_never_starts_again(status: ChangeStatus) -> None:
    with pytest.raises(ChangeRefusedError, match=status.value):
        start(make_change(status=status))


def test_a_resolved_alert_never_starts_a_change() -> None:
    with pytest.raises(ChangeRefusedError, match="resolved it at 2026-03-04 10:00:00 UTC"):
        start(incident=make_incident(recovered_at=NOW))


@pytest.mark.parametrize("status", sorted(set(IncidentStatus) - {IncidentStatus.REMEDIATING}))
def test_an_incident_that_is_not_being_remediated_starts_no_change(status: IncidentStatus) -> None:
    with pytest.raises(ChangeRefusedError):
        start(incident=make_incident(status=status))


def test_a_locked_runbook_starts_no_change() -> None:
    with pytest.raises(RunbookLockedError, match="the rollback of CHG-0 failed"):
        start(lock_reason="the rollback of CHG-0 failed")


def test_an_incident_that_is_held_back_starts_no_change_and_says_by_what() -> None:
    with pytest.raises(SuppressedError, match=r"^held back by MUT-1 of olivia: muted until noon$"):
        start(suppression=MUTED)


def test_a_resolved_alert_is_told_before_a_mute_that_holds_it_back() -> None:
    with pytest.raises(ChangeRefusedError, match="is over") as caught:
        start(incident=make_incident(recovered_at=NOW), suppression=MUTED)
    assert not isinstance(caught.value, SuppressedError)


def test_a_runbook_that_the_catalog_refuses_starts_no_change() -> None:
    with pytest.raises(ChangeRefusedError, match="its file has a mistake"):
        start(refused_reason="its file has a mistake")


def test_a_runbook_that_should_be_signed_and_is_not_starts_no_change() -> None:
    with pytest.raises(UnsignedRunbookError, match="is not signed"):
        start(unsigned="runbook service-down is not signed")


def test_a_dag_of_another_version_starts_no_change() -> None:
    with pytest.raises(ChangeRefusedError, match=OTHER_DIGEST[:12]):
        start(dag_digest=OTHER_DIGEST)


def test_an_empty_target_set_starts_no_change() -> None:
    with pytest.raises(NoTargetsError, match="never means all"):
        start(make_change(targets=[]))


def test_a_change_for_another_incident_does_not_start() -> None:
    with pytest.raises(ChangeRefusedError, match="INC-2"):
        start(incident=make_incident(id="INC-2"))


# --- Execution ------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.PREFLIGHT}))
def test_what_was_approved_is_executed(phase: Phase) -> None:
    execute(phase=phase)


def test_a_preflight_asks_for_no_authority() -> None:
    with pytest.raises(ValueError, match="preflight"):
        execute(phase=Phase.PREFLIGHT)


@pytest.mark.parametrize("phase", CHANGING)
def test_a_task_marked_a_success_by_hand_approves_nothing(phase: Phase) -> None:
    with pytest.raises(NotAuthorisedError, match="no decision is stored"):
        execute(phase=phase, decision=None)


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.EXPIRED])
@pytest.mark.parametrize("phase", CHANGING)
def test_only_an_approval_authorises(phase: Phase, verdict: Verdict) -> None:
    change = make_approved()
    with pytest.raises(NotAuthorisedError, match=verdict.value):
        execute(change, phase=phase, decision=make_decision(change, verdict=verdict))


@pytest.mark.parametrize(
    "other",
    [
        {"inputs": {"host": "web-2"}},
        {"targets": make_targets(2)},
        {"risk": make_score(RiskBand.MODERATE)},
    ],
)
def test_an_approval_holds_for_its_content_alone(other: dict[str, Any]) -> None:
    decision = make_decision(make_approved())
    with pytest.raises(NotAuthorisedError, match="not those that were approved"):
        execute(make_approved(**other), decision=decision)


def test_the_decision_of_another_change_authorises_nothing() -> None:
    change = make_approved()
    with pytest.raises(NotAuthorisedError, match="CHG-9"):
        execute(change, decision=make_decision(change, change_id="CHG-9"))


def test_a_decision_of_nobody_authorises_nothing() -> None:
    change = make_approved()
    with pytest.raises(NotAuthorisedError, match="names nobody"):
        execute(change, decision=make_decision(change, decided_by=" "))


@pytest.mark.parametrize(
    "overrides",
    [
        {"change_type": ChangeType.NORMAL},
        {"risk": make_score(RiskBand.HIGH)},
    ],
)
def test_the_policy_alone_authorises_only_small_standard_changes(
    overrides: dict[str, Any],
) -> None:
    execute(decision=make_decision(make_approved(), decided_by=POLICY))
    change = make_approved(**overrides)
    with pytest.raises(NotAuthorisedError, match="A person has to"):
        execute(change, decision=make_decision(change, decided_by=POLICY))


def test_a_change_without_a_risk_is_not_authorised() -> None:
    with pytest.raises(NotAuthorisedError, match="risk is not assessed"):
        execute(make_approved(risk=None))


@pytest.mark.parametrize("phase", CHANGING)
def test_another_version_of_the_runbook_is_not_executed(phase: Phase) -> None:
    with pytest.raises(ChangeRefusedError, match=OTHER_DIGEST[:12]):
        execute(phase=phase, runbook_digest=OTHER_DIGEST)


@pytest.mark.parametrize("phase", CHANGING)
def test_lost_targets_stop_the_work(phase: Phase) -> None:
    with pytest.raises(LeaseLostError):
        execute(phase=phase, leases_held=False)


@pytest.mark.parametrize("phase", CHANGING)
def test_no_targets_never_means_all_targets(phase: Phase) -> None:
    with pytest.raises(NoTargetsError):
        execute(make_approved(targets=[]), phase=phase)


@pytest.mark.parametrize("phase", CHANGING)
@pytest.mark.parametrize("status", sorted(FINAL_CHANGE_STATUSES))
def test_nothing_is_executed_after_the_end(phase: Phase, status: ChangeStatus) -> None:
    with pytest.raises(ChangeRefusedError, match="has ended"):
        execute(make_approved(status=status), phase=phase)


@pytest.mark.parametrize(
    "over",
    [
        {"recovered_at": NOW},
        {"status": IncidentStatus.RECOVERED},
        {"status": IncidentStatus.CLOSED},
    ],
)
def test_a_step_needs_an_incident_that_lasts_and_a_rollback_does_not(over: dict[str, Any]) -> None:
    incident = make_incident(**over)
    with pytest.raises(ChangeRefusedError):
        execute(incident=incident)
    execute(incident=incident, phase=Phase.ROLLBACK)
    execute(incident=incident, phase=Phase.ROLLBACK_VERIFY)


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.PREFLIGHT}))
def test_a_step_is_held_back_and_what_puts_things_right_is_not(phase: Phase) -> None:
    if phase is Phase.STEP:
        with pytest.raises(SuppressedError, match="held back by MUT-1 of olivia"):
            execute(phase=phase, suppression=MUTED)
    else:
        execute(phase=phase, suppression=MUTED)


@pytest.mark.parametrize("kind", sorted(ChangeType))
@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.PREFLIGHT}))
def test_an_unsigned_step_never_runs_and_what_puts_things_right_does(
    phase: Phase, kind: ChangeType
) -> None:
    change = make_approved(change_type=kind)
    options: dict[str, Any] = {"unsigned": "its key is trusted no more", "glass_refusal": None}
    if kind is ChangeType.EMERGENCY:
        change = make_approved(change_type=kind, requested_by="ada")
        options["decision"] = make_decision(
            change,
            decided_by="ada",
            basis=BREAK_GLASS,
            comment="customers cannot pay",
            votes=[],
            required=[],
        )
    if phase is Phase.STEP:
        with pytest.raises(UnsignedRunbookError, match="trusted no more"):
            execute(change, phase=phase, **options)
    else:
        execute(change, phase=phase, **options)


def test_a_step_that_is_cleared_during_the_rollback_does_not_run_again() -> None:
    with pytest.raises(ChangeRefusedError, match="being rolled back"):
        execute(make_approved(status=ChangeStatus.ROLLING_BACK))
    execute(make_approved(status=ChangeStatus.ROLLING_BACK), phase=Phase.ROLLBACK)


@given(
    st.sampled_from(ChangeStatus),
    st.sampled_from(ChangeType),
    st.sampled_from(CHANGING),
    st.none() | st.sampled_from([Verdict.REJECTED, Verdict.EXPIRED]),
    st.sampled_from(IncidentStatus),
    st.booleans(),
)
def test_no_combination_executes_anything_without_an_approval(
    status: ChangeStatus,
    change_type: ChangeType,
    phase: Phase,
    verdict: Verdict | None,
    incident: IncidentStatus,
    leases_held: bool,
) -> None:
    change = make_approved(status=status, change_type=change_type)
    with pytest.raises(AirmendError):
        execute(
            change,
            decision=make_decision(change, verdict=verdict) if verdict else None,
            phase=phase,
            incident=make_incident(status=incident),
            leases_held=leases_held,
        )


def test_what_was_withdrawn_since_it_was_decided_stops_the_step_and_not_the_rollback() -> None:
    with pytest.raises(NotAuthorisedError, match="is withdrawn: the template is suspended"):
        execute(phase=Phase.STEP, withdrawn="the template is suspended")
    execute(phase=Phase.ROLLBACK, withdrawn="the template is suspended")
