"""A person starts a runbook by hand: the change that comes of it, or the reason why none does.

Imports nothing of Airflow. What Airflow's form holds is a wish: the incident, the runbook's own
inputs and the policy decide. The change's number is made from the run's own name, and the
incident is locked while it is decided, so that a second try finds the first one's change, and
of two people at the same instant one comes too late.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.approval import fold_name
from airmend.change.emergency import MIN_REASON_CHARACTERS, Roles, refuse_break_glass
from airmend.change.model import ChangeRequest, ChangeStatus, ChangeType, Choice
from airmend.change.policy import POLICY, Policy
from airmend.errors import ChangeRefusedError, InputError
from airmend.incident.model import RUN_PREFIX, Incident, IncidentStatus
from airmend.orchestration.services import read_policy
from airmend.records.changes import change_of_run, create_change, mark_run_created
from airmend.records.database import Database
from airmend.records.hand_requests import change_under_way, lock_incident, store_request
from airmend.records.incidents import find_incident, get_incident, set_incident_status
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import FactKind, HandRequest
from airmend.records.runbooks import get_version
from airmend.runbook.inputs import resolve_inputs
from airmend.runbook.matching import match_runbooks
from airmend.runbook.model import RunbookVersion
from airmend.settings import Settings

MAX_REASON_CHARACTERS = 2_000


@dataclass(frozen=True)
class Trigger:
    """A run as Airflow knows it, and what its form held.

    Args:
        dag_id: The DAG, named like its runbook.
        run_id: The run; whoever starts one by hand may choose its name.
        digest: Of the runbook version that the run's DAG was made from.
        user: Who triggered it, as the auth manager names the user; "" where Airflow does not
            know one.
        is_manual: Whether a person did so, and no schedule and no other DAG.
        incident_id: What the form says.
        reason: What the form says.
        is_emergency: What the form says.
    """

    dag_id: str
    run_id: str
    digest: str
    user: str
    is_manual: bool
    incident_id: str
    reason: str
    is_emergency: bool


def request_by_hand(
    database: Database,
    settings: Settings,
    trigger: Trigger,
    roles: Roles,
    *,
    known_users: frozenset[str] | None,
    at: datetime,
) -> None:
    """Make the change of a run that a person started, if there is none yet and it may be.

    A run that names no incident is nobody's wish and is left to whoever asks for its change.

    Args:
        database: The records.
        settings: Where the policy is.
        trigger: The run.
        roles: People by role of the auth manager.
        known_users: The users of the auth manager; None where a task cannot know them.
        at: Now.

    Raises:
        ChangeRefusedError: It may not be; the reason is in the story of the incident too.
        ConfigurationError: The policy cannot be read: no policy, no change.
    """
    if not trigger.incident_id or trigger.run_id.startswith(RUN_PREFIX):
        return
    policy = read_policy(settings)
    try:
        with database.session() as session:
            if change_of_run(session, trigger.dag_id, trigger.run_id) is None:
                _check_person(trigger, known_users)
                _request(session, trigger, policy, roles, at)
    except ChangeRefusedError as error:
        with database.session() as session:
            _note_refusal(session, trigger, str(error), at)
        raise


def _check_person(trigger: Trigger, known_users: frozenset[str] | None) -> None:
    if not trigger.is_manual:
        raise ChangeRefusedError(
            "the run was not triggered by a person. Runs are started for incidents, or by "
            "somebody who answers for it"
        )
    if fold_name(trigger.user) in {"", POLICY} or ":" in trigger.user:
        raise ChangeRefusedError(
            "Airflow does not say who triggered the run. Trigger it in Airflow's UI or through "
            "its REST API, logged in"
        )
    if known_users is not None and trigger.user not in known_users:
        raise ChangeRefusedError(
            f"{trigger.user} is no user of Airflow. Trigger it in Airflow's UI or through its "
            "REST API, logged in"
        )
    length = len(trigger.reason.strip())
    if not MIN_REASON_CHARACTERS <= length <= MAX_REASON_CHARACTERS:
        raise ChangeRefusedError(
            f"the reason has {length} characters. Say why in {MIN_REASON_CHARACTERS} to "
            f"{MAX_REASON_CHARACTERS}"
        )


def _request(
    session: Session, trigger: Trigger, policy: Policy, roles: Roles, at: datetime
) -> None:
    incident = _take_incident(session, trigger.incident_id)
    version = get_version(session, trigger.digest)
    if trigger.is_emergency:
        refusal = refuse_break_glass(trigger.user, policy, roles)
        if refusal is not None:
            raise ChangeRefusedError(f"no emergency change: {refusal}")
    change = _make_change(trigger, incident, version, at)
    request = HandRequest(
        change_id=change.id,
        requested_by=trigger.user,
        at=at,
        reason=trigger.reason.strip(),
        is_emergency=trigger.is_emergency,
        **_judge_choice(incident, version),
    )
    create_change(session, change)
    mark_run_created(session, change.id, at)
    store_request(session, request)
    set_incident_status(session, incident.id, IncidentStatus.REMEDIATING, at=at)
    kind = "emergency change" if trigger.is_emergency else "change"
    append_fact(
        session,
        FactKind.CHANGE_REQUESTED,
        f"{trigger.user} asks for the {kind} {change.id} by {version.runbook.id} "
        f"{version.runbook.version}, {say_choice(request)}: {request.reason}",
        at=at,
        incident_id=incident.id,
        change_id=change.id,
        dag_run=trigger.run_id,
        digest=version.digest,
    )


def say_choice(request: HandRequest) -> str:
    """How the runbook came to the incident, in words."""
    unmet = f"; {'; '.join(request.unmet)}" if request.unmet else ""
    words = {
        Choice.MATCHED: "which matches the incident",
        Choice.SIMILARITY: "matched by similarity",
        Choice.HAND: "chosen by hand",
    }
    return f"{words[request.choice]}{unmet}"


def _take_incident(session: Session, incident_id: str) -> Incident:
    if not lock_incident(session, incident_id):
        raise ChangeRefusedError(f"there is no incident '{incident_id}'. The overview lists them")
    incident = get_incident(session, incident_id)
    under_way = change_under_way(session, incident.id)
    if under_way is not None:
        raise ChangeRefusedError(
            f"incident {incident.id} is under the change {under_way} already. Wait for its end, "
            "or reject it"
        )
    if not incident.status.is_open or incident.recovered_at is not None:
        raise ChangeRefusedError(
            f"incident {incident.id} is over ({incident.status.value}). Nothing is left to do"
        )
    return incident


def _make_change(
    trigger: Trigger, incident: Incident, version: RunbookVersion, at: datetime
) -> ChangeRequest:
    runbook = version.runbook
    try:
        inputs = resolve_inputs(runbook, incident.facts())
    except InputError as error:
        raise ChangeRefusedError(
            f"runbook {runbook.id} cannot take its inputs from incident {incident.id}: {error}"
        ) from error
    return ChangeRequest(
        id=name_change(incident.id, trigger.dag_id, trigger.run_id),
        incident_id=incident.id,
        runbook_id=runbook.id,
        runbook_version=runbook.version,
        runbook_digest=version.digest,
        # a standard change is approved in advance for what its `match` says, and for that alone
        change_type=ChangeType.EMERGENCY if trigger.is_emergency else ChangeType.NORMAL,
        status=ChangeStatus.REQUESTED,
        reason="",
        dag_id=trigger.dag_id,
        run_id=trigger.run_id,
        requested_by=trigger.user,
        requested_at=at,
        ended_at=None,
        inputs=inputs,
        targets=[],  # the guard resolves them
    )


def name_change(incident_id: str, dag_id: str, run_id: str) -> str:
    """The number of the change of a run that a person started; the same for the same run.

    Twelve characters follow the day, where those of alerts have eight: whoever chooses a run's
    name can never take the number of another change.
    """
    day = incident_id.removeprefix("INC-").split("-")[0]
    digest = hashlib.sha256(f"{dag_id}\n{run_id}".encode()).digest()
    return f"CHG-{day}-{base64.b32encode(digest).decode()[:12]}"


def _judge_choice(incident: Incident, version: RunbookVersion) -> dict[str, Any]:
    """Whether the runbook's own expressions take the incident, and which do not."""
    facts, runbook = incident.facts(), version.runbook
    unmet = [
        match.rejections[0].reason
        for match in (
            match_runbooks(
                facts,
                [version.model_copy(update={"runbook": runbook.model_copy(update={"match": [m]})})],
            )
            for m in runbook.match
        )
        if match.runbook is None
    ]
    if not unmet:
        return {"choice": Choice.MATCHED, "unmet": []}
    suggested = {each.get("runbook_id") for each in incident.suggestions}
    choice = Choice.SIMILARITY if runbook.id in suggested else Choice.HAND
    return {"choice": choice, "unmet": unmet}


def _note_refusal(session: Session, trigger: Trigger, reason: str, at: datetime) -> None:
    """Tell the incident's story who was turned away; once a run, however often it tries."""
    incident = find_incident(session, trigger.incident_id)
    if incident is None:
        return
    told = any(
        fact.kind is FactKind.REQUEST_REFUSED and fact.evidence.get("dag_run") == trigger.run_id
        for fact in read_story(session, incident.id)
    )
    if not told:
        who = trigger.user or "somebody"
        kind = "an emergency change" if trigger.is_emergency else "a change"
        append_fact(
            session,
            FactKind.REQUEST_REFUSED,
            f"{who} asked for {kind} by {trigger.dag_id}, which was refused: {reason}",
            at=at,
            incident_id=incident.id,
            dag_run=trigger.run_id,
            digest=trigger.digest,
        )
