"""The kinds of keys that are taken, and how each verifies.

RFC 8709 (ed25519), RFC 5656 (ECDSA), RFC 8332 (RSA with SHA-2) and OpenSSH's PROTOCOL.u2f
(security keys). What OpenSSH itself calls too weak is not taken: DSA, SHA-1, short RSA keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airmend.errors import SigningError
from airmend.openssh.wire import Reader, read_natural

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

RSA_BITS = range(3072, 8192 + 1)
_EXPONENT_BITS = 32  # a longer one makes a signature of a stranger slow to look at

_COORDINATE = {"nistp256": 32, "nistp384": 48, "nistp521": 66}

Parts = Sequence[bytes]


@dataclass(frozen=True)
class Kind:
    """One kind of key.

    Args:
        size: How many parts a public key has behind its kind.
        check: Raises where they are no key of this kind that is taken.
        verify: Key, algorithm, signature and message; raises where the key did not sign it.
        algorithms: Of signatures; the kind itself where there is no choice.
        in_hardware: In a security key, whose last part says what it is for.
    """

    size: int
    check: Callable[[Parts], None]
    verify: Callable[[Parts, str, bytes, bytes], None]
    algorithms: tuple[str, ...]
    in_hardware: bool = False


def _check_ed25519(parts: Parts) -> None:
    if len(parts[0]) != 32:
        raise SigningError("its key does not have the length of an ed25519 key")


def _verify_ed25519(parts: Parts, _algorithm: str, signed: bytes, message: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(parts[0]).verify(signed, message)


def _check_ecdsa(curve: str) -> Callable[[Parts], None]:
    def check(parts: Parts) -> None:
        name, point = parts[:2]
        if name != curve.encode():
            raise SigningError(f"its key is not on the curve {curve}")
        if len(point) != 1 + 2 * _COORDINATE[curve] or point[0] != 4:
            raise SigningError(f"its key does not have the form of a point of {curve}")

    return check


def _verify_ecdsa(parts: Parts, _algorithm: str, signed: bytes, message: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    methods: dict[bytes, tuple[ec.EllipticCurve, HashAlgorithm]] = {
        b"nistp256": (ec.SECP256R1(), hashes.SHA256()),
        b"nistp384": (ec.SECP384R1(), hashes.SHA384()),
        b"nistp521": (ec.SECP521R1(), hashes.SHA512()),
    }
    curve, digest = methods[parts[0]]
    reader = Reader(signed)
    pair = [read_natural(reader.string()) for _ in range(2)]
    reader.end()
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, parts[1])
    key.verify(encode_dss_signature(*pair), message, ec.ECDSA(digest))


def _check_rsa(parts: Parts) -> None:
    exponent, modulus = map(read_natural, parts)
    if modulus.bit_length() not in RSA_BITS:
        raise SigningError(
            f"its RSA key has {modulus.bit_length()} bits, and those of {RSA_BITS[0]} to "
            f"{RSA_BITS[-1]} are taken"
        )
    if exponent.bit_length() > _EXPONENT_BITS:
        raise SigningError("its RSA key has an exponent that nobody uses")


def _verify_rsa(parts: Parts, algorithm: str, signed: bytes, message: bytes) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    digest = hashes.SHA256() if algorithm == "rsa-sha2-256" else hashes.SHA512()
    key = rsa.RSAPublicNumbers(*map(read_natural, parts)).public_key()
    key.verify(signed, message, padding.PKCS1v15(), digest)


def _ecdsa(curve: str) -> tuple[str, Kind]:
    name = f"ecdsa-sha2-{curve}"
    return name, Kind(2, _check_ecdsa(curve), _verify_ecdsa, (name,))


_SK_ED25519, _SK_ECDSA = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"

KINDS: dict[str, Kind] = {
    "ssh-ed25519": Kind(1, _check_ed25519, _verify_ed25519, ("ssh-ed25519",)),
    _SK_ED25519: Kind(2, _check_ed25519, _verify_ed25519, (_SK_ED25519,), in_hardware=True),
    **dict(map(_ecdsa, _COORDINATE)),
    _SK_ECDSA: Kind(3, _check_ecdsa("nistp256"), _verify_ecdsa, (_SK_ECDSA,), in_hardware=True),
    "ssh-rsa": Kind(2, _check_rsa, _verify_rsa, ("rsa-sha2-256", "rsa-sha2-512")),
}
"""By the word that a line of a .pub file begins with."""
