"""A person is taken out of the records, and everything that was proven before still is."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from airmend.audit.checkpoints import Checkpoint
from airmend.audit.erasure import ERASED, Erasure, erase_person
from airmend.audit.store import list_checkpoints
from airmend.errors import AuditError
from airmend.records.changes import get_decision
from airmend.records.database import Database
from airmend.records.reports import load_report, store_report
from tests.builders import AT
from tests.integration.audit.stories import add_fact, edit, record_story, seal_all, verify


def erase(database: Database, name: str = "olivia", *, dry_run: bool = False) -> Erasure:
    with database.session() as session:
        return erase_person(
            session, name, by="the officer", reason="request 17", at=AT, dry_run=dry_run
        )


def dump(database: Database) -> str:
    """Everything that the tables hold."""
    tables = (
        *("deliveries", "alerts", "incidents", "changes", "decisions", "executions", "ledger"),
        *("suppressions", "kill_switch", "reports", "audit_actions", "audit_leaves"),
    )
    with database.session() as session:
        return "".join(
            str([tuple(row) for row in session.execute(text(f"SELECT * FROM {table}"))])  # noqa: S608
            for table in tables
        )


@pytest.fixture
def kept(database: Database) -> list[Checkpoint]:
    record_story(database)
    with database.session() as session:
        document = {"approval": {"decided_by": "olivia"}}
        store_report(session, document, change_id="chg-0001", incident_id="inc-0001", at=AT)
    seal_all(database)
    with database.session() as session:
        return list_checkpoints(session)


def test_an_erased_person_is_nowhere_and_the_log_is_what_was_sealed(
    database: Database, kept: list[Checkpoint]
) -> None:
    assert "olivia" in dump(database)
    erasure = erase(database)
    seal_all(database)
    assert "olivia" not in dump(database).casefold()
    verdict = verify(database, kept)
    assert verdict.findings == []
    assert verdict.erased == len(erasure.fields) == 6
    with database.session() as session:
        decision = get_decision(session, "chg-0001")
        report = load_report(session, "chg-0001")
    assert decision is not None
    assert (decision.decided_by, decision.comment) == (ERASED, f"{ERASED} looked")
    assert report == {"approval": {"decided_by": ERASED}}


def test_others_with_a_name_like_it_stay(database: Database, kept: list[Checkpoint]) -> None:
    add_fact(database, "olivia2 and anolivia looked, Olivia did not")
    seal_all(database)
    erase(database)
    assert f"olivia2 and anolivia looked, {ERASED} did not" in dump(database)


def test_a_dry_run_says_the_same_and_changes_nothing(
    database: Database, kept: list[Checkpoint]
) -> None:
    before = dump(database)
    told = erase(database, dry_run=True)
    assert dump(database) == before
    assert told == erase(database)


def test_nobody_to_erase_is_no_erasure(database: Database, kept: list[Checkpoint]) -> None:
    assert erase(database, "nobody at all") == Erasure()
    assert seal_all(database).count == 0


def test_hiding_something_without_an_erasure_is_found(
    database: Database, kept: list[Checkpoint]
) -> None:
    erase(database)
    seal_all(database)
    edit(database, "UPDATE audit_personal_fields SET salt = NULL WHERE position = 1")
    (finding,) = verify(database).findings
    assert (
        finding.text == "record 1 (fact 1): its field 'text' is withheld, and no erasure names it"
    )


def test_what_is_not_sealed_yet_is_not_erased(database: Database, kept: list[Checkpoint]) -> None:
    add_fact(database, "olivia is here")
    with pytest.raises(AuditError, match="fact 4 holds the name and is not sealed"):
        erase(database)


@pytest.mark.parametrize("name", ["", "o", "policy"])
def test_what_is_no_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(AuditError, match="nobody's name"):
        erase(database, name)


def test_the_record_of_an_erasure_does_not_hold_the_name(database: Database) -> None:
    with database.session() as session, pytest.raises(AuditError, match="leave the name out"):
        erase_person(session, "olivia", by="me", reason="Olivia asked", at=AT)
