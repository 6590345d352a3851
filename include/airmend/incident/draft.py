"""What a batch of alerts will write, while it is decided: kept up to date, told, gathered.

Called by everybody who registers alerts; decides nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airmend.change.model import ChangeRequest
from airmend.incident.answers import IncidentAnswer, Outcome, answer_alert
from airmend.incident.correlation import recent_firings
from airmend.incident.model import Alert, IntakeLimits
from airmend.incident.opening import fire_again
from airmend.records.effects import Effects, NewDelivery, NewFact
from airmend.records.model import FactKind
from airmend.records.situation import MemberStanding, Situation, Standing

MAX_FIRINGS = 20
"""So many firings of a fingerprint are remembered."""


@dataclass(frozen=True)
class Draft:
    """What one batch will write.

    Args:
        situation: What the alerts touch; kept up to date.
        effects: Takes what is to be written.
        at: When the batch was received.
        limits: The windows of intake.
        base_url: Where people reach Airflow.
    """

    situation: Situation
    effects: Effects
    at: datetime
    limits: IntakeLimits
    base_url: str

    def keep(self, alert: Alert, delivery: NewDelivery, incident_id: str | None) -> None:
        """Store an alert, with the incident that it belongs to."""
        self.effects.alerts.append((delivery, incident_id, alert))

    def tell(
        self,
        delivery: NewDelivery,
        kind: FactKind,
        text: str,
        standing: Standing,
        change: ChangeRequest | None = None,
        digest: str | None = None,
    ) -> None:
        """Add a fact to the story of an incident; the delivery is its evidence."""
        change_id = change.id if change else None
        self.effects.facts.append(
            NewFact(delivery, kind, text, standing.incident.id, change_id, digest)
        )

    def answer(self, outcome: Outcome, standing: Standing) -> IncidentAnswer:
        """What the sender is told of an alert."""
        return answer_alert(outcome, standing.incident, standing.change, self.base_url)

    def update(self, known: MemberStanding, **fields: Any) -> None:
        """Change a member."""
        known.member = known.member.model_copy(update=fields)
        if known.id is not None:
            self.effects.moved[known.id] = known

    def count(self, known: MemberStanding, standing: Standing) -> None:
        """One more alert of a member, and of its incident."""
        self.update(known, alert_count=known.member.alert_count + 1)
        move(standing, alert_count=standing.incident.alert_count + 1)

    def fire_again(self, alert: Alert, known: MemberStanding, standing: Standing) -> None:
        """A member that was over fires again."""
        if not (known.member.is_open and known.member.is_firing):
            standing.add_firing(1)
        before = recent_firings(known.member, self.limits, self.at)
        self.update(known, **fire_again(alert, before, self.at, MAX_FIRINGS))
        move(standing, recovered_at=None)


def move(standing: Standing, **fields: Any) -> None:
    """Change an incident."""
    standing.incident = standing.incident.model_copy(update=fields)
    standing.is_changed = True
