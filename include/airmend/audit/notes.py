"""Signed notes and their ed25519 keys, in the form of c2sp.org/signed-note.

Pure. A note is a text, a blank line, and signatures; witnesses may add theirs below. Any tool
of transparency logs reads these.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from airmend.errors import AuditError

_ED25519 = b"\x01"
_DASH = "\u2014 "
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+]{1,200}")

KEY_FORM = "NAME+ID+KEY, as `airmend audit key` prints it"


@dataclass(frozen=True)
class Verifier:
    """A public key with the name of its log."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encode(_ED25519 + self.public)}"

    def accepts(self, text: str, signature: bytes) -> bool:
        """Whether a signature of a text is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key with the name of its log. It has no readable form but `write`."""

    name: str
    key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """A text, which ends with a newline, as a note with this key's signature."""
        signature = self.verifier.key_id + self.key.sign(text.encode())
        return f"{text}\n{_DASH}{self.name} {_encode(signature)}\n"

    def write(self) -> str:
        """The text of the key's file: a secret."""
        seed = _encode(_ED25519 + self.key.private_bytes_raw())
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{seed}"


def make_signer(name: str, seed: bytes) -> Signer:
    """A key from 32 random bytes.

    Raises:
        AuditError: The name is empty, too long, or has spaces or a plus.
    """
    if not _NAME.fullmatch(name):
        raise AuditError(f"{name!r} cannot name a log. Use up to 200 letters without '+' or spaces")
    return Signer(name, Ed25519PrivateKey.from_private_bytes(seed))


def read_signer(text: str) -> Signer:
    """The key of a file.

    Raises:
        AuditError: It is none. The message does not show it.
    """
    name, _, rest = text.strip().removeprefix(_PRIVATE).partition("+")
    data = _decode(rest.partition("+")[2])
    if not text.startswith(_PRIVATE) or len(data) != 33 or data[:1] != _ED25519:
        raise AuditError("it is not an ed25519 key of a log. Restore it, or make a new one")
    return make_signer(name, data[1:])


def read_verifier(text: str) -> Verifier:
    """A public key.

    Raises:
        AuditError: It is none.
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _decode(encoded)
    if len(data) == 33 and data[:1] == _ED25519 and _NAME.fullmatch(name):
        verifier = Verifier(name, data[1:])
        if verifier.key_id.hex() == key_id:
            return verifier
    raise AuditError(f"'{text.strip()[:80]}' is not the public key of a log. Give it as {KEY_FORM}")


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and names with key id and signature.

    Raises:
        AuditError: It is not a signed note.
    """
    text, found, lines = note.rpartition("\n\n")
    signatures = []
    for line in lines.splitlines():
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        data = _decode(encoded)
        if not line.startswith(_DASH) or not name or len(data) < 5:
            raise AuditError(f"'{line[:80]}' is not the signature of a note. Take a file as it was")
        signatures.append((name, data))
    if not found or not signatures:
        raise AuditError("there is no signed note. Take a checkpoint file as it was written")
    return f"{text}\n", signatures


def find_signer(note: str, trusted: Sequence[Verifier]) -> Verifier | None:
    """Which of some keys signed a note; None when none of them did.

    Raises:
        AuditError: It is not a signed note, or one of these keys has signed something else.
    """
    text, signatures = split_note(note)
    signed_by = None
    for name, data in signatures:
        for verifier in trusted:
            if (name, data[:4]) != (verifier.name, verifier.key_id):
                continue
            if not verifier.accepts(text, data[4:]):
                raise AuditError(f"the signature of {name} does not fit what it stands below")
            signed_by = verifier
    return signed_by


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
