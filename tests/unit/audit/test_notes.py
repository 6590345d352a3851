"""Signed notes are those of c2sp.org/signed-note, and a key is never shown by accident."""

from __future__ import annotations

import pytest

from airmend.audit.checkpoints import read_checkpoint, read_checkpoints, sign_checkpoint
from airmend.audit.notes import find_signer, make_signer, read_signer, read_verifier, split_note
from airmend.errors import AuditError

# The example of the Go package that the form comes from (golang.org/x/mod/sumdb/note).
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    f"{TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SEED = bytes(range(32))


def test_the_example_of_the_form_is_read_and_signed_alike() -> None:
    signer, verifier = read_signer(SECRET), read_verifier(VERIFIER)
    assert signer.verifier == verifier
    assert str(verifier) == VERIFIER
    assert signer.sign(TEXT) == NOTE
    assert find_signer(NOTE, [verifier]) == verifier


def test_a_key_is_written_and_read_again() -> None:
    signer = make_signer("example.com/audit", SEED)
    assert read_signer(signer.write()).verifier == signer.verifier
    assert read_verifier(str(signer.verifier)) == signer.verifier


def test_a_private_key_is_in_no_message() -> None:
    signer = make_signer("audit", SEED)
    secret = signer.write().rpartition("+")[2]
    assert secret not in repr(signer)
    with pytest.raises(AuditError) as caught:
        read_signer(signer.write().replace("PRIVATE", "private"))
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "audit", "audit+00000000+AAAA", VERIFIER.replace("Peter", "Petra"), VERIFIER[:-4], SECRET],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(AuditError, match="is not the public key"):
        read_verifier(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a" * 201])
def test_a_name_that_would_break_the_form_is_refused(name: str) -> None:
    with pytest.raises(AuditError, match="cannot name a log"):
        make_signer(name, SEED)


def test_a_changed_note_is_refused() -> None:
    verifier = read_verifier(VERIFIER)
    with pytest.raises(AuditError, match="does not fit"):
        find_signer(NOTE.replace("answer", "question"), [verifier])


def test_signatures_of_others_are_passed_over() -> None:
    verifier = read_verifier(VERIFIER)
    witness = make_signer("witness.example", SEED)
    both = NOTE + witness.sign(TEXT).removeprefix(f"{TEXT}\n")
    assert find_signer(both, [verifier]) == verifier
    assert find_signer(both, [witness.verifier]) == witness.verifier
    assert find_signer(NOTE, [witness.verifier]) is None
    other = make_signer("PeterNeumann", SEED).verifier  # the same name, another key
    assert find_signer(NOTE, [other]) is None


@pytest.mark.parametrize(
    "text", ["", TEXT, f"{TEXT}\n", f"{TEXT}\nsigned by me\n", "\n\n\u2014 a b"]
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(AuditError):
        split_note(text)


def test_a_checkpoint_says_name_size_and_root() -> None:
    signer = make_signer("example.com/audit", SEED)
    made = sign_checkpoint(signer, 20852163, bytes(32))
    assert made.note.startswith(f"example.com/audit\n20852163\n{'A' * 43}=\n\n\u2014 ")
    assert read_checkpoint(made.note) == made
    assert find_signer(made.note, [signer.verifier]) == signer.verifier


@pytest.mark.parametrize(
    "body", ["a\n", "a\n01\nAAAA\n", "a\n1\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\n"]
)
def test_a_note_that_is_no_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(AuditError, match="not a checkpoint"):
        read_checkpoint(make_signer("a", SEED).sign(body))


def test_checkpoints_are_read_one_after_another() -> None:
    signer = make_signer("a", SEED)
    made = [sign_checkpoint(signer, size, bytes(32)) for size in (1, 2, 30)]
    for separator in ("", "\n", "\n\n"):
        assert read_checkpoints(separator.join(each.note for each in made)) == made
    assert read_checkpoints("\n") == []
