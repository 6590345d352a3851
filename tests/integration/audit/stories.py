"""A recorded remediation with people in it, and the log over it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import text

from airmend.audit.checkpoints import Checkpoint
from airmend.audit.notes import Signer, Verifier, make_signer
from airmend.audit.reading import read_log
from airmend.audit.sealing import Sealed, seal
from airmend.audit.store import count_leaves, list_checkpoints
from airmend.audit.verification import Verdict, verify_log
from airmend.change.model import ChangeStatus, Decision
from airmend.change.model import Verdict as Vote
from airmend.execution.model import ExecutionStatus, Phase
from airmend.records.changes import create_change, record_decision, set_change_status
from airmend.records.database import Database
from airmend.records.executions import claim_execution, finish_execution
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.suppressions import create_suppression, set_kill_switch
from airmend.records.tables import AlertRow, DeliveryRow
from tests.builders import AT, make_alert, make_change, make_incident, make_rule, make_switch

SIGNER = make_signer("example.com/audit", bytes(range(32)))
LATER = AT + timedelta(minutes=5)


def clock(at: datetime = LATER) -> Callable[[], datetime]:
    return lambda: at


def add_fact(database: Database, words: str, *, incident: str = "inc-0001") -> None:
    with database.session() as session:
        append_fact(session, FactKind.ALERT_REPEATED, words, at=AT, incident_id=incident)


def record_story(database: Database, number: int = 1) -> str:
    """An incident that olivia let be repaired; gives its id."""
    incident, change = f"inc-{number:04}", f"chg-{number:04}"
    with database.session() as session:
        create_incident(session, make_incident(id=incident, fingerprint=f"fp-{number}"))
        requested = make_change(id=change, incident_id=incident, run_id=f"run-{number}")
        create_change(session, requested)
        delivery = DeliveryRow(
            source="alertmanager",
            key=f"body:{number}",
            received_at=AT,
            body_sha256=f"{number}",
            body=b'{"reported by": "olivia"}',
            answer={"incidents": []},
        )
        session.add(delivery)
        session.flush()
        alert = make_alert(annotations={"reported by": "Olivia", "nanoseconds": "1"}).model_dump(
            mode="json"
        ) | {"unmapped": {"at": 1_700_000_000_000_000_000, "share": 0.1}}
        session.add(
            AlertRow(
                delivery_id=delivery.id,
                incident_id=incident,
                fingerprint="fp",
                status="firing",
                document=alert,
            )
        )
        append_fact(session, FactKind.INCIDENT_OPENED, "Opened", at=AT, incident_id=incident)
        record_decision(
            session,
            Decision(
                change_id=change,
                verdict=Vote.APPROVED,
                decided_by="olivia",
                decided_at=AT,
                asked_at=AT,
                basis="answered in Airflow's Required Actions",
                comment="olivia looked",
                content_hash=requested.content_hash(),
            ),
        )
        append_fact(
            session,
            FactKind.APPROVAL_DECIDED,
            "Approved by olivia: answered",
            at=AT,
            incident_id=incident,
            change_id=change,
        )
        claim = claim_execution(
            session, change, Phase.STEP, "restart", task_id="restart", owner="me", now=AT
        )
        finish_execution(session, claim.execution.id, "me", ExecutionStatus.SUCCEEDED, at=AT)
        set_change_status(session, change, ChangeStatus.SUCCEEDED, at=AT, reason="verified")
        append_fact(
            session,
            FactKind.CHANGE_ENDED,
            "Ended",
            at=AT,
            incident_id=incident,
            change_id=change,
        )
        create_suppression(session, make_rule(id=f"MUT-{number}"))
        set_kill_switch(session, make_switch())
    return incident


RECORDS = 9
"""Of one story: a delivery, three facts, decision, execution, change, mute and stop."""


def seal_all(database: Database, *, at: datetime = LATER, signer: Signer = SIGNER) -> Sealed:
    return seal(database, signer, now=clock(at))


def verify(
    database: Database,
    elsewhere: list[Checkpoint] | None = None,
    trusted: Verifier = SIGNER.verifier,
) -> Verdict:
    with database.session() as session:
        checkpoints, size = list_checkpoints(session), count_leaves(session)
    return verify_log(read_log(database, size), checkpoints, [trusted], elsewhere or [])


def edit(database: Database, *statements: str) -> None:
    """Do what somebody with a database client can do."""
    with database.session() as session:
        for statement in statements:
            session.execute(text(statement))
