"""One alert becomes part of the records: it opens an incident, repeats one, joins or ends one.

Called by intake for each alert of a batch, over what `records/situation.py` has read; gathers
what is to be written. Nothing is started here: a requested change is stored, and its run is
started after the commit. The order of the questions is docs/adr/0011-registration-in-batches.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airmend.change.model import ChangeRequest
from airmend.incident.answers import IncidentAnswer, Outcome, answer_alert
from airmend.incident.correlation import Correlation, correlate, recent_firings
from airmend.incident.joining import JOINABLE, reason_to_join
from airmend.incident.model import Alert, Incident, IncidentStatus, IntakeLimits, Member
from airmend.incident.neighbours import Neighbours, Placement
from airmend.incident.opening import (
    Verdict,
    fire_again,
    first_member,
    incident_of,
    judge,
    request_change,
)
from airmend.incident.ports import Match, Rules
from airmend.records.effects import Effects, NewDelivery, NewFact
from airmend.records.model import FactKind
from airmend.records.situation import EarlyEnd, MemberStanding, Situation, Standing

_QUIET = {IncidentStatus.UNMATCHED, IncidentStatus.ESCALATED, IncidentStatus.SUPPRESSED}
"""Open, and no change is under way that would end it."""

MAX_FIRINGS = 20
"""So many firings of a fingerprint are remembered."""


@dataclass(frozen=True)
class Registration:
    """Registers the alerts of one batch.

    Args:
        situation: What the alerts touch; kept up to date.
        effects: Takes what is to be written.
        at: When the batch was received.
        limits: The windows of intake.
        match: Finds the runbook that takes an incident, from the incident's facts.
        rules: What holds incidents back; None when nothing is configured.
        neighbours: The open incidents that an alert may join; None leaves every one alone.
        suggest: Finds known errors that are like an incident that no runbook takes.
        new_id: Gives eight random characters, for ids.
        base_url: Where people reach Airflow.
    """

    situation: Situation
    effects: Effects
    at: datetime
    limits: IntakeLimits
    match: Callable[[dict[str, Any]], Match]
    rules: Rules | None
    neighbours: Neighbours | None
    suggest: Callable[[Incident], list[dict[str, Any]]] | None
    new_id: Callable[[], str]
    base_url: str

    def register(self, alert: Alert, delivery: NewDelivery) -> IncidentAnswer:
        """Decide what one alert leads to."""
        if alert.is_test:
            self._keep(alert, delivery, None)
            return IncidentAnswer(outcome=Outcome.TEST)
        known = self.situation.members.get(alert.fingerprint)
        standing = self.situation.standing(known.member.incident_id) if known else None
        correlation = correlate(
            alert,
            standing.incident if standing else None,
            known.member if known else None,
            self.situation.early_ends.get(alert.fingerprint),
            limits=self.limits,
            at=self.at,
        )
        if correlation is Correlation.NEW:
            return self._open(alert, delivery, known.member if known else None)
        is_late = correlation is Correlation.LATE and not (
            standing is not None and standing.incident.status.is_open
        )
        if known is None or standing is None or is_late or correlation is Correlation.EARLY:
            return self._remember(alert, delivery, correlation)
        return self._continue(alert, delivery, correlation, known, standing)

    # --- what belongs to no incident ---------------------------------------------------------

    def _remember(
        self, alert: Alert, delivery: NewDelivery, correlation: Correlation
    ) -> IncidentAnswer:
        """Store an alert alone; an end is kept in mind for the beginning that may follow."""
        if correlation is Correlation.EARLY:
            self.situation.early_ends[alert.fingerprint] = EarlyEnd(
                alert.starts_at, alert.ends_at, self.at
            )
        self._keep(alert, delivery, None)
        return IncidentAnswer(outcome=Outcome.IGNORED)

    # --- what belongs to a known one ---------------------------------------------------------

    def _continue(
        self,
        alert: Alert,
        delivery: NewDelivery,
        correlation: Correlation,
        known: MemberStanding,
        standing: Standing,
    ) -> IncidentAnswer:
        outcome = Outcome.IGNORED
        if correlation in {Correlation.REPEAT, Correlation.LATE}:
            outcome = self._repeat(alert, delivery, correlation, known, standing)
        elif correlation is Correlation.RETURN:
            outcome = self._return(alert, delivery, known, standing)
        elif correlation is Correlation.REOPENING:
            outcome = self._reopen(alert, delivery, known, standing)
        elif correlation is Correlation.RECOVERY:
            outcome = self._recover(alert, delivery, known, standing)
        self._keep(alert, delivery, standing.incident.id)
        return self._answer(outcome, standing)

    def _repeat(
        self,
        alert: Alert,
        delivery: NewDelivery,
        correlation: Correlation,
        known: MemberStanding,
        standing: Standing,
    ) -> Outcome:
        is_late, is_open = correlation is Correlation.LATE, standing.incident.status.is_open
        self._count(known, standing)
        if is_open and not is_late and alert.starts_at is not None:
            latest = max(alert.starts_at, known.member.started_at or alert.starts_at)
            self._update(known, started_at=latest)
        words = "sent it late, after its end" if is_late else "sent it again"
        self._tell(delivery, FactKind.ALERT_REPEATED, f"{alert.source} {words}", standing)
        if standing.incident.status is IncidentStatus.SUPPRESSED and not is_late:
            return self._release(alert, delivery, known, standing)
        return Outcome.REPEATED

    def _return(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        """It was over, as its sender said, and fires again while the incident is open."""
        self._count(known, standing)
        self._fire_again(alert, known, standing)
        self._tell(delivery, FactKind.ALERT_REPEATED, f"{alert.source}: fires again", standing)
        if standing.incident.status is IncidentStatus.SUPPRESSED:
            return self._release(alert, delivery, known, standing)
        if standing.incident.status is IncidentStatus.UNMATCHED and self._flaps(known.member):
            _move(standing, status=IncidentStatus.ESCALATED)
            self._tell(delivery, FactKind.INCIDENT_ESCALATED, self._say_flapping(known), standing)
        return Outcome.REPEATED

    def _reopen(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        ended = standing.incident
        seconds = int((self.at - (ended.closed_at or ended.opened_at)).total_seconds())
        self._count(known, standing)
        _move(standing, closed_at=None)
        self._fire_again(alert, known, standing)
        self._tell(
            delivery,
            FactKind.INCIDENT_REOPENED,
            f"{alert.source}: {alert.name} fires again {seconds} s after the incident ended as "
            f"{ended.status.value}",
            standing,
        )
        outcome = self._decide(alert, delivery, known, standing)
        if self.neighbours is not None:
            self.neighbours.add(ended.id, alert, self.at)
        return outcome if outcome is Outcome.PENDING else Outcome.REOPENED

    def _release(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        """Look again whether a suppressed incident is still held back."""
        outcome = self._decide(alert, delivery, known, standing)
        return Outcome.REPEATED if outcome is Outcome.SUPPRESSED else outcome

    def _recover(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        outcome = Outcome.REPEATED
        if known.member.is_firing:
            if known.member.is_open:
                standing.add_firing(-1)
            self._update(known, is_firing=False, resolved_at=self.at)
            rest = f"; {standing.firing} others go on" if standing.firing > 0 else ""
            words = f"{alert.source} says that it is over{rest}"
            self._tell(delivery, FactKind.ALERT_RESOLVED, words, standing)
            outcome = Outcome.RESOLVED
        if standing.firing > 0:
            return outcome
        if standing.incident.recovered_at is None:
            _move(standing, recovered_at=self.at)
        # what is being remediated stays so: the change sees the recovery and ends the incident
        if standing.incident.status in _QUIET:
            _move(standing, status=IncidentStatus.RECOVERED, closed_at=self.at)
            words = "recovered, as its sender says"
            self._tell(delivery, FactKind.INCIDENT_ENDED, words, standing)
            outcome = Outcome.RESOLVED
            if self.neighbours is not None:
                self.neighbours.forget(standing.incident.id)
        return outcome

    # --- what opens one, or joins one ----------------------------------------------------------

    def _open(self, alert: Alert, delivery: NewDelivery, before: Member | None) -> IncidentAnswer:
        suffix = f"{self.at:%Y%m%d}-{self.new_id()}"
        firings = [*recent_firings(before, self.limits, self.at), self.at][-MAX_FIRINGS:]
        incident = incident_of(alert, f"INC-{suffix}", self.at)
        standing = Standing(incident, None, is_new=True)
        standing.add_firing(1)
        known = MemberStanding(first_member(alert, incident, firings))
        verdict = self._judge(known, standing)
        if self.neighbours is not None and verdict.may_join:
            found = self._join(alert, delivery, verdict, firings)
            if found is not None:
                return found
        self.situation.standings[incident.id] = standing
        self.situation.members[alert.fingerprint] = known
        self.effects.members.append(known)
        place = f" on {alert.host}" if alert.host else ""
        self._tell(
            delivery,
            FactKind.INCIDENT_OPENED,
            f"{alert.source} reports {alert.name}{place}, severity {alert.severity.value}",
            standing,
        )
        outcome = self._apply(delivery, verdict, known, standing)
        self._keep(alert, delivery, incident.id)
        if self.neighbours is not None and outcome is not Outcome.SUPPRESSED:
            self.neighbours.add(incident.id, alert, self.at)
        return self._answer(outcome, standing)

    def _join(
        self, alert: Alert, delivery: NewDelivery, verdict: Verdict, firings: list[datetime]
    ) -> IncidentAnswer | None:
        """Let an alert join the open incident of the same cause; None where it may not."""
        found = self._find_place(alert)
        if found is None or self.neighbours is None:
            return None
        placement, standing = found
        reason = reason_to_join(alert, verdict.match, standing, self.neighbours.grouping)
        if reason is None:
            return None
        evidence = [*placement.evidence, reason]
        known = MemberStanding(first_member(alert, standing.incident, firings, evidence))
        self.situation.members[alert.fingerprint] = known
        self.effects.members.append(known)
        standing.add_firing(1)
        _move(standing, alert_count=standing.incident.alert_count + 1, recovered_at=None)
        place = f" on {alert.host}" if alert.host else ""
        words = f"{alert.source} reports {alert.name}{place} too: {'; '.join(evidence)}"
        self._tell(delivery, FactKind.ALERT_JOINED, words, standing)
        self._keep(alert, delivery, standing.incident.id)
        self.neighbours.add(standing.incident.id, alert, self.at)
        return self._answer(Outcome.JOINED, standing)

    def _find_place(self, alert: Alert) -> tuple[Placement, Standing] | None:
        """The open incident that grouping proposes; what turns out to have ended is forgotten."""
        while self.neighbours is not None:
            placement = self.neighbours.place(alert, self.at)
            if placement is None:
                return None
            standing = self.situation.standing(placement.group_id)
            if standing is not None and standing.incident.status in JOINABLE:
                return placement, standing
            self.neighbours.forget(placement.group_id)
        return None

    # --- what becomes of an incident -----------------------------------------------------------

    def _decide(
        self, alert: Alert, delivery: NewDelivery, known: MemberStanding, standing: Standing
    ) -> Outcome:
        return self._apply(delivery, self._judge(known, standing), known, standing)

    def _judge(self, known: MemberStanding, standing: Standing) -> Verdict:
        return judge(
            standing.incident,
            standing.change,
            match=self.match,
            rules=self.rules,
            flaps=self._flaps(known.member),
        )

    def _apply(
        self, delivery: NewDelivery, verdict: Verdict, known: MemberStanding, standing: Standing
    ) -> Outcome:
        """Let a verdict take effect on an incident."""
        before = standing.incident
        if before.status is verdict.status is IncidentStatus.SUPPRESSED and (
            before.suppression == verdict.suppression
        ):
            return Outcome.SUPPRESSED  # told before
        _move(
            standing,
            status=verdict.status,
            suppression=verdict.suppression or standing.incident.suppression,
            rejections=list(verdict.match.rejections),
        )
        if verdict.suppression is not None:
            by = verdict.suppression
            words = f"held back by {by.rule_id} of {by.author}: {by.reason}"
            self._tell(delivery, FactKind.INCIDENT_SUPPRESSED, words, standing)
            return Outcome.SUPPRESSED
        if verdict.status is IncidentStatus.ESCALATED:
            change = standing.change
            words = (
                f"its change {change.id} was {change.status.value}; a second one is not started"
                if change is not None
                else self._say_flapping(known)
            )
            self._tell(delivery, FactKind.INCIDENT_ESCALATED, words, standing)
            return Outcome.ESCALATED
        runbook = verdict.match.runbook
        if runbook is None:
            if self.suggest is not None:
                _move(standing, suggestions=self.suggest(standing.incident))
            looked_at = len(standing.incident.rejections)
            words = f"none of {looked_at} runbooks takes it"
            self._tell(delivery, FactKind.NO_RUNBOOK, words, standing)
            return Outcome.UNMATCHED
        standing.change = request_change(standing.incident, runbook, verdict.match.inputs, self.at)
        self.effects.changes.append(standing.change)
        words = f"the runbook {runbook.runbook.id} {runbook.runbook.version} takes it"
        self._tell(
            delivery, FactKind.RUNBOOK_MATCHED, words, standing, standing.change, runbook.digest
        )
        return Outcome.PENDING

    def _flaps(self, member: Member) -> bool:
        return len(recent_firings(member, self.limits, self.at)) >= self.limits.flapping_firings

    def _say_flapping(self, known: MemberStanding) -> str:
        count = len(recent_firings(known.member, self.limits, self.at))
        minutes = self.limits.flapping_window_seconds // 60
        return f"it flaps: {count} firings within {minutes} minutes, so nothing is started"

    def _fire_again(self, alert: Alert, known: MemberStanding, standing: Standing) -> None:
        if not (known.member.is_open and known.member.is_firing):
            standing.add_firing(1)
        before = recent_firings(known.member, self.limits, self.at)
        self._update(known, **fire_again(alert, before, self.at, MAX_FIRINGS))
        _move(standing, recovered_at=None)

    def _update(self, known: MemberStanding, **fields: Any) -> None:
        known.member = known.member.model_copy(update=fields)
        if known.id is not None:
            self.effects.moved[known.id] = known

    def _count(self, known: MemberStanding, standing: Standing) -> None:
        self._update(known, alert_count=known.member.alert_count + 1)
        _move(standing, alert_count=standing.incident.alert_count + 1)

    def _keep(self, alert: Alert, delivery: NewDelivery, incident_id: str | None) -> None:
        self.effects.alerts.append((delivery, incident_id, alert))

    def _answer(self, outcome: Outcome, standing: Standing) -> IncidentAnswer:
        return answer_alert(outcome, standing.incident, standing.change, self.base_url)

    def _tell(
        self,
        delivery: NewDelivery,
        kind: FactKind,
        text: str,
        standing: Standing,
        change: ChangeRequest | None = None,
        digest: str | None = None,
    ) -> None:
        change_id = change.id if change else None
        self.effects.facts.append(
            NewFact(delivery, kind, text, standing.incident.id, change_id, digest)
        )


def _move(standing: Standing, **fields: Any) -> None:
    standing.incident = standing.incident.model_copy(update=fields)
    standing.is_changed = True
