"""OpenSSH's public keys and signatures, as `ssh-keygen -Y sign` and git make them.

Pure. Ed25519 alone, also when its private half is in a security key (FIDO). The forms are those of
OpenSSH's PROTOCOL.sshsig, PROTOCOL.u2f and RFC 8709; to make a signature is left to ssh-keygen,
which knows agents, passphrases and security keys.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from airmend.errors import SigningError

PLAIN, HARDWARE = "ssh-ed25519", "sk-ssh-ed25519@openssh.com"

MOST_SIGNATURES = 20
"""In one file."""

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_BLOCK = re.compile(rf"\s*{_BEGIN}([A-Za-z0-9+/=\s]{{1,4000}}){_END}\s*")
_MAGIC = b"SSHSIG"
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
_USER_PRESENT = 0x01  # somebody touched the security key
_LINE = 70  # as OpenSSH wraps


@dataclass(frozen=True)
class PublicKey:
    """A public key: its kind, its 32 bytes, and, in a security key, what it is for."""

    kind: str
    point: bytes
    application: bytes = b""

    @property
    def blob(self) -> bytes:
        """The bytes that OpenSSH's base64 stands for."""
        more = _string(self.application) if self.kind == HARDWARE else b""
        return _string(self.kind.encode()) + _string(self.point) + more

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it: SHA256:..."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    def __str__(self) -> str:
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True)
class Signature:
    """One signature, with the key that says it made it; it proves nothing before `covers`."""

    key: PublicKey
    namespace: bytes
    hash_name: str
    signed: bytes = field(repr=False)  # the 64 bytes
    flags: int = 0  # these two of a security key
    counter: int = 0
    reserved: bytes = field(default=b"", repr=False)

    def covers(self, message: bytes, namespace: str) -> bool:
        """Whether the key signed exactly this message, for this purpose."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if self.namespace != namespace.encode():
            return False
        what = _MAGIC + b"".join(
            map(
                _string,
                (
                    self.namespace,
                    self.reserved,
                    self.hash_name.encode(),
                    _HASHES[self.hash_name](message).digest(),
                ),
            )
        )
        if self.key.kind == HARDWARE:
            if not self.flags & _USER_PRESENT:
                return False
            head = hashlib.sha256(self.key.application).digest() + bytes([self.flags])
            what = head + self.counter.to_bytes(4, "big") + hashlib.sha256(what).digest()
        try:
            Ed25519PublicKey.from_public_bytes(self.key.point).verify(self.signed, what)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        """Armoured, as `ssh-keygen -Y verify` reads it; equal signatures are equal texts."""
        inner = _string(self.key.kind.encode()) + _string(self.signed)
        if self.key.kind == HARDWARE:
            inner += bytes([self.flags]) + self.counter.to_bytes(4, "big")
        parts = (self.key.blob, self.namespace, self.reserved, self.hash_name.encode(), inner)
        blob = _MAGIC + (1).to_bytes(4, "big") + b"".join(map(_string, parts))
        text = base64.b64encode(blob).decode()
        lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
        return "\n".join([_BEGIN, *lines, _END, ""])


def read_public_key(line: str) -> PublicKey:
    """The key of a line as in `id_ed25519.pub`: kind, base64, and a comment or none.

    Raises:
        SigningError: It is none, or of a kind that is not taken.
    """
    kind, _, rest = line.strip().partition(" ")
    try:
        if kind not in {PLAIN, HARDWARE}:
            raise SigningError("it is no key of the kind ed25519")
        reader = _Reader(_decode(rest.strip().partition(" ")[0]))
        key = _read_key(reader)
        reader.end()
        if key.kind != kind:
            raise SigningError(f"it says {kind} and holds {key.kind}")
    except SigningError as error:
        raise SigningError(
            f"'{line.strip()[:80]}' is not a public key that can be used: {error}. Give the line "
            f"of a .pub file that begins with {PLAIN} or {HARDWARE}; `ssh-keygen -t ed25519` "
            "makes one"
        ) from error
    return key


def read_signatures(text: str) -> list[Signature]:
    """The signatures of a file, one below the other; none in an empty one.

    Raises:
        SigningError: It holds something else, or a signature that cannot be used.
    """
    found: list[Signature] = []
    place = 0
    text = text.strip()
    while place < len(text):
        block = _BLOCK.match(text, place)
        if block is None:
            raise SigningError(
                f"what follows signature {len(found)} is no SSH signature"
                if found
                else f"it does not begin with a whole SSH signature ({_BEGIN})"
            )
        if len(found) == MOST_SIGNATURES:
            raise SigningError(f"it holds more than {MOST_SIGNATURES} signatures")
        try:
            found.append(_read_signature(_decode("".join(block.group(1).split()))))
        except SigningError as error:
            raise SigningError(f"signature {len(found) + 1} cannot be used: {error}") from error
        place = block.end()
    return found


def _read_signature(blob: bytes) -> Signature:
    reader = _Reader(blob)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
        raise SigningError("it is not of the form SSHSIG, version 1")
    key_reader = _Reader(reader.string())
    key = _read_key(key_reader)
    key_reader.end()
    namespace, reserved, hash_name = reader.string(), reader.string(), reader.string()
    inner = _Reader(reader.string())
    reader.end()
    if hash_name not in {name.encode() for name in _HASHES}:
        raise SigningError("its hash is neither sha256 nor sha512")
    if inner.string() != key.kind.encode():
        raise SigningError("it is of another kind than its key")
    signed, flags, counter = inner.string(), 0, 0
    if key.kind == HARDWARE:
        flags, counter = inner.take(1)[0], inner.number()
    inner.end()
    if len(signed) != 64:
        raise SigningError("it does not have the length of an ed25519 signature")
    return Signature(key, namespace, hash_name.decode(), signed, flags, counter, reserved)


def _read_key(reader: _Reader) -> PublicKey:
    kind = reader.string()
    if kind not in {PLAIN.encode(), HARDWARE.encode()}:
        raise SigningError("its key is not of the kind ed25519")
    point = reader.string()
    if len(point) != 32:
        raise SigningError("its key does not have the length of an ed25519 key")
    application = reader.string() if kind == HARDWARE.encode() else b""
    return PublicKey(kind.decode(), point, application)


class _Reader:
    """Takes the parts of OpenSSH's binary form, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, count: int) -> bytes:
        if self._place + count > len(self._data):
            raise SigningError("it ends too early")
        self._place += count
        return self._data[self._place - count : self._place]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def end(self) -> None:
        if self._place != len(self._data):
            raise SigningError("there is more behind its end")


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SigningError("it is not base64") from error
