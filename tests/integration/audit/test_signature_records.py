"""Signatures of runbooks are sealed and packed: who signed cannot be rewritten unseen."""

from __future__ import annotations

import pytest

from airmend.audit.pack import collect_records
from airmend.openssh.signatures import read_signatures
from airmend.records.database import Database
from airmend.records.runbooks import save_version
from airmend.records.signatures import save_signatures
from tests.builders import AT, make_change, make_runbook_version
from tests.integration.audit.stories import edit, record_story, seal_all, verify
from tests.integration.audit.test_sealing import sealed_kinds
from tests.ssh_keys import OLGA, PETER

VERSION = make_runbook_version(digest=make_change().runbook_digest)


@pytest.fixture
def signed(database: Database) -> Database:
    """The runbook version of the story, signed by two people."""
    record_story(database)
    with database.session() as session:
        save_version(session, VERSION, b"archive", at=AT)
        for person in (OLGA, PETER):
            signatures = read_signatures(person.sign_version(VERSION))
            for _ in range(2):
                save_signatures(session, VERSION, signatures, at=AT)
    seal_all(database)
    return database


def test_each_signature_is_sealed_once(signed: Database) -> None:
    assert sealed_kinds(signed).count("runbook_signature") == 2
    assert verify(signed).findings == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE runbook_signatures SET signature = 'x' WHERE id = 1",
        "UPDATE runbook_signatures SET digest = 'x' WHERE id = 1",
        "DELETE FROM runbook_signatures WHERE id = 1",
    ],
)
def test_a_signature_cannot_be_rewritten_unseen(signed: Database, statement: str) -> None:
    edit(signed, statement)
    assert "runbook_signature 1" in str(verify(signed).findings)


def test_the_evidence_pack_of_an_incident_holds_them(signed: Database) -> None:
    with signed.session() as session:
        _, records = collect_records(session, "inc-0001")
    found = [each.leaf for each in records if each.kind == "runbook_signature"]
    assert [leaf["record"]["fingerprint"] for leaf in found if leaf] == [
        OLGA.fingerprint,
        PETER.fingerprint,
    ]
