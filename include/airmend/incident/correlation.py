"""Many alerts, one incident: where an alert belongs, decided without looking anything up.

Called by `registration.py`; pure, so that its laws can be tested with any history.
"""

from __future__ import annotations

from enum import StrEnum

from airmend.incident.model import Alert, Incident


class Correlation(StrEnum):
    """How an alert relates to the last incident of its fingerprint."""

    NEW = "new"  # a disruption of its own
    REPEAT = "repeat"  # the same disruption, said again
    RECOVERY = "recovery"  # the end of that disruption
    UNRELATED = "unrelated"  # the end of something that is no incident of ours


def correlate(alert: Alert, latest: Incident | None) -> Correlation:
    """Decide where an alert belongs.

    A firing alert opens an incident unless the last one is open or is about the same start:
    Alertmanager goes on notifying while Prometheus still evaluates the state from before the
    repair, with the start that it gave first. An earlier start is the same trouble too: of
    two Prometheus servers with the same rules, Alertmanager tells the earlier start once it
    knows both. A start after the incident was opened is new, whatever the sender's clock
    said the last time.

    Args:
        alert: The alert.
        latest: The incident of the same fingerprint that is open, or was opened last.
    """
    if alert.is_firing:
        return Correlation.REPEAT if _same_trouble(alert, latest) else Correlation.NEW
    if latest is None or _ended_before(alert, latest):
        return Correlation.UNRELATED
    return Correlation.RECOVERY


def _same_trouble(alert: Alert, latest: Incident | None) -> bool:
    if latest is None:
        return False
    if latest.status.is_open:
        return True
    if alert.starts_at is None or latest.started_at is None:
        return False
    return alert.starts_at == latest.started_at or (
        alert.starts_at < min(latest.started_at, latest.opened_at)
    )


def _ended_before(alert: Alert, latest: Incident) -> bool:
    """Whether a late message tells the end of an earlier disruption."""
    return (
        alert.ends_at is not None
        and latest.started_at is not None
        and alert.ends_at < latest.started_at
    )
