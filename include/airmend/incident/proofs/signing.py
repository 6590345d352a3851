"""How each sender proves itself: the other side of the schemes, for `airmend send` and tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from airmend.incident.proofs import basic, bearer, grafana, hub, pagerduty, sentry

SIGNERS: dict[str, Callable[[str, bytes, datetime], dict[str, str]]] = {
    "basic": basic.sign,
    "bearer": bearer.sign,
    "grafana": grafana.sign,
    "hub": hub.sign,
    "pagerduty": pagerduty.sign,
    "sentry": sentry.sign,
}
"""The headers that prove a sender, from its secret, the body and the time, by the scheme's name.
Standard Webhooks also signs an id: `standard_webhooks.sign_delivery`."""
