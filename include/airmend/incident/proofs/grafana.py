"""`X-Grafana-Alerting-Signature`: the hex HMAC of the body, or of `timestamp:body`.

The name is the one of Grafana's documentation and form; its code falls back to another one,
`X-Grafana-Alert-Signature`, where a contact point is made without the form.

Grafana signs a time where its field "Timestamp Header" is filled in. It has no name of its own
for that header; `X-Grafana-Alerting-Timestamp` is the one that its examples use, and
`timestamp_header` in the connection names another. A signature with a time holds five minutes.
Where the connection names the header, a signature without a time is refused.

Taking the header for signed whenever it is there opens nothing: what was signed without a time
does not fit once one is put before it, and the other way round, since JSON begins with no digit
and colon. Sources: Grafana's page on its webhook notifier; grafana/alerting, `http/hmac.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from airmend.errors import SignatureError
from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "an 'X-Grafana-Alerting-Signature' header"
TIMESTAMP_HEADER = "x-grafana-alerting-timestamp"

_HEADERS = ("x-grafana-alerting-signature", "x-grafana-alert-signature")


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a signing secret is configured."""
    return bool(secrets.signing)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery carries such a signature."""
    return any(header in headers for header in _HEADERS)


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when the signature is right, and not stale where it has a time; see `Scheme.prove`."""
    name = secrets.timestamp_header or TIMESTAMP_HEADER
    content: tuple[bytes, ...] = (body,)
    if name in headers:
        timestamp = headers[name].strip()
        digests.check_signing_time(name, timestamp, now)
        content = (timestamp.encode(), b":", body)
    elif secrets.timestamp_header:
        raise SignatureError(f"a signature needs the header '{name}'")
    wanted = [digests.sign(secret, *content) for secret in secrets.signing]
    for header in _HEADERS:
        if header in headers:
            digests.check_signatures(wanted, [digests.read_hex(headers[header].strip())])


def sign(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a Grafana that signs a time."""
    timestamp = str(int(now.timestamp()))
    digest = digests.sign(secret, timestamp.encode(), b":", body)
    return {
        "X-Grafana-Alerting-Timestamp": timestamp,
        "X-Grafana-Alerting-Signature": digest.hex(),
    }
