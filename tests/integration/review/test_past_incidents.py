"""Recurrence and seals from the records, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from airmend.change.model import ChangeStatus
from airmend.records import past_incidents
from airmend.records.audit_tables import CheckpointRow, LeafRow
from airmend.records.database import Database
from airmend.records.past_incidents import incidents_of_known_error, incidents_of_service
from airmend.records.sealed import SealState, seal_state
from airmend.records.tables import LedgerRow
from airmend.review.context import gather_context
from airmend.review.facts import gather_facts
from airmend.review.model import DoraRules, ReportFacts
from tests.builders import make_runbook_version
from tests.integration.review.stored import rename, store_facts
from tests.unit.review.scenarios import later, rejected, resolved_standard, unmatched

DAY = timedelta(days=1)


def moved(facts: ReportFacts, number: int, days: float) -> ReportFacts:
    """The same story under another name, so many days before."""
    other, by = rename(facts, number), timedelta(days=days)
    change = other.change
    return replace(
        other,
        incident=other.incident.model_copy(
            update={
                "opened_at": other.incident.opened_at - by,
                "started_at": other.incident.started_at and other.incident.started_at - by,
            }
        ),
        change=change
        and change.model_copy(
            update={
                "requested_at": change.requested_at - by,
                "ended_at": change.ended_at and change.ended_at - by,
            }
        ),
    )


@pytest.fixture
def history(database: Database) -> Database:
    """The incident of today, three of the same error before, one of another runbook, one later."""
    stranger = make_runbook_version(
        id="other", known_error={"id": "KE-9", "symptom": "a", "cause": "b", "workaround": "c"}
    )
    other = resolved_standard()
    assert other.change
    other = replace(
        other,
        runbook=stranger,
        change=other.change.model_copy(
            update={"runbook_id": "other", "runbook_digest": stranger.digest}
        ),
    )
    with database.session() as session:
        for number, (facts, days) in enumerate(
            [
                (resolved_standard(), 0),
                (resolved_standard(), 10),
                (rejected(), 60),
                (resolved_standard(), 91),
                (other, 20),
                (resolved_standard(), -1),
                (unmatched(), 5),
            ],
            start=1,
        ):
            store_facts(session, moved(facts, number, days))
    return database


def test_the_like_is_counted_by_known_error_and_by_service(history: Database) -> None:
    with history.session() as session:
        facts = gather_facts(session, "chg-0001")
        context = gather_context(session, facts, dora=DoraRules(), zone=ZoneInfo("UTC"))
    by_error, by_service = context.recurrence
    assert (by_error.scope, by_service.scope) == ("known error KE-0001", "service shop")
    assert (by_error.in_30_days, by_error.in_90_days) == (2, 3)
    assert (by_error.ended, by_error.succeeded) == (2, 2)  # the rejected one touched nothing
    assert (by_service.in_30_days, by_service.in_90_days) == (4, 5)


def test_a_version_of_the_same_known_error_counts_as_well(history: Database) -> None:
    newer = make_runbook_version(version="2.0.0")
    facts = moved(resolved_standard(), 9, 3)
    assert facts.change
    change = facts.change.model_copy(
        update={"runbook_digest": newer.digest, "runbook_version": "2.0.0"}
    )
    with history.session() as session:
        store_facts(session, replace(facts, runbook=newer, change=change))
    incident = resolved_standard().incident.model_copy(update={"id": "inc-0001"})
    with history.session() as session:
        found = incidents_of_known_error(
            session, "KE-0001", since=incident.opened_at - 90 * DAY, until=incident
        )
    assert [each.id for each in found.incidents] == ["inc-0001", "inc-0009", "inc-0002", "inc-0003"]
    assert found.incidents[3].change_status is ChangeStatus.REJECTED


def test_an_unknown_error_never_came(history: Database) -> None:
    incident = resolved_standard().incident
    with history.session() as session:
        found = incidents_of_known_error(
            session, "KE-none", since=incident.opened_at, until=incident
        )
    assert (found.incidents, found.is_cut) == ([], False)


def test_no_more_are_read_than_a_fixed_number(
    history: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = resolved_standard().incident.model_copy(update={"id": "inc-0001"})
    for most, count, is_cut in [(4, 4, True), (5, 5, False), (6, 5, False)]:
        monkeypatch.setattr(past_incidents, "MOST", most)
        with history.session() as session:
            found = incidents_of_service(
                session, "shop", since=incident.opened_at - 90 * DAY, until=incident
            )
        assert (len(found.incidents), found.is_cut) == (count, is_cut)
        assert found.incidents[0].id == "inc-0001"


def test_records_are_sealed_below_a_checkpoint_alone(database: Database) -> None:
    with database.session() as session:
        store_facts(session, resolved_standard())
        recorded = len(resolved_standard().story) + 3
        assert seal_state(session, "inc-0001", "chg-0001") == SealState(recorded, 0, None, None)
        keys = [("fact", str(row.id)) for row in session.query(LedgerRow).order_by(LedgerRow.id)]
        keys += [("execution", str(number)) for number in (1, 2, 3)]
        for position, (kind, key) in enumerate(keys):
            session.add(
                LeafRow(position=position, kind=kind, key=key, sealed_at=later(60), hash=b"")
            )
        session.add(
            CheckpointRow(
                size=recorded - 1,
                root=b"",
                at=later(60),
                note="",
                marks={},
                is_complete=True,
                filed_at=None,
                anchored_at=None,
            )
        )
        session.flush()
        found = seal_state(session, "inc-0001", "chg-0001")
    assert found == SealState(recorded, recorded - 1, recorded - 1, later(60))
