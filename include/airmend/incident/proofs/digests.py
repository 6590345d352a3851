"""HMAC-SHA256 in the forms that vendors send it in, read without trust.

Used by the schemes of this package. What is not a digest becomes empty bytes, which fit
nothing: a header of any shape is a wrong proof and never an error of another kind. Secrets and
digests are compared in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from airmend.errors import ConfigurationError, SignatureError

TOLERANCE_SECONDS = 300
"""How far a signed time may be from our clock, both ways."""

KEY_PREFIX = "whsec_"
SIGNATURES_LIMIT = 20
"""Signatures of one delivery; vendors send two while one secret takes the other's place."""

_KEY_BYTES_MINIMUM = 24
_DIGEST_BYTES = hashlib.sha256().digest_size
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def sign(secret: str, *content: bytes) -> bytes:
    """The HMAC-SHA256 of some content with a secret that is text, as a vendor shows it."""
    return sign_with_key(to_bytes(secret), *content)


def sign_with_key(key: bytes, *content: bytes) -> bytes:
    """The HMAC-SHA256 of some content, one part after the other."""
    return hmac.digest(key, b"".join(content), "sha256")


def to_bytes(text: str) -> bytes:
    """A header's text as bytes, also where it holds what no header should."""
    return text.encode("utf-8", "surrogatepass")


def read_hex(text: str) -> bytes:
    """The SHA-256 digest that 64 hexadecimal digits stand for; nothing for anything else."""
    try:
        decoded = binascii.unhexlify(text)
    except ValueError:
        return b""
    return decoded if len(decoded) == _DIGEST_BYTES else b""


def read_base64(text: str) -> bytes:
    """The bytes that base64 stands for; nothing for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def decode_key(key: str) -> bytes:
    """The bytes of a `whsec_` key.

    Raises:
        ConfigurationError: It is not base64 of at least 24 bytes. The message holds no part of it.
    """
    text = key.removeprefix(KEY_PREFIX)
    decoded = read_base64(text + "=" * (-len(text) % 4))
    if len(decoded) < _KEY_BYTES_MINIMUM:
        raise ConfigurationError(
            f"a signing key of an alert source is not base64 of at least {_KEY_BYTES_MINIMUM} "
            f"bytes after '{KEY_PREFIX}'; make one with: "
            f"echo {KEY_PREFIX}$(openssl rand -base64 32)"
        )
    return decoded


def any_equal(known: Iterable[bytes], given: Sequence[bytes]) -> bool:
    """Whether something given is something known.

    Each is compared with each, and none of the comparisons ends early, so that the time taken
    says nothing about which one was close.
    """
    return sum(hmac.compare_digest(mine, theirs) for mine in known for theirs in given) > 0


def check_signatures(wanted: Iterable[bytes], given: Sequence[bytes]) -> None:
    """Return when a signature fits.

    Raises:
        SignatureError: None does, or there are too many to look at.
    """
    if len(given) > SIGNATURES_LIMIT:
        raise SignatureError(f"more than {SIGNATURES_LIMIT} signatures were sent")
    if not any_equal(wanted, given):
        raise SignatureError("the signature does not fit the body")


def check_signing_time(header: str, text: str, now: datetime) -> None:
    """Return when a signed time is close to our clock.

    Args:
        header: Where it stood, for the message.
        text: Seconds since 1970, as they came.
        now: Our clock, aware.

    Raises:
        SignatureError: It is no such number, or too far away.
    """
    if not _TIMESTAMP.fullmatch(text):
        raise SignatureError(f"the header '{header}' is not a number of seconds")
    age_seconds = now.astimezone(UTC).timestamp() - int(text)
    if abs(age_seconds) > TOLERANCE_SECONDS:
        side = "old" if age_seconds > 0 else "far in the future"
        raise SignatureError(
            f"the signature is too {side}; sign at the time of sending and compare the clocks "
            f"(at most {TOLERANCE_SECONDS} seconds apart)"
        )
