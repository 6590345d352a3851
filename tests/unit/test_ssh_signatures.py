"""OpenSSH's signatures: who signed what for which purpose, and never a stack trace for nonsense."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import SigningError
from airmend.ssh_signatures import MOST_SIGNATURES, read_public_key, read_signatures
from tests.ssh_keys import OLGA, PETER, TOUCH, Person, armour, pack, unarmour

MESSAGE, PURPOSE = b"airmend runbook v1\n", "runbook@airmend"
BOTH = pytest.mark.parametrize("person", [OLGA, TOUCH], ids=["file", "security key"])


def covers(text: str, message: bytes = MESSAGE, purpose: str = PURPOSE) -> bool:
    (signature,) = read_signatures(text)
    return signature.covers(message, purpose)


@BOTH
@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
def test_a_signature_covers_its_message_for_its_purpose(person: Person, hash_name: str) -> None:
    text = person.sign(MESSAGE, PURPOSE, hash_name)
    assert covers(text)
    assert not covers(text, message=MESSAGE + b"\n")
    assert not covers(text, purpose="git")


@BOTH
def test_a_key_has_the_fingerprint_and_the_line_of_openssh(person: Person) -> None:
    key = read_public_key(person.line)
    assert key.fingerprint == person.fingerprint
    assert str(key) == person.line.rpartition(" ")[0]
    (signature,) = read_signatures(person.sign(MESSAGE))
    assert signature.key == key
    assert signature.key != read_public_key(PETER.line)


@BOTH
def test_a_signature_is_written_as_it_was_read(person: Person) -> None:
    text = person.sign(MESSAGE)
    assert [str(each) for each in read_signatures(f"\n{text}\n\n{text}")] == [text, text]


def test_a_security_key_that_nobody_touched_proves_nothing() -> None:
    assert not covers(TOUCH.sign(MESSAGE, flags=0))
    assert covers(TOUCH.sign(MESSAGE, flags=5))


@BOTH
@given(data=st.data())
def test_whatever_byte_is_flipped_it_is_no_signature_of_that_key(
    person: Person, data: st.DataObject
) -> None:
    blob = bytearray(unarmour(person.sign(MESSAGE)))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        (signature,) = read_signatures(armour(bytes(blob)))
    except SigningError:
        return
    assert signature.key != read_public_key(person.line) or not signature.covers(MESSAGE, PURPOSE)


@given(st.binary(max_size=300))
def test_nonsense_in_the_armour_is_an_error_of_ours(blob: bytes) -> None:
    with pytest.raises(SigningError):
        read_signatures(armour(blob or b"x"))


@given(st.text(min_size=1).filter(str.strip))
def test_any_other_text_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(SigningError):
        read_signatures(text)


def test_nothing_holds_no_signature() -> None:
    assert read_signatures(" \n") == []


def test_what_stands_between_signatures_is_told_with_its_place() -> None:
    with pytest.raises(SigningError, match="what follows signature 1 is no SSH signature"):
        read_signatures(OLGA.sign(MESSAGE) + "signed by the board\n" + PETER.sign(MESSAGE))


def test_a_file_has_a_bound() -> None:
    text = OLGA.sign(MESSAGE)
    assert len(read_signatures(text * MOST_SIGNATURES)) == MOST_SIGNATURES
    with pytest.raises(SigningError, match="more than 20"):
        read_signatures(text * (MOST_SIGNATURES + 1))


def test_a_signature_that_says_another_kind_than_its_key_is_refused() -> None:
    inner = pack(b"ssh-rsa", bytes(64))
    blob = b"SSHSIG\0\0\0\1" + pack(OLGA.blob, PURPOSE.encode(), b"", b"sha512", inner)
    with pytest.raises(SigningError, match="signature 1 cannot be used: it is of another kind"):
        read_signatures(armour(blob))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "no key of the kind ed25519"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== olga", "no key of the kind ed25519"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "no key of the kind ed25519"),
        ("ssh-ed25519 not-base64!", "it is not base64"),
        ("ssh-ed25519 é", "it is not base64"),
        ("ssh-ed25519", "it ends too early"),
        (OLGA.line.replace("ssh-ed25519", "sk-ssh-ed25519@openssh.com", 1), "and holds ssh-ed"),
        (f"ssh-ed25519 {base64.b64encode(OLGA.blob + b'x').decode()}", "more behind its end"),
        (f"ssh-ed25519 {base64.b64encode(pack(b'ssh-ed25519', b'x')).decode()}", "the length"),
    ],
)
def test_a_line_that_is_no_public_key_is_told_with_the_reason(line: str, why: str) -> None:
    with pytest.raises(SigningError, match=why):
        read_public_key(line)
