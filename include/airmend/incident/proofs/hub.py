"""`X-Hub-Signature-256` and `X-Hub-Signature`: GitHub's form, which Jira and others took over.

The value is `sha256=` and the hex HMAC of the body. GitHub also sends the older header with
`sha1=`, which is not looked at; Jira sends the older header with `sha256=`. No time is signed.
Sources: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries,
https://developer.atlassian.com/cloud/jira/platform/webhooks/ (secure admin webhooks).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "an 'X-Hub-Signature-256' or 'X-Hub-Signature' header with sha256="

_HEADERS = ("x-hub-signature-256", "x-hub-signature")
_PREFIX = "sha256="


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a signing secret is configured."""
    return bool(secrets.signing)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery carries such a signature."""
    return any(name in headers for name in _HEADERS)


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when each SHA-256 signature is right, and there is one; see `Scheme.prove`."""
    texts = [headers[name].strip() for name in _HEADERS if name in headers]
    # GitHub's sha1= beside the right one is neither proof nor a reason to refuse
    strong = [text for text in texts if text.startswith(_PREFIX)] or [""]
    wanted = [digests.sign(secret, body) for secret in secrets.signing]
    for text in strong:
        digests.check_signatures(wanted, [digests.read_hex(text.removeprefix(_PREFIX))])


def sign(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The header of a sender that knows the secret."""
    return {"X-Hub-Signature-256": f"{_PREFIX}{digests.sign(secret, body).hex()}"}
