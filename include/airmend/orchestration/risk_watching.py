"""Is the risk model in use still the right one? Looked at once a day, and told as an alert.

An alert of Airmend's own comes in like any other: it opens an incident that people get, repeats
while the limits are passed, and is resolved when they are not any more. Safe to repeat: the same
finding is a repeat of the same alert. Imports nothing of Airflow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from airmend.change.learning.drift import Drift, check_drift
from airmend.change.learning.store import ModelStore, Use
from airmend.change.model import FAILED_CHANGE_STATUSES, ChangeRequest, ChangeStatus
from airmend.incident.model import OWN_SOURCE, Alert, AlertStatus, Severity
from airmend.records.database import Database
from airmend.records.history import changes_since
from airmend.records.recurrences import find_recurred
from airmend.settings import Settings

LOOKS_BACK = timedelta(days=90)
"""Changes that were asked for since then are compared with what the model learned from."""

ALERT_NAME = "RiskModelDrift"


def watch_model(database: Database, settings: Settings, now: datetime) -> tuple[Use, Drift] | None:
    """Compare what the model in use says now with what it said when it was trained.

    Returns:
        Which model it is, and what was measured; None where no model is in use.

    Raises:
        ConfigurationError: Its card cannot be read.
    """
    store = ModelStore(settings.risk_models_path)
    uses = store.uses()
    if not uses:
        return None
    card = store.card(uses[-1].version)
    with database.session() as session:
        changes = changes_since(session, now - LOOKS_BACK)
        recurred = find_recurred(session, [change.id for change in changes])
    said = _what_it_said(changes, card.version)
    judged = [
        (probability, change.status in FAILED_CHANGE_STATUSES or change.id in recurred)
        for change, probability in said
        if change.status in FAILED_CHANGE_STATUSES or change.status is ChangeStatus.SUCCEEDED
    ]
    return uses[-1], check_drift(card, [probability for _, probability in said], judged)


def _what_it_said(
    changes: Sequence[ChangeRequest], version: str
) -> list[tuple[ChangeRequest, float]]:
    return [
        (change, change.risk.learned.probability)
        for change in changes
        if change.risk is not None
        and change.risk.learned is not None
        and change.risk.learned.model_version == version
    ]


def make_alert(use: Use, drift: Drift, now: datetime) -> Alert:
    """What is told of a model: firing while a limit is passed, resolved otherwise."""
    return Alert(
        source=OWN_SOURCE,
        name=ALERT_NAME,
        status=AlertStatus.FIRING if drift.breaches else AlertStatus.RESOLVED,
        severity=Severity.WARNING,
        fingerprint=hashlib.sha256(ALERT_NAME.encode()).hexdigest(),
        service=OWN_SOURCE,
        summary=drift.breaches[0] if drift.breaches else f"risk model {use.version} fits again",
        description="\n".join(drift.breaches[1:]),
        labels={"alertname": ALERT_NAME, "model": use.version, "mode": use.mode.value},
        starts_at=now if drift.breaches else None,
        ends_at=None if drift.breaches else now,
    )
