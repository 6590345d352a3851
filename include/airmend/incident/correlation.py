"""Where an alert belongs, by its own fingerprint: decided without looking anything up.

Called by `registration.py`; pure, so that its laws can be tested with any history. Whether an
alert joins the incident of another fingerprint is asked afterwards, in `grouping.py`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from airmend.incident.model import Alert, Incident, IntakeLimits, Member
from airmend.records.situation import EarlyEnd


class Correlation(StrEnum):
    """How an alert relates to what is known of its fingerprint."""

    NEW = "new"  # a disruption of its own
    REPEAT = "repeat"  # the same disruption, said again
    LATE = "late"  # the beginning of something whose end was told before
    RETURN = "return"  # fires again in an incident that is still open
    REOPENING = "reopening"  # fires again soon after its incident ended
    RECOVERY = "recovery"  # the end of that disruption
    EARLY = "early"  # the end of something whose beginning was not told yet
    UNRELATED = "unrelated"  # the late end of an earlier disruption


def correlate(
    alert: Alert,
    incident: Incident | None,
    member: Member | None,
    early_end: EarlyEnd | None,
    *,
    limits: IntakeLimits,
    at: datetime,
) -> Correlation:
    """Decide where an alert belongs.

    Alertmanager goes on notifying while Prometheus still evaluates the state from before the
    repair, with the start that it gave first: that is the same trouble, also after the end. An
    earlier start is the same trouble too: of two Prometheus servers with the same rules,
    Alertmanager tells the earlier start once it knows both. A start after ours of the latest
    firing is new, whatever the sender's clock said the last time. What joined an incident and
    goes on firing after the end of it, for longer than the window, was not its symptom.

    A beginning that arrives after its end has nothing to say, for a while: later than that it
    counts, since some senders never give another start.

    Args:
        alert: The alert.
        incident: The incident that its fingerprint belonged to last.
        member: The fingerprint's membership in that incident.
        early_end: The last end of this fingerprint that was told without a beginning.
        limits: The windows.
        at: When it was received.
    """
    if not alert.is_firing:
        return _correlate_end(alert, incident, member)
    if incident is None or member is None:
        is_over = _was_told_over(alert, early_end, limits, at)
        return Correlation.LATE if is_over else Correlation.NEW
    if incident.status.is_open:
        if member.is_firing:
            return Correlation.REPEAT
        return Correlation.LATE if _is_old_news(alert, member, limits, at) else Correlation.RETURN
    ended_for = at - (incident.closed_at or incident.opened_at)
    if _is_same_trouble(alert, member):
        goes_on = member.is_firing and not member.is_primary and ended_for >= limits.reopen_window
        return Correlation.NEW if goes_on else Correlation.REPEAT
    if _was_told_over(alert, early_end, limits, at):
        return Correlation.LATE
    return Correlation.REOPENING if ended_for < limits.reopen_window else Correlation.NEW


def recent_firings(member: Member | None, limits: IntakeLimits, at: datetime) -> list[datetime]:
    """The firings of a fingerprint, repeats not counted, that are inside the flapping window."""
    if member is None:
        return []
    return [fired_at for fired_at in member.firings if at - fired_at < limits.flapping_window]


def _correlate_end(alert: Alert, incident: Incident | None, member: Member | None) -> Correlation:
    if incident is None or member is None:
        return Correlation.EARLY
    if _is_before(alert.ends_at, member.started_at):
        return Correlation.UNRELATED
    if not incident.status.is_open and _is_before(member.started_at, alert.starts_at):
        return Correlation.EARLY
    return Correlation.RECOVERY


def _is_same_trouble(alert: Alert, member: Member) -> bool:
    if alert.starts_at is None or member.started_at is None:
        return False
    return alert.starts_at == member.started_at or (
        alert.starts_at < min(member.started_at, member.fired_at)
    )


def _is_old_news(alert: Alert, member: Member, limits: IntakeLimits, at: datetime) -> bool:
    """Whether a firing alert is from before the end that its sender has told."""
    return (
        member.resolved_at is not None
        and at - member.resolved_at < limits.late_alert_window
        and _is_same_trouble(alert, member)
    )


def _was_told_over(alert: Alert, end: EarlyEnd | None, limits: IntakeLimits, at: datetime) -> bool:
    if end is None or alert.starts_at is None or at - end.received_at >= limits.late_alert_window:
        return False
    ends = [moment for moment in (end.starts_at, end.ends_at) if moment is not None]
    return bool(ends) and alert.starts_at <= max(ends)


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other
