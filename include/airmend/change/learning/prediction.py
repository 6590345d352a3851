"""A change of Airmend's own in the words of a history, and what a model says of it.

The one door for those who decide: a probability with everything that it was made from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airmend.change.learning.features import Features
from airmend.change.learning.past_change import PastChange, in_order
from airmend.change.learning.reading import History
from airmend.change.model import FAILED_CHANGE_STATUSES, ChangeRequest, ChangeStatus

if TYPE_CHECKING:
    from airmend.change.learning.fitting import RiskModel

_OUTCOMES = FAILED_CHANGE_STATUSES | {ChangeStatus.SUCCEEDED}
_COLUMNS = {
    "id": "id",
    "opened_at": "requested_at",
    "change_type": "runbook_id",
    "risk_assessment": "change_type",
    "items": "targets",
    "services": "service",
    "failed": "status",
}


@dataclass(frozen=True)
class LearnedRisk:
    """What a model said of a change, with what is needed to say it again."""

    model_version: str
    probability: float
    features: dict[str, Features]  # member of the model -> what it saw
    features_sha256: str


def predict_change(
    model: RiskModel, model_version: str, change: ChangeRequest, service: str
) -> LearnedRisk:
    """The chance that a change of Airmend's own fails.

    Args:
        model: From `ModelStore.load`.
        model_version: Its version, which is its content's digest.
        change: As it stands now; only what is known before it runs is used.
        service: The service of its incident, as in `history_of`; "" where it names none.
    """
    from airmend.change.learning.fitting import features_of

    rows = features_of(to_past_change(change, service))
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"))
    return LearnedRisk(
        model_version=model_version,
        probability=model.predict_rows([rows])[0],
        features=rows,
        features_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def recompute(model: RiskModel, stored: LearnedRisk) -> float:
    """The probability again, from the stored features; equal to the last digit."""
    return model.predict_rows([stored.features])[0]


def history_of(changes: Iterable[tuple[ChangeRequest, str]]) -> History:
    """A history of Airmend's own changes that have an outcome, each with its service."""
    past = [
        to_past_change(change, service) for change, service in changes if change.status in _OUTCOMES
    ]
    return History(changes=in_order(past), rows=len(past), columns=dict(_COLUMNS), unused=[])


def to_past_change(change: ChangeRequest, service: str) -> PastChange:
    """A change of Airmend's own in the words of a history.

    The runbook is the type; standard or normal is what was declared; targets are the items.
    """
    return PastChange(
        id=change.id,
        opened_at=change.requested_at,
        change_type=change.runbook_id,
        risk_assessment=change.change_type.value,
        items=frozenset(target.name for target in change.targets),
        services=frozenset({service} if service else ()),
        failed=change.status in FAILED_CHANGE_STATUSES if change.status in _OUTCOMES else None,
    )
