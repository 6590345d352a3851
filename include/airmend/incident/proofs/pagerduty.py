"""`X-PagerDuty-Signature`: `v1=` and the hex HMAC of the body, once per secret, with commas.

No time is signed: a delivery that is sent again is known by the `event.id` in its body.
Source: https://developer.pagerduty.com/docs/verifying-webhook-signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "an 'X-PagerDuty-Signature' header"

_HEADER = "x-pagerduty-signature"
_PREFIX = "v1="


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a signing secret is configured."""
    return bool(secrets.signing)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery carries such a signature."""
    return _HEADER in headers


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when one of the signatures of version 1 is right; see `Scheme.prove`."""
    texts = [each.strip() for each in headers[_HEADER].split(",")]
    given = [
        digests.read_hex(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) else b""
        for text in texts
    ]
    digests.check_signatures([digests.sign(secret, body) for secret in secrets.signing], given)


def sign(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The header of a sender that knows the secret."""
    return {"X-PagerDuty-Signature": f"{_PREFIX}{digests.sign(secret, body).hex()}"}
