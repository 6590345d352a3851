"""A change as it was known when it was opened, and later its outcome: what a model learns from.

Made from a CSV by `reading` and from Airmend's own records by `own_records`; read by `features`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class PastChange:
    """One change with all its configuration items; times are aware.

    Names are those of the organisation that recorded it; "" where it said nothing.
    """

    id: str
    opened_at: datetime
    planned_start_at: datetime | None = None
    planned_end_at: datetime | None = None
    requested_end_at: datetime | None = None
    change_type: str = ""
    risk_assessment: str = ""
    emergency: str = ""
    board_approval: str = ""
    items: frozenset[str] = frozenset()
    item_types: frozenset[str] = frozenset()
    item_subtypes: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    extra: dict[str, frozenset[str]] = field(default_factory=dict)  # named by a mapping
    failed: bool | None = None  # None: not known, or not asked
    failed_known_at: datetime | None = None  # only where an incident says that it failed


def as_known_at(change: PastChange, at: datetime) -> PastChange:
    """A change with its outcome as it was known at a time: what came later is no failure yet."""
    if change.failed_known_at is None or change.failed_known_at < at:
        return change
    return replace(change, failed=False, failed_known_at=None)


def in_order(changes: Iterable[PastChange]) -> list[PastChange]:
    """The order in which they were opened; the id decides between equal times."""
    return sorted(changes, key=lambda change: (change.opened_at, change.id))


def digest_of(changes: Sequence[PastChange]) -> str:
    """64 hexadecimal digits that change when any value of any change does, in any order of them."""
    lines = sorted(json.dumps(_plain(change), sort_keys=True) for change in changes)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _plain(change: PastChange) -> dict[str, Any]:
    plain = {name: _plain_value(value) for name, value in asdict(change).items()}
    if change.failed_known_at is None:
        del plain["failed_known_at"]  # histories without incidents keep their digests
    return plain


def _plain_value(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, dict):
        return {name: sorted(each) for name, each in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
