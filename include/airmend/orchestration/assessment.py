"""The risk assessment: what the records, the preflight and the topology say is gathered here.

The model itself is pure (`change.risk`). Imports nothing of Airflow. Safe to repeat: the score
is written over as long as nobody has decided on it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.counterfactual import what_would_lower
from airmend.change.drift import is_no_graver
from airmend.change.evidence import PastOutcome, RiskEvidence, summarise_preflight
from airmend.change.foreseen import digest_foreseen
from airmend.change.model import ChangeRequest, ChangeStatus, Choice, RiskScore
from airmend.change.risk import score_change
from airmend.change.topology import ServiceFacts
from airmend.errors import ChangeRefusedError
from airmend.execution.model import Phase, PlaybookEvidence, latest_attempts
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.consulting import consult_model
from airmend.orchestration.overlapping import find_other_changes
from airmend.orchestration.services import read_policy, read_topology
from airmend.records.begun import list_begun
from airmend.records.changes import get_decision, set_assessment
from airmend.records.executions import list_executions
from airmend.records.hand_requests import get_request
from airmend.records.history import (
    count_open_incidents,
    past_changes,
    past_preflights,
)
from airmend.records.model import FactKind
from airmend.records.recurrences import find_recurred

HISTORY = timedelta(days=365)
"""How far back outcomes are read; with a half-life of 90 days older ones hardly weigh."""

OUTCOMES = frozenset({ChangeStatus.SUCCEEDED, ChangeStatus.ROLLED_BACK, ChangeStatus.FAILED})


def assess_risk(run: ChangeRun) -> dict[str, Any]:
    """Score the change, write the score down, and give it as plain data.

    Raises:
        ChangeRefusedError: The change has ended, for instance since its guard refused it.
        ConfigurationError: Policy or topology cannot be read: no policy, no change.
    """
    with refusing(run):
        with run.database.session() as session:
            change = run.read_change(session)
            decided = get_decision(session, change.id) is not None
        if change.risk is not None and (decided or change.status is ChangeStatus.AWAITING_APPROVAL):
            # what people are asked about is only looked at again once they have answered
            return change.risk.model_dump(mode="json")
        return assess_again(run)


def assess_again(run: ChangeRun) -> dict[str, Any]:
    """Score the change as it is now, on what check mode showed last; see `assess_risk`."""
    policy = read_policy(run.settings)
    with run.database.session() as session:
        change = run.read_change(session)
        if change.status.is_final:
            raise ChangeRefusedError(f"change {change.id} has ended: {change.reason}")
        score = score_change(change, _gather(run, session, change), policy)
        score = consult_model(run, session, change, score, policy)
        hosts = len(change.targets)
        lowered_by = (what_would_lower(score, hosts, policy) if hosts else None) or ""
        score = score.model_copy(update={"lowered_by": lowered_by})
        foreseen = digest_foreseen(preflight_playbooks(session, change.id))
        set_assessment(session, change.id, _risk_to_keep(change, score), foreseen)
        leading = "; ".join(
            f"{factor.name} ({factor.input}) {factor.contribution:+.2f}"
            for factor in score.factors[:3]
            if factor.contribution > 0
        )
        text = (
            f"Risk {score.band.value}: {score.probability:.0%} chance to fail, impact "
            f"{score.impact} of 4. Leading factors: {leading or 'none raises it'}"
        )
        run.note(session, change, FactKind.RISK_ASSESSED, text, digest=run.digest)
    for factor in score.factors:
        run.log.info(
            "%+.2f  %s: %s [%s]%s",
            factor.contribution,
            factor.name,
            factor.input,
            factor.source,
            " (missing)" if factor.missing else "",
        )
    return score.model_dump(mode="json")


def _risk_to_keep(change: ChangeRequest, now: RiskScore) -> RiskScore:
    """The risk that stands with a change: that which people were asked about, while it is as grave.

    Who said yes to it says yes to less; another change that has ended meanwhile, or an hour that
    came, would void the answers for nothing.
    """
    asked = change.risk
    if change.status is not ChangeStatus.AWAITING_APPROVAL or asked is None:
        return now
    return asked if is_no_graver(now, asked) else now


def preflight_playbooks(session: Session, change_id: str) -> dict[str, PlaybookEvidence]:
    """What check mode showed last for this change, step by step."""
    return {
        execution.name: execution.playbook
        for execution in latest_attempts(list_executions(session, change_id), Phase.PREFLIGHT)
        if execution.playbook is not None
    }


def _gather(run: ChangeRun, session: Session, change: ChangeRequest) -> RiskEvidence:
    runbook = run.runbook
    since = run.now() - HISTORY
    earlier = [
        summarise_preflight(playbooks)
        for playbooks in past_preflights(session, change.runbook_id, since=since, without=change.id)
    ]
    past = past_changes(session, change.runbook_id, since=since)
    recurred = find_recurred(session, [each.id for each in past])
    topology_file = run.settings.topology_file
    request = get_request(session, change.id)
    return RiskEvidence(
        now_at=run.now(),
        service_name=runbook.change.service,
        privileged=runbook.change.privileged,
        irreversible=runbook.change.irreversible,
        topology_source=topology_file.name if topology_file else None,
        service=service_facts(run, change),
        preflight=summarise_preflight(list(preflight_playbooks(session, change.id).values())),
        history=[
            PastOutcome(
                ended_at=each.ended_at,
                succeeded=each.status is ChangeStatus.SUCCEEDED and each.id not in recurred,
                service=runbook.change.service,
                digest=each.runbook_digest,
            )
            for each in past
            if each.status in OUTCOMES and each.ended_at is not None
        ],
        earlier_diff_lines=[facts.diff_lines for facts in earlier if facts is not None],
        open_incidents=count_open_incidents(
            session, runbook.change.service, without=change.incident_id
        ),
        overlaps=find_other_changes(run, change, list_begun(session, without=change.id)),
        choice=request.choice if request else Choice.MATCHED,
        author_band=runbook.change.risk,
    )


def service_facts(run: ChangeRun, change: ChangeRequest) -> ServiceFacts | None:
    """What the topology says of the change; None where it does not hold the service.

    Raises:
        ConfigurationError: The topology is named and cannot be used.
    """
    topology = read_topology(run.settings)
    if topology is None:
        return None
    return topology.describe(run.runbook.change.service, [target.name for target in change.targets])
