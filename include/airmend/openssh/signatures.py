"""OpenSSH's signatures, as `ssh-keygen -Y sign` and git make them.

Pure. The forms are those of OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f; to make a signature is
left to ssh-keygen, which knows agents, passphrases and security keys.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field

from airmend.errors import SigningError
from airmend.openssh.keys import PublicKey, read_key
from airmend.openssh.kinds import KINDS
from airmend.openssh.wire import Reader, decode_base64, pack

MOST_SIGNATURES = 20
"""In one file."""

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_BLOCK = re.compile(rf"\s*{_BEGIN}([A-Za-z0-9+/=\s]{{1,4000}}){_END}\s*")
_MAGIC = b"SSHSIG"
_HASHES = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
_USER_PRESENT = 0x01  # somebody touched the security key
_LINE = 70  # as OpenSSH wraps


@dataclass(frozen=True)
class Signature:
    """One signature, with the key that says it made it; it proves nothing before `covers`."""

    key: PublicKey
    namespace: bytes
    hash_name: str
    algorithm: str
    signed: bytes = field(repr=False)
    flags: int = 0  # these two of a security key
    counter: int = 0
    reserved: bytes = field(default=b"", repr=False)

    def covers(self, message: bytes, namespace: str) -> bool:
        """Whether the key signed exactly this message, for this purpose."""
        if self.namespace != namespace.encode():
            return False
        digest = _HASHES[self.hash_name](message).digest()
        what = _MAGIC + pack(self.namespace, self.reserved, self.hash_name.encode(), digest)
        if self.key.in_hardware:
            if not self.flags & _USER_PRESENT:
                return False
            head = hashlib.sha256(self.key.application).digest() + bytes([self.flags])
            what = head + self.counter.to_bytes(4, "big") + hashlib.sha256(what).digest()
        return self.key.signed(what, self.signed, self.algorithm)

    def __str__(self) -> str:
        """Armoured, as `ssh-keygen -Y verify` reads it; equal signatures are equal texts."""
        inner = pack(self.algorithm.encode(), self.signed)
        if self.key.in_hardware:
            inner += bytes([self.flags]) + self.counter.to_bytes(4, "big")
        parts = (self.key.blob, self.namespace, self.reserved, self.hash_name.encode(), inner)
        text = base64.b64encode(_MAGIC + (1).to_bytes(4, "big") + pack(*parts)).decode()
        lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
        return "\n".join([_BEGIN, *lines, _END, ""])


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
            found.append(_read_signature(decode_base64("".join(block.group(1).split()))))
        except SigningError as error:
            raise SigningError(f"signature {len(found) + 1} cannot be used: {error}") from error
        place = block.end()
    return found


def _read_signature(blob: bytes) -> Signature:
    reader = Reader(blob)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
        raise SigningError("it is not of the form SSHSIG, version 1")
    key = read_key(reader.string())
    namespace, reserved, hash_name = reader.string(), reader.string(), reader.string()
    inner = Reader(reader.string())
    reader.end()
    if hash_name not in {name.encode() for name in _HASHES}:
        raise SigningError("its hash is neither sha256 nor sha512")
    algorithm = inner.string().decode("ascii", errors="replace")
    if algorithm == key.kind == "ssh-rsa":
        raise SigningError("it is made with SHA-1, which proves nothing any more")
    if algorithm not in KINDS[key.kind].algorithms:
        raise SigningError("it is of another kind than its key")
    signed, flags, counter = inner.string(), 0, 0
    if key.in_hardware:
        flags, counter = inner.take(1)[0], inner.number()
    inner.end()
    return Signature(
        key, namespace, hash_name.decode(), algorithm, signed, flags, counter, reserved
    )
