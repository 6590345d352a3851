"""Public keys, as the lines of OpenSSH's .pub files hold them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from airmend.errors import SigningError
from airmend.openssh.kinds import KINDS
from airmend.openssh.wire import Reader, decode_base64, pack


@dataclass(frozen=True)
class PublicKey:
    """A public key: its kind, and the parts that OpenSSH's form has behind it."""

    kind: str
    parts: tuple[bytes, ...]

    @property
    def blob(self) -> bytes:
        """The bytes that OpenSSH's base64 stands for."""
        return pack(self.kind.encode(), *self.parts)

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it: SHA256:..."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    @property
    def in_hardware(self) -> bool:
        """Whether its private half is in a security key."""
        return KINDS[self.kind].in_hardware

    @property
    def application(self) -> bytes:
        """What a security key has it for; empty for others."""
        return self.parts[-1] if self.in_hardware else b""

    def signed(self, message: bytes, signature: bytes, algorithm: str) -> bool:
        """Whether this key made a signature of exactly this message."""
        from cryptography.exceptions import InvalidSignature

        try:
            KINDS[self.kind].verify(self.parts, algorithm, signature, message)
        except (InvalidSignature, SigningError, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


def read_public_key(line: str) -> PublicKey:
    """The key of a line as in `id_ed25519.pub`: kind, base64, and a comment or none.

    Raises:
        SigningError: It is none, or of a kind that is not taken.
    """
    kind, _, rest = line.strip().partition(" ")
    try:
        if kind not in KINDS:
            raise SigningError("it is of no kind that is taken")
        key = read_key(decode_base64(rest.strip().partition(" ")[0]))
        if key.kind != kind:
            raise SigningError(f"it says {kind} and holds {key.kind}")
    except SigningError as error:
        raise SigningError(
            f"'{line.strip()[:80]}' is not a public key that can be used: {error}. Give the line "
            f"of a .pub file that begins with {', '.join(KINDS)}; `ssh-keygen -t ed25519` makes one"
        ) from error
    return key


def read_key(blob: bytes) -> PublicKey:
    """The key in OpenSSH's binary form.

    Raises:
        SigningError: It is none, or none that is taken.
    """
    reader = Reader(blob)
    name = reader.string().decode("ascii", errors="replace")
    kind = KINDS.get(name)
    if kind is None:
        raise SigningError("its key is of no kind that is taken")
    parts = tuple(reader.string() for _ in range(kind.size))
    reader.end()
    kind.check(parts)
    return PublicKey(name, parts)
