"""A token in `Authorization: Bearer`: what nearly every sender can do.

It proves who knows the token, and nothing about the body: it needs TLS on the whole way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from airmend.errors import SignatureError
from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "an 'Authorization: Bearer' header"


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a token is configured."""
    return bool(secrets.bearer)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery carries a token."""
    return headers.get("authorization", "").strip().partition(" ")[0].lower() == "bearer"


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when the token is right; see `Scheme.prove`."""
    _, _, given = headers["authorization"].strip().partition(" ")
    known = [digests.to_bytes(token) for token in secrets.bearer]
    if not digests.any_equal(known, [digests.to_bytes(given.strip())]):
        raise SignatureError("the bearer token is wrong")


def sign(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The header of a sender that knows the token."""
    return {"authorization": f"Bearer {secret}"}
