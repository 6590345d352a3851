"""OpenSSH's signatures: who signed what for which purpose, and never a stack trace for nonsense."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import SigningError
from airmend.openssh.keys import read_public_key
from airmend.openssh.signatures import MOST_SIGNATURES, read_signatures
from tests.ssh_keys import (
    ELLEN_256,
    EVERY_KIND,
    OLGA,
    PETER,
    RITA,
    TOUCH,
    Person,
    armour,
    mpint,
    pack,
    unarmour,
)

MESSAGE, PURPOSE = b"airmend runbook v1\n", "runbook@airmend"
EACH = pytest.mark.parametrize("person", EVERY_KIND, ids=lambda person: person.kind)


def key_line(kind: bytes, *parts: bytes) -> str:
    return f"{kind.decode()} {base64.b64encode(pack(kind, *parts)).decode()}"


def covers(text: str, message: bytes = MESSAGE, purpose: str = PURPOSE) -> bool:
    (signature,) = read_signatures(text)
    return signature.covers(message, purpose)


@EACH
@pytest.mark.parametrize("hash_name", ["sha512", "sha256"])
def test_a_signature_covers_its_message_for_its_purpose(person: Person, hash_name: str) -> None:
    text = person.sign(MESSAGE, PURPOSE, hash_name)
    assert covers(text)
    assert not covers(text, message=MESSAGE + b"\n")
    assert not covers(text, purpose="git")


@EACH
def test_a_key_has_the_fingerprint_and_the_line_of_openssh(person: Person) -> None:
    key = read_public_key(person.line)
    assert key.fingerprint == person.fingerprint
    assert str(key) == person.line.rpartition(" ")[0]
    (signature,) = read_signatures(person.sign(MESSAGE))
    assert signature.key == key
    assert signature.key != read_public_key(PETER.line)


@EACH
def test_a_signature_is_written_as_it_was_read(person: Person) -> None:
    text = person.sign(MESSAGE)
    assert [str(each) for each in read_signatures(f"\n{text}\n\n{text}")] == [text, text]


def test_a_security_key_that_nobody_touched_proves_nothing() -> None:
    assert not covers(TOUCH.sign(MESSAGE, flags=0))
    assert covers(TOUCH.sign(MESSAGE, flags=5))


@EACH
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


@pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "rsa-sha2-512"])
def test_rsa_signs_with_either_hash_of_sha_2(algorithm: str) -> None:
    text = RITA.sign(MESSAGE, algorithm=algorithm)
    assert covers(text)
    assert [str(each) for each in read_signatures(text)] == [text]
    assert not covers(text, message=b"another")


def test_rsa_with_sha_1_is_refused() -> None:
    with pytest.raises(SigningError, match="it is made with SHA-1"):
        read_signatures(RITA.sign(MESSAGE, algorithm="ssh-rsa"))


def test_one_hash_of_rsa_is_not_taken_for_the_other() -> None:
    blob = unarmour(RITA.sign(MESSAGE, algorithm="rsa-sha2-256"))
    assert not covers(armour(blob.replace(b"rsa-sha2-256", b"rsa-sha2-512")))


@pytest.mark.parametrize("bits", [2048, 3071, 8200])
def test_an_rsa_key_that_is_too_short_or_too_long_is_refused(bits: int) -> None:
    with pytest.raises(SigningError, match=f"its RSA key has {bits} bits, and those of 3072 to"):
        read_public_key(key_line(b"ssh-rsa", mpint(65537), mpint(1 << (bits - 1) | 1)))


def test_a_number_has_one_form_alone_so_that_a_key_is_one_text() -> None:
    with pytest.raises(SigningError, match="not written as OpenSSH does"):
        read_public_key(key_line(b"ssh-rsa", mpint(65537), b"\0" + mpint(1 << 3071 | 1)))


def test_a_point_that_is_not_on_its_curve_signs_nothing() -> None:
    point = b"\x04" + bytes(63) + b"\x01"
    other = pack(b"ecdsa-sha2-nistp256", b"nistp256", point)
    read_public_key(key_line(b"ecdsa-sha2-nistp256", b"nistp256", point))
    assert not covers(armour(unarmour(ELLEN_256.sign(MESSAGE)).replace(ELLEN_256.blob, other)))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "no kind that is taken"),
        ("ssh-dss AAAAB3NzaC1kc3MAAACB olga", "no kind that is taken"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== olga", "it ends too early"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "no kind that is taken"),
        ("ssh-ed25519 not-base64!", "it is not base64"),
        ("ssh-ed25519 é", "it is not base64"),
        ("ssh-ed25519", "it ends too early"),
        (OLGA.line.replace("ssh-ed25519", "sk-ssh-ed25519@openssh.com", 1), "and holds ssh-ed"),
        (f"ssh-ed25519 {base64.b64encode(OLGA.blob + b'x').decode()}", "more behind its end"),
        (f"ssh-ed25519 {base64.b64encode(pack(b'ssh-ed25519', b'x')).decode()}", "the length"),
        (ELLEN_256.line.replace("nistp256", "nistp384", 1), "and holds ecdsa-sha2-nistp256"),
        (key_line(b"ecdsa-sha2-nistp256", b"nistp384", bytes(65)), "not on the curve nistp256"),
        (key_line(b"ecdsa-sha2-nistp256", b"nistp256", b"\x02" + bytes(32)), "form of a point"),
        (key_line(b"ssh-rsa", mpint(1 << 64), mpint(1 << 3071 | 1)), "that nobody uses"),
        (key_line(b"ssh-rsa", b"\xff", mpint(1 << 3071 | 1)), "not written as OpenSSH does"),
    ],
)
def test_a_line_that_is_no_public_key_is_told_with_the_reason(line: str, why: str) -> None:
    with pytest.raises(SigningError, match=why):
        read_public_key(line)
