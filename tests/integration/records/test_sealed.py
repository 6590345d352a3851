"""What keeps the records from being proven, as both databases tell it."""

from __future__ import annotations

from datetime import timedelta

from airmend.records.audit_tables import CheckpointRow
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.sealed import SealingState, note_refused_seal, sealing_state
from tests.builders import AT, make_incident


def add_facts(database: Database, *minutes: int) -> None:
    with database.session() as session:
        for minute in minutes:
            at = AT + timedelta(minutes=minute)
            append_fact(session, FactKind.ALERT_REPEATED, "", at=at, incident_id="inc-0001")
            session.flush()


def sign(database: Database, size: int, **marks: int) -> None:
    with database.session() as session:
        session.add(
            CheckpointRow(size=size, root=b"", at=AT, note="", marks=marks, is_complete=True)
        )


def state(database: Database) -> SealingState:
    with database.session() as session:
        return sealing_state(session)


def test_the_oldest_fact_above_what_was_sealed_last_is_found(database: Database) -> None:
    with database.session() as session:
        create_incident(session, make_incident(id="inc-0001"))
    assert state(database) == SealingState(None, None)
    add_facts(database, 1, 2, 3)
    assert state(database).unsealed_since == AT + timedelta(minutes=1)
    sign(database, 1, delivery=7)  # deliveries alone
    assert state(database).unsealed_since == AT + timedelta(minutes=1)
    sign(database, 3, delivery=7, fact=2)
    assert state(database).unsealed_since == AT + timedelta(minutes=3)
    sign(database, 4, delivery=7, fact=3)
    assert state(database).unsealed_since is None


def test_a_refusal_of_the_sealer_is_noted_once(database: Database) -> None:
    with database.session() as session:
        assert note_refused_seal(session, "a leaf is gone", at=AT)
    with database.session() as session:
        assert not note_refused_seal(session, "another leaf is gone", at=AT)
    assert state(database).refusal == "a leaf is gone"
