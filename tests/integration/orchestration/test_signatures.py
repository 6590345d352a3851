"""Signatures from the folder to the guard: taken with the version, judged by the policy of now."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import delete, select, update

from airmend.change.model import ChangeStatus, ChangeType
from airmend.errors import ConfigurationError, UnsignedRunbookError
from airmend.incident.model import IncidentStatus
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.publication import publish_runbooks
from airmend.orchestration.signatures import SignaturesTaker, find_unsigned
from airmend.records.changes import get_change
from airmend.records.incidents import get_incident
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.signature_tables import RunbookSignatureRow
from airmend.records.signatures import list_signatures
from airmend.runbook.catalog import load_catalog
from airmend.runbook.model import RunbookVersion
from airmend.runbook.signature_file import SIGNATURE_FILE
from tests.integration.orchestration.conftest import Office
from tests.runbook_folders import write_runbook
from tests.ssh_keys import MALLORY, OLGA, PETER, Person, trust

PLAYBOOK = "playbooks/restart.yml"
NAME = "service-down"


def write_policy(office: Office, *people: Person, rule: str = "required", **more: Any) -> None:
    document = {"runbooks": {"signatures": rule, "trusted_keys": trust(*people)}} | more
    assert office.settings.policy_file is not None
    office.settings.policy_file.write_text(yaml.safe_dump(document))


def with_policy(office: Office, *people: Person) -> Office:
    path = office.folder / "policy.yaml"
    office = replace(office, settings=office.settings.model_copy(update={"policy_file": path}))
    write_policy(office, *people)
    return office


@pytest.fixture
def signed(office: Office) -> Office:
    """Olga and Peter are trusted and have to sign; Olga signs what is published."""
    return replace(with_policy(office, OLGA, PETER), signers=(OLGA,))


def folder_of(office: Office, name: str = NAME) -> Path:
    return office.settings.runbooks_dir / name


def start(office: Office, version: RunbookVersion, number: int = 1, **override: Any) -> bool:
    change = office.request(version, number, **override)
    return guard_change(office.run(change, version, "guard"))


def told(office: Office, kind: FactKind, number: int = 1) -> list[str]:
    with office.database.session() as session:
        return [fact.text for fact in read_story(session, f"INC-{number}") if fact.kind is kind]


def refused(office: Office, version: RunbookVersion, why: str, **override: Any) -> None:
    """The guard turns a change away, and nothing of it is left open."""
    with pytest.raises(UnsignedRunbookError, match=why):
        start(office, version, **override)
    with office.database.session() as session:
        assert get_change(session, "CHG-1").status is ChangeStatus.REFUSED
        assert get_incident(session, "INC-1").status is IncidentStatus.ESCALATED
    assert "not signed by a trusted key" in told(office, FactKind.GUARD_REFUSED)[0]
    assert told(office, FactKind.SIGNATURE_CHECKED) == []


def test_who_signed_is_a_fact_and_is_told_once(signed: Office) -> None:
    version = signed.publish()
    change, run = signed.guarded(version)
    assert guard_change(run)
    (fact,) = told(signed, FactKind.SIGNATURE_CHECKED)
    content = f"service-down 1.0.0 (content {version.digest[:12]})"
    assert fact == f"Runbook {content} is signed by olga ({OLGA.fingerprint})"
    assert signed.read(change).status is ChangeStatus.ASSESSING
    with signed.database.session() as session:
        kind = FactKind.SIGNATURE_CHECKED
        (checked,) = [each for each in read_story(session, "INC-1") if each.kind is kind]
    assert checked.evidence["signers"] == [OLGA.fingerprint]


def test_an_unsigned_runbook_does_nothing(signed: Office) -> None:
    version = replace(signed, signers=()).publish()
    refused(signed, version, "is not signed by a trusted key.")


def test_an_emergency_passes_this_gate_no_more_than_others(signed: Office) -> None:
    write_policy(signed, OLGA, emergency={"who": ["role:admin"], "passes": ["budgets"]})
    version = replace(signed, signers=()).publish()
    refused(signed, version, "not signed", change_type=ChangeType.EMERGENCY, requested_by="ada")


def test_an_unknown_key_signs_for_nobody(signed: Office) -> None:
    version = replace(signed, signers=(MALLORY,)).publish()
    refused(signed, version, "a key that the policy does not trust")


def test_one_flipped_byte_in_a_playbook_voids_the_signature(signed: Office) -> None:
    before = signed.publish()
    path = folder_of(signed) / PLAYBOOK
    content = bytearray(path.read_bytes())
    content[content.index(b"Leave")] ^= 0x20
    path.write_bytes(bytes(content))
    after = signed.publish_again()
    assert after.digest != before.digest
    refused(signed, after, "the signature of olga .* is for something else")


def test_the_signature_of_another_runbook_cannot_be_used_again(signed: Office) -> None:
    signed.publish(id="clean-logs")
    version = replace(signed, signers=()).publish()
    shutil.copy(folder_of(signed, "clean-logs") / SIGNATURE_FILE, folder_of(signed))
    assert signed.publish_again() == version
    refused(signed, version, "is for something else")


def test_the_signature_of_an_earlier_version_cannot_be_used_again(signed: Office) -> None:
    signed.publish()
    version = replace(signed, signers=()).publish(version="1.0.1")
    refused(signed, version, "service-down 1.0.1 .* is for something else")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("signed by olga\n"),
        lambda path: path.write_bytes(b"\xff\xfe\x00"),
        lambda path: path.write_text(path.read_text()[:-40]),
        lambda path: path.write_text(path.read_text().replace("A", "B")),
        lambda path: path.write_bytes(b" " * 70_000),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
        lambda path: (path.unlink(), path.symlink_to("nowhere")),
    ],
    ids=["words", "bytes", "cut", "altered", "large", "folder", "link", "dead link"],
)
def test_a_file_that_holds_no_signatures_is_told_and_is_none(
    signed: Office, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    version = replace(signed, signers=()).publish()
    signed.sign(folder_of(signed), OLGA)
    spoil(folder_of(signed) / SIGNATURE_FILE)
    with caplog.at_level(logging.WARNING):
        signed.publish_again()
    assert f"signatures of {NAME}: {folder_of(signed) / SIGNATURE_FILE}: " in caplog.text
    refused(signed, version, "is not signed by a trusted key")


def test_a_runbook_that_is_signed_later_runs_from_then_on(signed: Office) -> None:
    version = replace(signed, signers=()).publish()
    refused(signed, version, "not signed")
    signed.sign(folder_of(signed), PETER)
    assert signed.publish_again() == version
    assert start(signed, version, 2)
    assert "is signed by peter" in told(signed, FactKind.SIGNATURE_CHECKED, 2)[0]


def test_a_worker_without_the_runbooks_folder_checks_what_is_on_record(signed: Office) -> None:
    version = signed.publish()
    shutil.rmtree(signed.settings.runbooks_dir)
    assert start(signed, version)


def test_a_run_that_has_begun_stands_on_the_signature_of_its_own_version(signed: Office) -> None:
    version = signed.publish()
    _, run = signed.guarded(version)
    edited = replace(signed, signers=()).publish(version="2.0.0")
    with signed.database.session() as session:
        assert find_unsigned(run, session) is None
        assert find_unsigned(replace(run, version=edited), session) is not None


def test_a_key_that_was_taken_out_stops_what_it_signed_before(signed: Office) -> None:
    version = signed.publish()
    write_policy(signed, PETER)
    refused(signed, version, "a key that the policy does not trust")


# --- What was signed before something newer was ---------------------------------------------


def put_back(office: Office, **override: Any) -> RunbookVersion:
    """Sign and publish a first content, then a newer one, then the first again, much later."""
    first = office.publish()
    signature = (folder_of(office) / SIGNATURE_FILE).read_bytes()
    office.publish(**override)
    office.clock.pass_time(hours=1)
    write_runbook(office.settings.runbooks_dir)
    (folder_of(office) / SIGNATURE_FILE).write_bytes(signature)
    assert office.publish_again() == first
    return first


@pytest.mark.parametrize(
    "newer", [{"version": "1.0.1"}, {"version": "1.10.0"}, {"title": "Mended"}], ids=str
)
def test_signed_content_does_not_come_back_once_newer_content_was_signed(
    signed: Office, newer: dict[str, str]
) -> None:
    version = put_back(signed, **newer)
    name = f"service-down {newer.get('version', '1.0.0')}"
    with pytest.raises(UnsignedRunbookError) as told:
        start(signed, version)
    assert f"is superseded by {name} (content " in str(told.value)
    assert f"signed by olga ({OLGA.fingerprint})" in str(told.value)
    assert f"give it a version above {newer.get('version', '1.0.0')} and sign" in str(told.value)


def test_an_emergency_brings_no_superseded_content_back(signed: Office) -> None:
    write_policy(signed, OLGA, emergency={"who": ["role:admin"], "passes": ["budgets"]})
    version = put_back(signed, version="2.0.0")
    with pytest.raises(UnsignedRunbookError, match="superseded"):
        start(signed, version, change_type=ChangeType.EMERGENCY, requested_by="ada")


def test_earlier_content_comes_back_with_a_higher_version_and_a_signature(signed: Office) -> None:
    put_back(signed, version="2.0.0")
    assert start(signed, signed.publish(version="2.0.1"))


@pytest.mark.parametrize("signers", [(), (MALLORY,)], ids=["nobody", "a stranger"])
def test_newer_content_that_no_trusted_key_signed_supersedes_nothing(
    signed: Office, signers: tuple[Person, ...]
) -> None:
    signed.publish()
    replace(signed, signers=signers).publish(version="2.0.0")
    signed.clock.pass_time(hours=1)
    assert start(signed, signed.publish())


def test_what_a_key_signed_that_was_taken_out_supersedes_nothing(signed: Office) -> None:
    signed.publish()
    replace(signed, signers=(PETER,)).publish(version="2.0.0")
    write_policy(signed, OLGA)
    signed.clock.pass_time(hours=1)
    assert start(signed, signed.publish())


def test_where_no_signature_is_required_content_may_come_back(signed: Office) -> None:
    version = put_back(signed, version="2.0.0")
    write_policy(signed, OLGA, rule="optional")
    assert start(signed, version)


def test_a_change_goes_on_with_the_content_that_it_was_asked_for_with(signed: Office) -> None:
    version = signed.publish()
    _, run = signed.guarded(version)
    signed.publish(version="2.0.0")
    signed.clock.pass_time(hours=5)
    with signed.database.session() as session:
        assert find_unsigned(run, session) is None


@pytest.mark.parametrize(("minutes", "passes"), [(9, True), (11, False)])
def test_a_run_may_begin_with_what_airflow_has_not_replaced_yet(
    signed: Office, minutes: int, passes: bool
) -> None:
    version = signed.publish()
    signed.publish(version="2.0.0")
    signed.clock.pass_time(minutes=minutes)
    run = signed.run(signed.request(version), version, "guard")
    with signed.database.session() as session:
        assert (find_unsigned(run, session) is None) is passes


# --------------------------------------------------------------------------------------------


def test_where_none_is_required_an_unsigned_runbook_runs_and_the_fact_says_so(
    signed: Office,
) -> None:
    write_policy(signed, OLGA, rule="optional")
    version = replace(signed, signers=()).publish()
    assert start(signed, version)
    assert "is not signed by a trusted key" in told(signed, FactKind.SIGNATURE_CHECKED)[0]


def test_without_trusted_keys_nothing_is_asked_and_nothing_told(office: Office) -> None:
    assert start(office, office.publish())
    assert told(office, FactKind.SIGNATURE_CHECKED) == []


def test_a_policy_that_cannot_be_read_lets_nothing_pass(signed: Office) -> None:
    version = signed.publish()
    write_policy(signed)  # required, and nobody trusted
    with pytest.raises(ConfigurationError, match="no key is trusted"):
        start(signed, version)


def test_a_signature_that_was_edited_in_the_records_is_none(signed: Office) -> None:
    version = signed.publish()
    with signed.database.session() as session:
        session.execute(update(RunbookSignatureRow).values(signature="-----BEGIN SSH"))
    refused(signed, version, "not signed by a trusted key")


def test_each_signature_is_kept_once_however_often_the_folder_is_looked_at(
    signed: Office,
) -> None:
    version = signed.publish()
    signed.sign(folder_of(signed), OLGA, PETER)
    signed.publish_again()
    signed.publish_again()
    with signed.database.session() as session:
        assert list_signatures(session, version.digest) == [
            OLGA.sign_version(version),
            PETER.sign_version(version),
        ]


def test_a_processor_writes_only_what_is_new_and_takes_it_up_again_after_a_failure(
    signed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = signed.publish()
    with signed.database.session() as session:
        session.execute(delete(RunbookSignatureRow))
    loaded = load_catalog(signed.settings.runbooks_dir)
    taker = SignaturesTaker(signed.settings.runbooks_dir)
    with monkeypatch.context() as patch:
        patch.setattr(
            "airmend.orchestration.signatures.save_signatures",
            lambda *_args, **_options: (_ for _ in ()).throw(RuntimeError("the disk is full")),
        )
        with pytest.raises(RuntimeError):
            taker.take(signed.database, loaded, at=signed.clock())
    taker.take(signed.database, loaded, at=signed.clock())
    with signed.database.session() as session:
        (number,) = session.scalars(select(RunbookSignatureRow.id))
        session.execute(delete(RunbookSignatureRow))
    taker.take(signed.database, loaded, at=signed.clock())  # nothing is new to it
    with signed.database.session() as session:
        assert number
        assert list_signatures(session, version.digest) == []


def test_the_version_that_is_published_does_not_depend_on_its_signatures(signed: Office) -> None:
    version = signed.publish()
    (folder_of(signed) / SIGNATURE_FILE).unlink()
    assert signed.publish_again() == version
    with signed.database.session() as session:
        loaded = load_catalog(signed.settings.runbooks_dir)
        publish_runbooks(session, loaded, {}, at=signed.clock())
    assert start(signed, version), "what was signed once stays signed"
