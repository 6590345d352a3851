"""A small shop as a graph, and signals on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airmend.incident.service_graph import ItemGraph
from airmend.incident.signals import Signal

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

SHOP = ItemGraph(
    needs={
        "frontend": ["checkout", "catalogue"],
        "checkout": ["payment"],
        "payment": ["ledger"],
        "frontend-0": ["node-1"],
        "frontend-1": ["node-2"],
        "checkout-0": ["node-1"],
        "checkout-1": ["node-2"],
        "payment-0": ["node-1"],
        "payment-1": ["node-2"],
        "payment-2": ["node-2"],
        "mail-0": ["node-9"],  # another system
    },
    parts={
        "frontend": ["frontend-0", "frontend-1"],
        "checkout": ["checkout-0", "checkout-1"],
        "payment": ["payment-0", "payment-1", "payment-2"],
        "mail": ["mail-0"],
    },
    items=["printer"],
)
"""frontend -> checkout -> payment -> ledger, frontend -> catalogue; mail and printer are apart."""


def signal_at(seconds: float, item: str | None = "checkout", **override: Any) -> Signal:
    """A signal so many seconds after `AT`, on an item that is named as a service."""
    fields: dict[str, Any] = {
        "name": "HighLatency",
        "service": item,
        "host": None,
        "at": AT + timedelta(seconds=seconds),
        "labels": {},
    } | override
    fields.setdefault("fingerprint", f"{item}/{fields['name']}")
    return Signal(**fields)
