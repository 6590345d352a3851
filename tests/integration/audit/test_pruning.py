"""What is older than the retention goes, and nothing else can be missing."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from airmend.audit.pruning import Pruning, prune
from airmend.records.database import Database
from airmend.records.runbooks import lock_runbook
from airmend.records.tables import AlertRow, IncidentRow, LedgerRow
from tests.builders import AT
from tests.integration.audit.stories import RECORDS, edit, record_story, seal_all, verify

CLOSE = "UPDATE incidents SET closed_at = opened_at WHERE id = 'inc-0001'"


def prune_all(database: Database, *, dry_run: bool = False) -> Pruning:
    with database.session() as session:
        cutoff = AT + timedelta(days=1)
        return prune(session, cutoff, by="the officer", at=cutoff, dry_run=dry_run)


def stories(database: Database) -> None:
    """One that ended, and one that goes on."""
    record_story(database, 1)
    record_story(database, 2)
    edit(database, CLOSE)
    seal_all(database)


def test_an_ended_incident_goes_whole_and_the_rest_is_proven(database: Database) -> None:
    stories(database)
    pruning = prune_all(database)
    assert pruning.rows == {
        "decisions": 1,
        "executions": 1,
        "ledger": 3,
        "alerts": 1,
        "deliveries": 1,
        "incident_members": 1,
        "changes": 1,
        "incidents": 1,
    }
    assert sum(last - first + 1 for first, last in pruning.ranges) == 7
    seal_all(database)
    verdict = verify(database)
    assert verdict.findings == []
    assert (verdict.records, verdict.pruned) == (2 * RECORDS + 1, 7)
    with database.session() as session:
        assert session.scalars(select(IncidentRow.id)).all() == ["inc-0002"]


def test_what_is_removed_beside_a_pruning_is_found(database: Database) -> None:
    stories(database)
    prune_all(database)
    seal_all(database)
    with database.session() as session:
        number = session.scalar(select(func.min(LedgerRow.id)))
    edit(database, "DELETE FROM ledger WHERE id = (SELECT min(id) FROM ledger)")
    (finding,) = verify(database).findings
    assert finding.text.endswith(f"(fact {number}): the record is gone")


def test_a_dry_run_says_the_same_and_removes_nothing(database: Database) -> None:
    stories(database)
    told = prune_all(database, dry_run=True)
    assert verify(database).pruned == 0
    assert told == prune_all(database)


def test_an_incident_that_shares_a_delivery_with_one_that_stays_stays(database: Database) -> None:
    stories(database)
    with database.session() as session:
        alert = session.scalars(select(AlertRow).where(AlertRow.incident_id == "inc-0002")).one()
        alert.delivery_id = 1
    assert prune_all(database) == Pruning()


def test_an_incident_whose_change_left_a_lock_stays(database: Database) -> None:
    stories(database)
    with database.session() as session:
        lock_runbook(session, "service-down", reason="look", change_id="chg-0001", at=AT)
    assert prune_all(database) == Pruning()


def test_numbers_are_never_given_again(database: Database) -> None:
    stories(database)
    edit(database, "UPDATE incidents SET closed_at = opened_at")
    prune_all(database)
    seal_all(database)
    record_story(database, 3)
    assert seal_all(database).count == RECORDS
    assert verify(database).findings == []
