"""`Sentry-Hook-Signature`: the hex HMAC of the body with the integration's client secret.

`Sentry-Hook-Timestamp` is not part of what is signed, so that it proves nothing.
Source: https://docs.sentry.io/organization/integrations/integration-platform/webhooks/.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "a 'Sentry-Hook-Signature' header"

_HEADER = "sentry-hook-signature"


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a client secret is configured."""
    return bool(secrets.signing)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery carries such a signature."""
    return _HEADER in headers


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when the signature is right; see `Scheme.prove`."""
    wanted = [digests.sign(secret, body) for secret in secrets.signing]
    digests.check_signatures(wanted, [digests.read_hex(headers[_HEADER].strip())])


def sign(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The header of a sender that knows the client secret."""
    return {"Sentry-Hook-Signature": digests.sign(secret, body).hex()}
