"""What of a record is hashed: canonical JSON (RFC 8785), with salted hashes for personal data.

Pure. A leaf says its place in the log, so that a record that is moved no longer fits its hash.
Fields that may name a person are in it as HMAC-SHA256 under a salt of their own: whoever has
value and salt can check them, and once the salt is removed nobody can guess the value.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import rfc8785

from airmend.audit.merkle import hash_leaf

SALT_SIZE = 16

_EXACT = 2**53 - 1
"""RFC 8785 knows the numbers of JavaScript alone: integers up to here."""


def canonical_json(value: Any) -> bytes:
    """The one way to write a value as JSON.

    Times are written as UTC. Numbers that JavaScript does not have, as senders put them into
    what they send, are written as `{"$number": "1700000000000000000"}`.
    """
    return rfc8785.dumps(_plain(value))


def hash_personal(salt: bytes, field: str, value: Any) -> bytes:
    """The salted hash of one personal field."""
    return hmac.digest(salt, field.encode() + b"\x00" + canonical_json(value), hashlib.sha256)


def leaf_document(
    position: int,
    kind: str,
    key: str,
    sealed_at: datetime,
    record: Mapping[str, Any],
    personal: Mapping[str, bytes],
) -> dict[str, Any]:
    """What a leaf of the log says.

    Args:
        position: Its place, from 0.
        kind: Of the record.
        key: Which one of its kind.
        sealed_at: When it was put into the log.
        record: Its fields without the personal ones.
        personal: The salted hashes of these.
    """
    return {
        "position": position,
        "kind": kind,
        "key": key,
        "sealed_at": write_time(sealed_at),
        "record": _plain(record),
        "personal": {field: digest.hex() for field, digest in personal.items()},
    }


def hash_document(document: Mapping[str, Any]) -> bytes:
    """The leaf hash of such a document."""
    return hash_leaf(rfc8785.dumps(dict(document)))


def write_time(at: datetime) -> str:
    """A time as leaves write it."""
    return at.astimezone(UTC).isoformat()


def _plain(value: Any) -> Any:
    """The value in the types of JSON, and numbers in the range of RFC 8785."""
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, int):
        return value if -_EXACT <= value <= _EXACT else {"$number": str(value)}
    if isinstance(value, float):
        return {"$number": repr(value)} if _is_odd(value) else value
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value]


def _is_odd(value: float) -> bool:
    """Whether a number has no form, or one that would be read as an integer out of range."""
    return not math.isfinite(value) or _EXACT < abs(value) < 1e21
