"""An alert of which no incident is open: it opens one, or joins the one of its cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from airmend.incident.answers import IncidentAnswer, Outcome
from airmend.incident.correlation import recent_firings
from airmend.incident.draft import MAX_FIRINGS, Draft, move
from airmend.incident.joining import JOINABLE, reason_to_join
from airmend.incident.model import Alert, Member
from airmend.incident.neighbours import Neighbours, Placement
from airmend.incident.opening import Verdict, first_member, incident_of
from airmend.incident.verdicts import Verdicts
from airmend.records.effects import NewDelivery
from airmend.records.model import FactKind
from airmend.records.situation import MemberStanding, Standing


@dataclass(frozen=True)
class Beginning:
    """Opens the incidents of one batch.

    Args:
        draft: Takes what follows.
        verdicts: Decides what becomes of a new incident.
        neighbours: The open incidents that an alert may join; None leaves every one alone.
        new_id: Gives eight random characters, for ids.
    """

    draft: Draft
    verdicts: Verdicts
    neighbours: Neighbours | None
    new_id: Callable[[], str]

    def begin(self, alert: Alert, delivery: NewDelivery, before: Member | None) -> IncidentAnswer:
        """Register an alert that belongs to no open incident; `before` is what it was last."""
        draft = self.draft
        suffix = f"{draft.at:%Y%m%d}-{self.new_id()}"
        firings = [*recent_firings(before, draft.limits, draft.at), draft.at][-MAX_FIRINGS:]
        incident = incident_of(alert, f"INC-{suffix}", draft.at)
        standing = Standing(incident, None, is_new=True)
        standing.add_firing(1)
        known = MemberStanding(first_member(alert, incident, firings))
        verdict = self.verdicts.judge(known, standing)
        if self.neighbours is not None and verdict.may_join:
            found = self._join(alert, delivery, verdict, firings)
            if found is not None:
                return found
        draft.situation.standings[incident.id] = standing
        draft.situation.members[alert.fingerprint] = known
        draft.effects.members.append(known)
        place = f" on {alert.host}" if alert.host else ""
        draft.tell(
            delivery,
            FactKind.INCIDENT_OPENED,
            f"{alert.source} reports {alert.name}{place}, severity {alert.severity.value}",
            standing,
        )
        outcome = self.verdicts.apply(delivery, verdict, known, standing)
        draft.keep(alert, delivery, incident.id)
        if self.neighbours is not None and outcome is not Outcome.SUPPRESSED:
            self.neighbours.add(incident.id, alert, draft.at)
        return draft.answer(outcome, standing)

    def _join(
        self, alert: Alert, delivery: NewDelivery, verdict: Verdict, firings: list[datetime]
    ) -> IncidentAnswer | None:
        """Let an alert join the open incident of the same cause; None where it may not."""
        draft = self.draft
        found = self._find_place(alert)
        if found is None or self.neighbours is None:
            return None
        placement, standing = found
        reason = reason_to_join(alert, verdict.match, standing, self.neighbours.grouping)
        if reason is None:
            return None
        evidence = [*placement.evidence, reason]
        known = MemberStanding(first_member(alert, standing.incident, firings, evidence))
        draft.situation.members[alert.fingerprint] = known
        draft.effects.members.append(known)
        standing.add_firing(1)
        move(standing, alert_count=standing.incident.alert_count + 1, recovered_at=None)
        place = f" on {alert.host}" if alert.host else ""
        words = f"{alert.source} reports {alert.name}{place} too: {'; '.join(evidence)}"
        draft.tell(delivery, FactKind.ALERT_JOINED, words, standing)
        draft.keep(alert, delivery, standing.incident.id)
        self.neighbours.add(standing.incident.id, alert, draft.at)
        return draft.answer(Outcome.JOINED, standing)

    def _find_place(self, alert: Alert) -> tuple[Placement, Standing] | None:
        """The open incident that grouping proposes; what turns out to have ended is forgotten."""
        draft = self.draft
        while self.neighbours is not None:
            placement = self.neighbours.place(alert, draft.at)
            if placement is None:
                return None
            standing = draft.situation.standing(placement.group_id)
            if standing is not None and standing.incident.status in JOINABLE:
                return placement, standing
            self.neighbours.forget(placement.group_id)
        return None
