"""Who sent this: a bearer token, or an HMAC signature after Standard Webhooks.

Called by intake, over the bytes as they came and before anything reads them. Source of the
rules: https://github.com/standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`.
That project's Python library reads the clock itself and decodes the body first, so the few
lines of the check are here; the tests compare the two.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from airmend.errors import ConfigurationError, SignatureError

TOLERANCE_SECONDS = 300
"""How far the time of signing may be from our clock, both ways."""

KEY_PREFIX = "whsec_"
_ACTIVE_LIMIT = 2
_KEY_BYTES_MINIMUM = 24
_SIGNATURES_LIMIT = 20
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class SourceSecrets:
    """What a sender may prove itself with; two of a kind while one takes the other's place."""

    bearer: tuple[str, ...] = field(default=(), repr=False)
    hmac: tuple[str, ...] = field(default=(), repr=False)  # as configured: whsec_<base64>


def parse_secrets(text: str) -> SourceSecrets:
    """Read secrets separated by white space; those that begin with `whsec_` are HMAC keys.

    Raises:
        ConfigurationError: A key is not base64 of at least 24 bytes, there are more than two
            of a kind, or one is not ASCII. The message holds no part of a secret.
    """
    words = text.split()
    if not text.isascii():
        raise ConfigurationError(
            "a secret of an alert source has characters beyond ASCII, which a header cannot "
            "carry; set another one"
        )
    keys = tuple(word for word in words if word.startswith(KEY_PREFIX))
    tokens = tuple(word for word in words if not word.startswith(KEY_PREFIX))
    for kind, found in (("signing keys", keys), ("bearer tokens", tokens)):
        if len(found) > _ACTIVE_LIMIT:
            raise ConfigurationError(
                f"{len(found)} {kind} are set for one alert source; remove the old ones, "
                f"at most {_ACTIVE_LIMIT} may be active"
            )
    for key in keys:
        _decode_key(key)
    return SourceSecrets(bearer=tokens, hmac=keys)


def prove_sender(
    secrets: SourceSecrets,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    *,
    source: str,
) -> None:
    """Return when the sender is proven; a signature, where keys are set for one, must be right.

    Args:
        secrets: What the source may prove itself with.
        headers: HTTP headers, names in lower case, values of any shape.
        body: The bytes as they came.
        now: Our clock, aware.
        source: Name of the source, for the message.

    Raises:
        SignatureError: No secret is set, no proof was sent, or the proof is wrong or stale.
    """
    if not secrets.bearer and not secrets.hmac:
        raise SignatureError(
            f"no secret is set for the source '{source}'; put one into the password of the "
            f"Airflow connection 'airmend_hook_{source}'"
        )
    if secrets.hmac and "webhook-signature" in headers:
        _prove_signature(secrets.hmac, headers, body, now)
    elif secrets.bearer and "authorization" in headers:
        _prove_token(secrets.bearer, headers["authorization"])
    else:
        accepted = [
            words
            for words, known in (
                ("an 'Authorization: Bearer' header", secrets.bearer),
                ("the Standard Webhooks headers", secrets.hmac),
            )
            if known
        ]
        raise SignatureError(f"the sender is not proven; send {' or '.join(accepted)}")


def sign_delivery(key: str, delivery_id: str, signed_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks for a body.

    Raises:
        ConfigurationError: The key is not base64 of at least 24 bytes.
    """
    timestamp = str(int(signed_at.timestamp()))
    digest = _sign(_decode_key(key), delivery_id, timestamp, body)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _prove_token(tokens: tuple[str, ...], header: str) -> None:
    scheme, _, given = header.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise SignatureError("the 'Authorization' header is not of the kind 'Bearer'")
    # every token is compared, so that the time taken says nothing about which one was close
    if not sum(_equal(_to_bytes(token), _to_bytes(given.strip())) for token in tokens):
        raise SignatureError("the bearer token is wrong")


def _prove_signature(
    keys: tuple[str, ...], headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    delivery_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not delivery_id or not timestamp:
        raise SignatureError("a signature needs the headers 'webhook-id' and 'webhook-timestamp'")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("the header 'webhook-timestamp' is not a number of seconds")
    age_seconds = now.astimezone(UTC).timestamp() - int(timestamp)
    if abs(age_seconds) > TOLERANCE_SECONDS:
        side = "old" if age_seconds > 0 else "far in the future"
        raise SignatureError(
            f"the signature is too {side}; sign at the time of sending and compare the clocks "
            f"(at most {TOLERANCE_SECONDS} seconds apart)"
        )
    given = headers["webhook-signature"].split()
    if len(given) > _SIGNATURES_LIMIT:
        raise SignatureError(f"more than {_SIGNATURES_LIMIT} signatures were sent")
    signatures = [_decode_signature(each) for each in given]
    wanted = [_sign(_decode_key(key), delivery_id, timestamp, body) for key in keys]
    if not sum(_equal(mine, theirs) for mine in wanted for theirs in signatures):
        raise SignatureError("the signature does not fit the body")


def _sign(key: bytes, delivery_id: str, timestamp: str, body: bytes) -> bytes:
    content = b".".join((_to_bytes(delivery_id), timestamp.encode(), body))
    return hmac.new(key, content, hashlib.sha256).digest()


def _decode_key(key: str) -> bytes:
    text = key.removeprefix(KEY_PREFIX)
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        decoded = b""
    if len(decoded) < _KEY_BYTES_MINIMUM:
        raise ConfigurationError(
            f"a signing key of an alert source is not base64 of at least {_KEY_BYTES_MINIMUM} "
            f"bytes after '{KEY_PREFIX}'; make one with: "
            f"echo {KEY_PREFIX}$(openssl rand -base64 32)"
        )
    return decoded


def _decode_signature(text: str) -> bytes:
    """The digest of a `v1` signature; nothing for other versions and for what is not base64."""
    version, _, encoded = text.partition(",")
    if version != "v1":
        return b""
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return b""


def _equal(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
