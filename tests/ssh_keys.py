"""Keys of people who sign, and signatures as OpenSSH makes them, without a process of its own.

Written from OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f and not with the code under test;
tests/integration/runbook/test_signing.py holds both against ssh-keygen itself.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from airmend.runbook.model import SIGNATURE_NAMESPACE, RunbookVersion

Private = Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
RSA_HASHES: dict[str, hashes.HashAlgorithm] = {
    "ssh-rsa": hashes.SHA1(),  # noqa: S303 -- what is not taken
    "rsa-sha2-256": hashes.SHA256(),
    "rsa-sha2-512": hashes.SHA512(),
}


def pack(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n"


def unarmour(text: str) -> bytes:
    return base64.b64decode("".join(text.splitlines()[1:-1]))


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def mpint(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


@dataclass(frozen=True)
class Person:
    """Somebody with a key: of ed25519, of a curve's name, or of a number of bits of RSA.

    With an application, it is in a security key.
    """

    name: str
    number: int
    application: bytes = b""
    method: str | int = "ed25519"

    @property
    def private(self) -> Private:
        if self.method == "ed25519":
            return Ed25519PrivateKey.from_private_bytes(bytes([self.number]) * 32)
        if isinstance(self.method, int):
            return rsa_key(self.method)
        curve, _ = CURVES[self.method]
        secret = int.from_bytes(bytes([self.number]) * (curve.key_size // 8), "big")
        return ec.derive_private_key(secret, curve)

    @property
    def kind(self) -> str:
        if isinstance(self.method, int):
            return "ssh-rsa"
        plain = "ssh-ed25519" if self.method == "ed25519" else f"ecdsa-sha2-{self.method}"
        return f"sk-{plain}@openssh.com" if self.application else plain

    @property
    def blob(self) -> bytes:
        parts = [self.kind.encode()]
        match self.private:
            case Ed25519PrivateKey() as key:
                parts.append(key.public_key().public_bytes_raw())
            case rsa.RSAPrivateKey() as key:
                numbers = key.public_key().public_numbers()
                parts += [mpint(numbers.e), mpint(numbers.n)]
            case ec.EllipticCurvePrivateKey() as key:
                encoding = serialization.Encoding.X962
                form = serialization.PublicFormat.UncompressedPoint
                parts.append(str(self.method).encode())
                parts.append(key.public_key().public_bytes(encoding, form))
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
        algorithm: str = "rsa-sha2-512",
    ) -> str:
        """A signature, armoured; the algorithm is for RSA, which has several."""
        digest = hashlib.new(hash_name, message).digest()
        head = pack(namespace.encode(), b"", hash_name.encode())
        what = b"SSHSIG" + head + pack(digest)
        if self.application:
            tail = bytes([flags]) + (7).to_bytes(4, "big")
            what = hashlib.sha256(self.application).digest() + tail + hashlib.sha256(what).digest()
        match self.private:
            case Ed25519PrivateKey() as key:
                inner = pack(self.kind.encode(), key.sign(what))
            case rsa.RSAPrivateKey() as key:
                inner = pack(
                    algorithm.encode(), key.sign(what, padding.PKCS1v15(), RSA_HASHES[algorithm])
                )
            case ec.EllipticCurvePrivateKey() as key:
                _, hash_of_curve = CURVES[str(self.method)]
                pair = decode_dss_signature(
                    key.sign(what, ec.ECDSA(hash_of_curve, deterministic_signing=True))
                )
                inner = pack(self.kind.encode(), pack(*map(mpint, pair)))
        if self.application:
            inner += tail
        return armour(b"SSHSIG\0\0\0\1" + pack(self.blob) + head + pack(inner))

    def sign_version(self, version: RunbookVersion) -> str:
        return self.sign(version.statement().encode())


OLGA = Person("olga", 1)
PETER = Person("peter", 2)
MALLORY = Person("mallory", 3)
TOUCH = Person("touch", 4, b"ssh:")
TOUCH_EC = Person("touch-ec", 5, b"ssh:", "nistp256")
ELLEN_256 = Person("ellen-256", 6, method="nistp256")
ELLEN_384 = Person("ellen-384", 7, method="nistp384")
ELLEN_521 = Person("ellen-521", 8, method="nistp521")
RITA = Person("rita", 9, method=3072)

EVERY_KIND = [OLGA, TOUCH, TOUCH_EC, ELLEN_256, ELLEN_384, ELLEN_521, RITA]


def trust(*people: Person) -> dict[str, str]:
    """`trusted_keys` of a policy."""
    return {person.name: person.line for person in people}
