"""Whatever is done to the log with a database client is found, and the first record is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from airmend.audit.canonical import hash_document
from airmend.audit.checkpoints import Checkpoint, sign_checkpoint
from airmend.audit.export import open_export, write_export
from airmend.audit.merkle import Frontier
from airmend.audit.notes import make_signer
from airmend.audit.reading import read_log
from airmend.audit.store import list_checkpoints
from airmend.audit.verification import Verdict, verify_log
from airmend.records.audit_tables import CheckpointRow, LeafRow, NodeRow
from airmend.records.database import Database
from tests.integration.audit.stories import (
    RECORDS,
    SIGNER,
    add_fact,
    edit,
    record_story,
    seal_all,
    verify,
)

SWAP = (
    "UPDATE audit_leaves SET position = -1 WHERE position = 2",
    "UPDATE audit_leaves SET position = 2 WHERE position = 3",
    "UPDATE audit_leaves SET position = 3 WHERE position = -1",
)
SWAP_FIELDS = tuple(statement.replace("leaves", "personal_fields") for statement in SWAP)
ENDS = (
    "the log ends with {0} records, and a checkpoint counts 18: those from record {0} on are gone"
)
INSERT = (
    "INSERT INTO ledger (id, at, incident_id, kind, text, evidence) SELECT 500, at, incident_id,"
    " kind, 'Approved by nobody', evidence FROM ledger WHERE id = 2"
)


@pytest.fixture
def kept(database: Database) -> list[Checkpoint]:
    """A log over two stories, sealed one after the other, and what somebody else keeps of it."""
    for number in (1, 2):
        record_story(database, number)
        seal_all(database)
    with database.session() as session:
        return list_checkpoints(session)


def through_a_file(database: Database, tmp_path: Path, kept: list[Checkpoint]) -> Verdict:
    """What an auditor finds who has the export and checkpoints that were kept elsewhere."""
    with database.session() as session:
        checkpoints = list_checkpoints(session)
        size = len(session.scalars(select(LeafRow.position)).all())
    path = tmp_path / "log.zip"
    write_export(path, read_log(database, size), checkpoints, [SIGNER.verifier])
    export = open_export(path)
    return verify_log(export.records(), export.checkpoints, export.keys, kept)


@pytest.mark.parametrize(
    ("statements", "first"),
    [
        (["UPDATE ledger SET text = 'Approved by eve' WHERE id = 2"],
         "record 2 (fact 2): its field 'text' is not what was sealed"),
        (["UPDATE ledger SET kind = 'incident_ended' WHERE id = 3"],
         "record 3 (fact 3): its content is not what was sealed"),
        (["UPDATE decisions SET decided_by = 'eve'"],
         "record 4 (decision chg-0001): its field 'decided_by' is not what was sealed"),
        (["UPDATE decisions SET verdict = 'rejected'"],
         "record 4 (decision chg-0001): its content is not what was sealed"),
        (["UPDATE deliveries SET body = 'x'"],
         "record 0 (delivery 1): its field 'payload' is not what was sealed"),
        (["UPDATE alerts SET document = '{}'"],
         "record 0 (delivery 1): its field 'payload' is not what was sealed"),
        (["UPDATE changes SET status = 'failed'"],
         "record 6 (change chg-0001): its content is not what was sealed"),
        (["UPDATE kill_switch SET is_on = false"],
         "record 8 (kill_switch 1): its content is not what was sealed"),
        (["DELETE FROM ledger WHERE id = 2"], "record 2 (fact 2): the record is gone"),
        (["DELETE FROM decisions"], "record 4 (decision chg-0001): the record is gone"),
        (["DELETE FROM audit_leaves WHERE position = 2"],
         "record 2 is missing: record 3 (fact 3) follows"),
        (["DELETE FROM ledger WHERE id = 2", "DELETE FROM audit_leaves WHERE position = 2"],
         "record 2 is missing: record 3 (fact 3) follows"),
        (["UPDATE audit_personal_fields SET salt = NULL WHERE position = 2"],
         "record 2 (fact 2): its field 'text' is withheld, and no erasure names it"),
        (["DELETE FROM audit_personal_fields WHERE position = 2"],
         "record 2 (fact 2): its content is not what was sealed"),
        ([*SWAP, *SWAP_FIELDS], "record 2 (fact 3): its content is not what was sealed"),
        (["UPDATE audit_leaves SET sealed_at = '2026-01-01' WHERE position = 7"],
         "record 7 (suppression MUT-1): its content is not what was sealed"),
        (["DELETE FROM audit_leaves WHERE position >= 11"],
         ENDS.format(11)),
        (["DELETE FROM audit_leaves WHERE position >= 9",
          "DELETE FROM audit_checkpoints WHERE size > 9"],
         ENDS.format(9)),
    ],
)  # fmt: skip
def test_every_edit_is_found_and_the_first_record_is_named(
    database: Database, kept: list[Checkpoint], tmp_path: Path, statements: list[str], first: str
) -> None:
    assert through_a_file(database, tmp_path, kept).findings == []
    edit(database, *statements)
    assert verify(database, kept).findings[0].text == first
    assert through_a_file(database, tmp_path, kept).findings[0].text == first


def rewrite(database: Database, *, leave_checkpoints: bool = False) -> None:
    """Do what somebody can who has the database, this program and the key: seal all anew."""
    with database.session() as session:
        leaves = session.scalars(select(LeafRow).order_by(LeafRow.position)).all()
        size = len(leaves)
    shown = list(read_log(database, size))
    frontier = Frontier()
    with database.session() as session:
        for record in shown:
            assert record.leaf is not None
            row = session.get_one(LeafRow, record.position)
            row.hash = hash_document(record.leaf)
            for level, number, node in frontier.append(row.hash):
                if kept := session.get(NodeRow, (level, number)):
                    kept.hash = node
            checkpoint = session.get(CheckpointRow, frontier.size)
            if checkpoint is not None and not leave_checkpoints:
                signed = sign_checkpoint(SIGNER, frontier.size, frontier.root())
                checkpoint.root, checkpoint.note = signed.root, signed.note


def test_a_leaf_that_was_hashed_again_is_found_by_the_next_checkpoint(
    database: Database, kept: list[Checkpoint]
) -> None:
    edit(database, "UPDATE decisions SET verdict = 'rejected' WHERE change_id = 'chg-0002'")
    rewrite(database, leave_checkpoints=True)
    (finding,) = verify(database).findings
    assert finding.position == RECORDS
    assert finding.text.startswith(
        f"one of record {RECORDS} (delivery 2) to record {2 * RECORDS - 1} (kill_switch 2): "
        "it is not what was sealed"
    )


def test_a_history_that_was_written_anew_and_signed_is_found_by_one_older_checkpoint(
    database: Database, kept: list[Checkpoint], tmp_path: Path
) -> None:
    edit(database, "UPDATE decisions SET verdict = 'rejected' WHERE change_id = 'chg-0001'")
    rewrite(database)
    assert verify(database).findings == [], "the database alone cannot tell"
    for verdict in (verify(database, kept[:1]), through_a_file(database, tmp_path, kept[:1])):
        assert verdict.findings[0].position == 0
        assert f"the tree of {RECORDS} records has another root" in verdict.findings[0].text


def test_a_row_that_is_slipped_in_has_no_place_in_the_log(
    database: Database, kept: list[Checkpoint]
) -> None:
    edit(database, INSERT)
    assert verify(database).findings == []  # airmend audit verify tells: see the commands' tests
    leaf = (
        "INSERT INTO audit_leaves SELECT {to}, 'fact', '500', sealed_at, hash"
        " FROM audit_leaves WHERE position = 2"
    )
    edit(database, leaf.format(to=2 * RECORDS))
    found = verify(database).findings
    assert found[0].text.startswith(f"record {2 * RECORDS} (fact 500): its content is not what")
    assert found[1].text == f"the records from {2 * RECORDS} on are below no checkpoint of the log"


def test_a_checkpoint_of_another_key_is_not_believed(
    database: Database, kept: list[Checkpoint]
) -> None:
    other = make_signer(SIGNER.name, bytes(32)).verifier
    (finding,) = verify(database, trusted=other).findings
    assert "signed by none of the keys that are trusted" in finding.text


def test_a_changed_checkpoint_is_found(database: Database, kept: list[Checkpoint]) -> None:
    edit(database, "UPDATE audit_checkpoints SET note = replace(note, '9', '8')")
    assert any(
        "does not fit what it stands below" in each.text for each in verify(database).findings
    )


def test_a_checkpoint_of_another_log_does_not_count(
    database: Database, kept: list[Checkpoint]
) -> None:
    stranger = make_signer("elsewhere", bytes(32))
    other = sign_checkpoint(stranger, RECORDS, kept[0].root)
    assert "another log" in verify(database, [other]).findings[0].text


def test_a_log_that_has_grown_is_still_what_was_kept(
    database: Database, kept: list[Checkpoint], tmp_path: Path
) -> None:
    add_fact(database, "later")
    seal_all(database)
    verdict = through_a_file(database, tmp_path, kept)
    assert (verdict.findings, verdict.compared) == ([], 5)
