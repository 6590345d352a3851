"""Whose signature of a runbook counts: exactly this content, and a key that is trusted now."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from airmend.change.policy import load_policy
from airmend.change.signing import (
    RunbooksPolicy,
    SignaturesRule,
    find_refusal,
    judge_signatures,
)
from airmend.runbook.model import RunbookVersion
from tests.builders import make_runbook_version
from tests.documents import ROOT, blocks_of
from tests.ssh_keys import MALLORY, OLGA, PETER, TOUCH, Person, armour, trust, unarmour

VERSION = make_runbook_version(digest="d1" * 32)
REQUIRED = RunbooksPolicy(
    signatures=SignaturesRule.REQUIRED, trusted_keys=trust(OLGA, PETER, TOUCH)
)
OPTIONAL = RunbooksPolicy(trusted_keys=trust(OLGA))


def refuse(
    *texts: str, version: RunbookVersion = VERSION, policy: RunbooksPolicy = REQUIRED
) -> str | None:
    return find_refusal(version, judge_signatures(version, texts, policy), policy)


@pytest.mark.parametrize("person", [OLGA, PETER, TOUCH])
def test_one_trusted_signature_is_enough(person: Person) -> None:
    assert refuse(MALLORY.sign_version(VERSION), person.sign_version(VERSION)) is None


def test_it_says_who_signed_and_with_which_key() -> None:
    verdict = judge_signatures(
        VERSION, [OLGA.sign_version(VERSION), PETER.sign_version(VERSION)], REQUIRED
    )
    assert verdict.told == f"signed by olga ({OLGA.fingerprint}), peter ({PETER.fingerprint})"
    assert verdict.signers == (("olga", OLGA.fingerprint), ("peter", PETER.fingerprint))


def test_an_unsigned_runbook_is_refused_with_the_remedy() -> None:
    told = refuse() or ""
    assert told.startswith(
        "runbook service-down 1.0.0 (content d1d1d1d1d1d1) is not signed by a trusted key."
    )
    assert "`airmend runbook sign`" in told


def test_a_key_that_is_not_trusted_signs_for_nobody() -> None:
    told = refuse(MALLORY.sign_version(VERSION)) or ""
    assert f"{MALLORY.fingerprint} signed it, a key that the policy does not trust" in told


def test_a_key_that_was_taken_out_counts_no_more() -> None:
    text = OLGA.sign_version(VERSION)
    assert refuse(text) is None
    left = REQUIRED.model_copy(update={"trusted_keys": trust(PETER)})
    assert "does not trust" in (refuse(text, policy=left) or "")


@pytest.mark.parametrize(
    "other",
    [
        make_runbook_version(digest="d2" * 32),
        make_runbook_version(digest="d1" * 32, version="1.0.1"),
        make_runbook_version(digest="d1" * 32, id="service-up"),
    ],
    ids=["content", "version", "runbook"],
)
def test_a_signature_of_something_else_is_none(other: RunbookVersion) -> None:
    told = refuse(OLGA.sign_version(other)) or ""
    assert f"the signature of olga ({OLGA.fingerprint}) is for something else" in told


def test_a_signature_that_was_made_for_git_is_none() -> None:
    text = OLGA.sign(VERSION.statement().encode(), namespace="git")
    assert "is for something else" in (refuse(text) or "")


def test_the_same_bytes_under_a_trusted_name_are_no_proof() -> None:
    forged = unarmour(MALLORY.sign_version(VERSION))
    assert MALLORY.blob in forged
    text = armour(forged.replace(MALLORY.blob, OLGA.blob))
    assert "the signature of olga" in (refuse(text) or "")


@given(st.lists(st.text(max_size=80), max_size=4))
def test_what_cannot_be_read_is_no_signature_and_hides_none(texts: list[str]) -> None:
    assert refuse(*texts) is not None
    assert refuse(*texts, OLGA.sign_version(VERSION)) is None


def test_where_none_is_required_none_is_missed_and_it_is_told_all_the_same() -> None:
    assert refuse(policy=OPTIONAL) is None
    assert judge_signatures(VERSION, [], OPTIONAL).told == "not signed by a trusted key"
    assert refuse(policy=RunbooksPolicy()) is None


def test_required_without_a_trusted_key_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="no key is trusted"):
        RunbooksPolicy(signatures=SignaturesRule.REQUIRED)


def test_a_key_has_one_name_and_is_a_key() -> None:
    with pytest.raises(ValidationError, match="'olga' and 'rita' have the same key"):
        RunbooksPolicy(trusted_keys={"olga": OLGA.line, "rita": OLGA.line + " again"})
    with pytest.raises(ValidationError, match=r"'rita': .* is not a public key"):
        RunbooksPolicy(trusted_keys={"rita": "ssh-rsa AAAA"})


def test_the_statement_is_text_that_a_person_can_read() -> None:
    assert VERSION.statement() == (
        f"airmend runbook v1\nid service-down\nversion 1.0.0\ndigest {'d1' * 32}\n"
    )


def test_the_example_of_the_documents_is_a_policy(tmp_path: Path) -> None:
    (block,) = [b for b in blocks_of(ROOT / "docs/runbooks.md") if b.label == "policy.yaml"]
    path = tmp_path / "policy.yaml"
    path.write_text(block.text)
    runbooks = load_policy(path).runbooks
    assert runbooks.is_required
    assert list(runbooks.names.values()) == ["olivia"]
