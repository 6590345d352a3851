"""A user and a password in `Authorization: Basic` (RFC 7617), for senders that take no token.

It proves who knows the password, and nothing about the body: it needs TLS on the whole way.
Senders of which only an address can be set often take it as `https://user:password@host/...`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime

from airmend.errors import SignatureError
from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "an 'Authorization: Basic' header"


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a user and a password are configured."""
    return bool(secrets.basic)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether a delivery carries a user and a password."""
    return headers.get("authorization", "").strip().partition(" ")[0].lower() == "basic"


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when user and password are right; see `Scheme.prove`."""
    _, _, encoded = headers["authorization"].strip().partition(" ")
    known = [digests.to_bytes(pair) for pair in secrets.basic]
    if not digests.any_equal(known, [digests.read_base64(encoded.strip())]):
        raise SignatureError("the user or the password is wrong")


def sign(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """The header of a sender that knows `user:password`."""
    return {"authorization": f"Basic {base64.b64encode(digests.to_bytes(secret)).decode()}"}
