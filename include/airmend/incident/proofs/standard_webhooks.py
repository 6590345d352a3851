"""HMAC after Standard Webhooks: id, time and body are signed, in three headers.

Source of the rules: https://github.com/standard-webhooks/standard-webhooks,
`spec/standard-webhooks.md`. That project's Python library reads the clock itself and decodes
the body first, so the few lines of the check are here; the tests compare the two.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime

from airmend.errors import SignatureError
from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "the headers of Standard Webhooks"


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a key is configured."""
    return bool(secrets.hmac)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery carries such a signature."""
    return "webhook-signature" in headers


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when the signature is right and at most five minutes old; see `Scheme.prove`."""
    delivery_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not delivery_id or not timestamp:
        raise SignatureError("a signature needs the headers 'webhook-id' and 'webhook-timestamp'")
    digests.check_signing_time("webhook-timestamp", timestamp, now)
    given = [_read_signature(each) for each in headers["webhook-signature"].split()]
    digests.check_signatures(
        [_sign(key, delivery_id, timestamp, body) for key in secrets.hmac], given
    )


def sign_delivery(key: str, delivery_id: str, signed_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks for a body.

    Raises:
        ConfigurationError: The key is not base64 of at least 24 bytes.
    """
    timestamp = str(int(signed_at.timestamp()))
    digest = _sign(key, delivery_id, timestamp, body)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _sign(key: str, delivery_id: str, timestamp: str, body: bytes) -> bytes:
    content = b".".join((digests.to_bytes(delivery_id), timestamp.encode(), body))
    return digests.sign_with_key(digests.decode_key(key), content)


def _read_signature(text: str) -> bytes:
    """The digest of a `v1` signature; nothing for other versions and for what is not base64."""
    version, _, encoded = text.partition(",")
    return digests.read_base64(encoded) if version == "v1" else b""
