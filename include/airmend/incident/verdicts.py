"""What becomes of an incident that opens or opens again: judged, written and told.

The questions themselves are pure and stand in `opening.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airmend.incident.answers import Outcome
from airmend.incident.correlation import recent_firings
from airmend.incident.draft import Draft, move
from airmend.incident.model import Incident, IncidentStatus, Member
from airmend.incident.opening import Verdict, judge, request_change
from airmend.incident.ports import Match, Rules
from airmend.records.effects import NewDelivery
from airmend.records.model import FactKind
from airmend.records.situation import MemberStanding, Standing
from airmend.runbook.model import RunbookVersion


@dataclass(frozen=True)
class Verdicts:
    """Decides about the incidents of one batch.

    Args:
        draft: Takes what follows.
        match: Finds the runbook that takes an incident, from the incident's facts.
        rules: What holds incidents back; None when nothing is configured.
        suggest: Finds known errors that are like an incident that no runbook takes.
        observes: Whether a runbook only observes, and starts nothing.
    """

    draft: Draft
    match: Callable[[dict[str, Any]], Match]
    rules: Rules | None
    suggest: Callable[[Incident], list[dict[str, Any]]] | None
    observes: Callable[[str], bool] = lambda _runbook_id: False

    def decide(self, delivery: NewDelivery, known: MemberStanding, standing: Standing) -> Outcome:
        """Judge an incident, and let it take effect."""
        return self.apply(delivery, self.judge(known, standing), known, standing)

    def judge(self, known: MemberStanding, standing: Standing) -> Verdict:
        """What is to become of an incident."""
        return judge(
            standing.incident,
            standing.change,
            match=self.match,
            rules=self.rules,
            flaps=self.flaps(known.member),
            observes=self.observes,
        )

    def apply(
        self, delivery: NewDelivery, verdict: Verdict, known: MemberStanding, standing: Standing
    ) -> Outcome:
        """Let a verdict take effect on an incident."""
        before = standing.incident
        if before.status is verdict.status is IncidentStatus.SUPPRESSED and (
            before.suppression == verdict.suppression
        ):
            return Outcome.SUPPRESSED  # told before
        move(
            standing,
            status=verdict.status,
            suppression=verdict.suppression or standing.incident.suppression,
            rejections=list(verdict.match.rejections),
        )
        if verdict.suppression is not None:
            by = verdict.suppression
            words = f"held back by {by.rule_id} of {by.author}: {by.reason}"
            self.draft.tell(delivery, FactKind.INCIDENT_SUPPRESSED, words, standing)
            return Outcome.SUPPRESSED
        if verdict.observed and verdict.match.runbook is not None:
            self._tell_observed(delivery, verdict.match.runbook, standing)
            return Outcome.ESCALATED
        if verdict.status is IncidentStatus.ESCALATED:
            change = standing.change
            words = (
                f"its change {change.id} was {change.status.value}; a second one is not started"
                if change is not None
                else self.say_flapping(known)
            )
            self.draft.tell(delivery, FactKind.INCIDENT_ESCALATED, words, standing)
            return Outcome.ESCALATED
        runbook = verdict.match.runbook
        if runbook is None:
            if self.suggest is not None:
                move(standing, suggestions=self.suggest(standing.incident))
            looked_at = len(standing.incident.rejections)
            words = f"none of {looked_at} runbooks takes it"
            self.draft.tell(delivery, FactKind.NO_RUNBOOK, words, standing)
            return Outcome.UNMATCHED
        standing.change = request_change(
            standing.incident, runbook, verdict.match.inputs, self.draft.at
        )
        self.draft.effects.changes.append(standing.change)
        words = f"the runbook {runbook.runbook.id} {runbook.runbook.version} takes it"
        self.draft.tell(
            delivery, FactKind.RUNBOOK_MATCHED, words, standing, standing.change, runbook.digest
        )
        return Outcome.PENDING

    def _tell_observed(
        self, delivery: NewDelivery, version: RunbookVersion, standing: Standing
    ) -> None:
        """Say which runbook would take an incident, to the people whose it is."""
        name = f"the runbook {version.runbook.id} {version.runbook.version}"
        told = (FactKind.RUNBOOK_MATCHED, f"{name} would take it, and only observes")
        self.draft.tell(delivery, *told, standing, digest=version.digest)
        words = f"a person's, since {name} only observes: nothing is started"
        self.draft.tell(delivery, FactKind.INCIDENT_ESCALATED, words, standing)

    def flaps(self, member: Member) -> bool:
        """Whether an alert fired too often for automation."""
        return (
            len(recent_firings(member, self.draft.limits, self.draft.at))
            >= self.draft.limits.flapping_firings
        )

    def say_flapping(self, known: MemberStanding) -> str:
        """That it did, in words."""
        count = len(recent_firings(known.member, self.draft.limits, self.draft.at))
        minutes = self.draft.limits.flapping_window_seconds // 60
        return f"it flaps: {count} firings within {minutes} minutes, so nothing is started"
