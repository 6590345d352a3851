"""Keys of people who sign, and signatures as OpenSSH makes them, without a process of its own.

Written from OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f and not with the code under test;
tests/integration/runbook/test_signing.py holds both against ssh-keygen itself.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from airmend.runbook.model import SIGNATURE_NAMESPACE, RunbookVersion

HARDWARE = "sk-ssh-ed25519@openssh.com"


def pack(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n"


def unarmour(text: str) -> bytes:
    return base64.b64decode("".join(text.splitlines()[1:-1]))


@dataclass(frozen=True)
class Person:
    """Somebody with a key; with an application, it is in a security key."""

    name: str
    number: int
    application: bytes = b""

    @property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes([self.number]) * 32)

    @property
    def kind(self) -> str:
        return HARDWARE if self.application else "ssh-ed25519"

    @property
    def blob(self) -> bytes:
        parts = [self.kind.encode(), self.private.public_key().public_bytes_raw()]
        return pack(*parts, *([self.application] if self.application else []))

    @property
    def line(self) -> str:
        """As in id_ed25519.pub."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()} {self.name}@example.com"

    @property
    def fingerprint(self) -> str:
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().strip("=")

    @property
    def private_file(self) -> bytes:
        """As in id_ed25519."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )

    def sign(
        self,
        message: bytes,
        namespace: str = SIGNATURE_NAMESPACE,
        hash_name: str = "sha512",
        flags: int = 1,
    ) -> str:
        """A signature, armoured."""
        digest = hashlib.new(hash_name, message).digest()
        head = pack(namespace.encode(), b"", hash_name.encode())
        what = b"SSHSIG" + head + pack(digest)
        if self.application:
            tail = bytes([flags]) + (7).to_bytes(4, "big")
            what = hashlib.sha256(self.application).digest() + tail + hashlib.sha256(what).digest()
        inner = pack(self.kind.encode(), self.private.sign(what))
        if self.application:
            inner += tail
        return armour(b"SSHSIG\0\0\0\1" + pack(self.blob) + head + pack(inner))

    def sign_version(self, version: RunbookVersion) -> str:
        return self.sign(version.statement().encode())


OLGA = Person("olga", 1)
PETER = Person("peter", 2)
MALLORY = Person("mallory", 3)
TOUCH = Person("touch", 4, b"ssh:")


def trust(*people: Person) -> dict[str, str]:
    """`trusted_keys` of a policy."""
    return {person.name: person.line for person in people}
