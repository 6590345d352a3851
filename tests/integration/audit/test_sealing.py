"""What was committed gets one place in the log, whoever writes beside it and whenever it dies."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from airmend.audit.merkle import find_root
from airmend.audit.notes import make_signer
from airmend.audit.reading import find_waiting, read_log
from airmend.audit.sealing import seal
from airmend.audit.store import StoredTree, count_leaves, list_checkpoints
from airmend.change.model import ChangeStatus, RiskBand, RiskScore
from airmend.errors import TouchedLogError
from airmend.execution.model import Phase
from airmend.records.audit_tables import CheckpointRow, LeafRow
from airmend.records.changes import create_change, get_change, set_assessment, set_change_status
from airmend.records.database import Database
from airmend.records.executions import claim_execution
from airmend.records.incidents import create_incident
from airmend.records.suppressions import end_suppression
from tests.builders import AT, make_change, make_incident
from tests.integration.audit.stories import (
    LATER,
    RECORDS,
    SIGNER,
    add_fact,
    clock,
    edit,
    record_story,
    seal_all,
    verify,
)


def sealed_kinds(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(LeafRow.kind).order_by(LeafRow.position)))


def test_every_record_of_a_remediation_is_sealed_once(database: Database) -> None:
    record_story(database)
    assert seal_all(database).count == RECORDS
    assert seal_all(database).count == 0
    assert sealed_kinds(database) == [
        *("delivery", "fact", "fact", "fact", "decision", "execution", "change"),
        *("suppression", "kill_switch"),
    ]
    assert find_waiting(database) == []
    verdict = verify(database)
    assert verdict.findings == []
    assert (verdict.records, verdict.compared) == (RECORDS, 1)
    assert verdict.signed_by == SIGNER.verifier


def test_an_empty_log_has_no_checkpoint(database: Database) -> None:
    assert seal_all(database).checkpoint is None
    assert verify(database).findings == []


def test_what_changes_during_its_life_is_sealed_at_its_end(database: Database) -> None:
    with database.session() as session:
        create_incident(session, make_incident())
        create_change(session, make_change())
        claim_execution(session, "chg-0001", Phase.STEP, "a", task_id="a", owner="me", now=AT)
    assert seal_all(database).count == 0
    with database.session() as session:
        set_change_status(session, "chg-0001", ChangeStatus.FAILED, at=AT, reason="by olivia")
    assert seal_all(database).count == 1
    with database.session() as session:  # Airflow's word may come later than the end
        score = RiskScore(
            probability=0.1,
            impact=1,
            impact_reasons=[],
            band=RiskBand.LOW,
            base_log_odds=0.0,
            factors=[],
        )
        set_assessment(session, "chg-0001", score, {})
        session.execute(text("UPDATE changes SET run_created_at = requested_at"))
        assert get_change(session, "chg-0001").risk is None
    assert verify(database).findings == []


def test_the_early_end_of_a_mute_is_a_record_of_its_own(database: Database) -> None:
    record_story(database)
    seal_all(database)
    with database.session() as session:
        end_suppression(session, "MUT-1", by="priya", reason="it is back", at=AT)
    assert seal_all(database).count == 1
    assert sealed_kinds(database)[-1] == "suppression_end"
    assert verify(database).findings == []


def test_a_delivery_whose_key_is_released_is_the_same_delivery(database: Database) -> None:
    record_story(database)
    seal_all(database)
    edit(database, "UPDATE deliveries SET key = key || '#' || id")
    assert verify(database).findings == []


def test_batches_of_any_size_give_one_log(database: Database) -> None:
    for number in range(1, 4):
        record_story(database, number)
    assert seal(database, SIGNER, now=clock(), batch=4).count == 3 * RECORDS
    with database.session() as session:
        checkpoints = list_checkpoints(session)
        assert [each.size for each in checkpoints] == [4, 8, 12, 16, 20, 24, 27]
        for checkpoint in checkpoints:
            assert find_root(StoredTree(session), checkpoint.size) == checkpoint.root
    assert verify(database).findings == []


class KilledError(Exception):
    """As a process that is killed: nothing more is done."""


@pytest.mark.parametrize("step", ["batch hashed", "leaves written", "checkpoint written"])
@pytest.mark.parametrize("time", [1, 2])
def test_a_sealer_that_is_killed_has_done_a_whole_batch_or_nothing(
    database: Database, step: str, time: int
) -> None:
    for number in range(1, 3):
        record_story(database, number)
    passed = []

    def kill(name: str) -> None:
        passed.append(name)
        if passed.count(step) == time:
            raise KilledError

    with pytest.raises(KilledError):
        seal(database, SIGNER, now=clock(), observe=kill, batch=7)
    with database.session() as session:
        assert count_leaves(session) == 7 * (time - 1)
    assert verify(database).findings == []
    seal_all(database)
    verdict = verify(database)
    assert (verdict.records, verdict.findings) == (2 * RECORDS, [])


def test_writers_go_on_while_it_is_sealed_and_nothing_is_left_out(database: Database) -> None:
    record_story(database)
    written = threading.Semaphore(0)

    def write(number: int) -> None:
        for each in range(40):
            add_fact(database, f"{number}-{each}")
            written.release()

    def seal_what_is_written() -> None:
        # once a record: SQLite's lock is not fair, and sealers that never rest starve a writer
        for _ in range(60):
            assert written.acquire(timeout=120)
            seal(database, SIGNER, now=clock(), batch=5)

    with ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(write, number) for number in range(3)]
        sealers = [pool.submit(seal_what_is_written) for _ in range(2)]
        for each in [*writers, *sealers]:
            each.result()
    seal_all(database)
    with database.session() as session:
        assert count_leaves(session) == RECORDS + 120
    assert verify(database).findings == []


def test_a_lower_number_that_is_committed_later_is_sealed_too(database: Database) -> None:
    record_story(database)
    add_fact(database, "a later one")
    edit(database, "UPDATE ledger SET id = 1000 WHERE text = 'a later one'")
    seal_all(database)
    add_fact(database, "an earlier one")
    edit(database, "UPDATE ledger SET id = 999 WHERE text = 'an earlier one'")
    assert seal_all(database).count == 1


def test_numbers_are_passed_over_when_they_were_seen_an_hour_before_the_last_look(
    database: Database,
) -> None:
    record_story(database)
    seal_all(database, at=LATER)
    add_fact(database, "two hours later")
    seal_all(database, at=LATER + timedelta(hours=2))
    edit(database, "UPDATE ledger SET id = 0 WHERE text = 'two hours later'")
    assert seal_all(database, at=LATER + timedelta(hours=3)).count == 0
    assert find_waiting(database) == [("fact", "0", AT)]


def test_after_a_long_rest_of_the_sealer_nothing_is_passed_over(database: Database) -> None:
    record_story(database)
    seal_all(database, at=LATER)
    add_fact(database, "late")  # its number was drawn before the seal, and it is committed now
    edit(database, "UPDATE ledger SET id = 0 WHERE text = 'late'")
    assert seal_all(database, at=LATER + timedelta(days=1)).count == 1


@pytest.mark.parametrize(
    ("statement", "fact"),
    [
        ("DELETE FROM audit_leaves WHERE position = 8", "has 8 records, and 9 were signed"),
        ("DELETE FROM audit_leaves WHERE position = 3", "are missing"),
        (
            "UPDATE audit_leaves SET hash = root FROM audit_checkpoints WHERE position = 5",
            "are not those that were signed",
        ),
    ],
)
def test_nothing_is_signed_over_a_log_that_was_touched(
    database: Database, statement: str, fact: str
) -> None:
    record_story(database)
    seal_all(database)
    edit(database, statement)
    add_fact(database, "one more")
    with pytest.raises(TouchedLogError, match=fact):
        seal_all(database)
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(CheckpointRow)) == 1


def test_another_key_signs_only_a_log_whose_earlier_key_it_knows(database: Database) -> None:
    record_story(database)
    seal_all(database)
    add_fact(database, "one more")
    other = make_signer(SIGNER.name, bytes(32))
    with pytest.raises(TouchedLogError, match="signed by another key"):
        seal_all(database, signer=other)
    assert seal(database, other, earlier_keys=[SIGNER.verifier], now=clock()).count == 1
    assert verify(database, trusted=other.verifier).findings == []


def test_the_log_is_read_in_its_order_with_what_it_names(database: Database) -> None:
    record_story(database)
    seal_all(database)
    found = list(read_log(database, RECORDS))
    assert [each.position for each in found] == list(range(RECORDS))
    decision = next(each for each in found if each.kind == "decision")
    assert decision.leaf is not None
    assert "olivia" not in str(decision.leaf)
    assert decision.disclosed["decided_by"].value == "olivia"
