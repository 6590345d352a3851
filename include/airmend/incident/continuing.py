"""An alert of which an incident is known: it repeats, returns, opens it again, or ends it."""

from __future__ import annotations

from dataclasses import dataclass

from airmend.incident.answers import IncidentAnswer, Outcome
from airmend.incident.correlation import Correlation
from airmend.incident.draft import Draft, move
from airmend.incident.model import Alert, IncidentStatus
from airmend.incident.neighbours import Neighbours
from airmend.incident.verdicts import Verdicts
from airmend.records.effects import NewDelivery
from airmend.records.model import FactKind
from airmend.records.situation import MemberStanding, Standing

_QUIET = {IncidentStatus.UNMATCHED, IncidentStatus.ESCALATED, IncidentStatus.SUPPRESSED}
"""Open, and no change is under way that would end it."""


@dataclass(frozen=True)
class Continuing:
    """Goes on with the incidents of one batch that are known.

    Args:
        draft: Takes what follows.
        verdicts: Decides about an incident that opens again, or is no longer held back.
        neighbours: The open incidents that an alert may join; None where none may.
    """

    draft: Draft
    verdicts: Verdicts
    neighbours: Neighbours | None

    def go_on(
        self,
        alert: Alert,
        delivery: NewDelivery,
        correlation: Correlation,
        known: MemberStanding,
        standing: Standing,
    ) -> IncidentAnswer:
        """Register an alert with its incident."""
        outcome = Outcome.IGNORED
        if correlation in {Correlation.REPEAT, Correlation.LATE}:
            is_late = correlation is Correlation.LATE
            outcome = self._repeat(alert, delivery, known, standing, is_late=is_late)
        elif correlation is Correlation.RETURN:
            outcome = self._return(alert, delivery, known, standing)
        elif correlation is Correlation.REOPENING:
            outcome = self._reopen(alert, delivery, known, standing)
        elif correlation is Correlation.RECOVERY:
            outcome = self._recover(alert, delivery, known, standing)
        self.draft.keep(alert, delivery, standing.incident.id)
        return self.draft.answer(outcome, standing)

    def _repeat(
        self,
        alert: Alert,
        delivery: NewDelivery,
        known: MemberStanding,
        standing: Standing,
        *,
        is_late: bool,
    ) -> Outcome:
        self.draft.count(known, standing)
        if standing.incident.status.is_open and not is_late and alert.starts_at is not None:
            latest = max(alert.starts_at, known.member.started_at or alert.starts_at)
            self.draft.update(known, started_at=latest)
        words = "sent it late, after its end" if is_late else "sent it again"
        self.draft.tell(delivery, FactKind.ALERT_REPEATED, f"{alert.source} {words}", standing)
        if standing.incident.status is IncidentStatus.SUPPRESSED and not is_late:
            return self._release(delivery, known, standing)
        return Outcome.REPEATED

    def _return(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        """It was over, as its sender said, and fires again while the incident is open."""
        self.draft.count(known, standing)
        self.draft.fire_again(alert, known, standing)
        self.draft.tell(delivery, FactKind.ALERT_REPEATED, f"{alert.source}: fires again", standing)
        if standing.incident.status is IncidentStatus.SUPPRESSED:
            return self._release(delivery, known, standing)
        if standing.incident.status is IncidentStatus.UNMATCHED and self.verdicts.flaps(
            known.member
        ):
            move(standing, status=IncidentStatus.ESCALATED)
            self.draft.tell(
                delivery, FactKind.INCIDENT_ESCALATED, self.verdicts.say_flapping(known), standing
            )
        return Outcome.REPEATED

    def _reopen(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        ended = standing.incident
        seconds = int((self.draft.at - (ended.closed_at or ended.opened_at)).total_seconds())
        self.draft.count(known, standing)
        move(standing, closed_at=None)
        self.draft.fire_again(alert, known, standing)
        self.draft.tell(
            delivery,
            FactKind.INCIDENT_REOPENED,
            f"{alert.source}: {alert.name} fires again {seconds} s after the incident ended as "
            f"{ended.status.value}",
            standing,
        )
        outcome = self.verdicts.decide(delivery, known, standing)
        if self.neighbours is not None:
            self.neighbours.add(ended.id, alert, self.draft.at)
        return outcome if outcome is Outcome.PENDING else Outcome.REOPENED

    def _release(self, delivery: NewDelivery, known: MemberStanding, standing: Standing) -> Outcome:
        """Look again whether a suppressed incident is still held back."""
        outcome = self.verdicts.decide(delivery, known, standing)
        return Outcome.REPEATED if outcome is Outcome.SUPPRESSED else outcome

    def _recover(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        outcome = Outcome.REPEATED
        if known.member.is_firing:
            if known.member.is_open:
                standing.add_firing(-1)
            self.draft.update(known, is_firing=False, resolved_at=self.draft.at)
            rest = f"; {standing.firing} others go on" if standing.firing > 0 else ""
            words = f"{alert.source} says that it is over{rest}"
            self.draft.tell(delivery, FactKind.ALERT_RESOLVED, words, standing)
            outcome = Outcome.RESOLVED
        if standing.firing > 0:
            return outcome
        if standing.incident.recovered_at is None:
            move(standing, recovered_at=self.draft.at)
        # what is being remediated stays so: the change sees the recovery and ends the incident
        if standing.incident.status in _QUIET:
            move(standing, status=IncidentStatus.RECOVERED, closed_at=self.draft.at)
            words = "recovered, as its sender says"
            self.draft.tell(delivery, FactKind.INCIDENT_ENDED, words, standing)
            outcome = Outcome.RESOLVED
            if self.neighbours is not None:
                self.neighbours.forget(standing.incident.id)
        return outcome
