"""Where an alert belongs: the laws of opening, repeating, reopening and recovering."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.correlation import Correlation, correlate, recent_firings
from airmend.incident.model import Alert, AlertStatus, Incident, IncidentStatus, IntakeLimits
from airmend.records.situation import EarlyEnd
from tests.builders import AT, make_alert, make_incident, make_member

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LIMITS = IntakeLimits()
ENDED = [status for status in IncidentStatus if not status.is_open]
OPEN = [status for status in IncidentStatus if status.is_open]
OVER = AlertStatus.RESOLVED

moments = st.none() | st.integers(-500, 500).map(lambda minutes: AT + minutes * MINUTE)
statuses = st.sampled_from(IncidentStatus)


def relate(
    alert: Alert,
    status: IncidentStatus | None = None,
    *,
    at: datetime = AT + 5 * MINUTE,
    closed_at: datetime | None = None,
    early: EarlyEnd | None = None,
    **member: Any,
) -> Correlation:
    """How an alert relates to the last incident of its fingerprint; None for a new fingerprint.

    An incident that has ended did so four minutes after it was opened.
    """
    incident: Incident | None = None
    if status is not None:
        ended_at = closed_at or AT + 4 * MINUTE
        incident = make_incident(status=status, closed_at=None if status.is_open else ended_at)
    known = make_member(incident, **member) if incident else None
    return correlate(alert, incident, known, early, limits=LIMITS, at=at)


def test_the_first_alert_is_new() -> None:
    assert relate(make_alert()) is Correlation.NEW


@pytest.mark.parametrize("status", OPEN)
@given(starts_at=moments)
def test_an_open_incident_takes_every_firing_alert(status: IncidentStatus, starts_at: None) -> None:
    assert relate(make_alert(starts_at=starts_at), status) is Correlation.REPEAT


@pytest.mark.parametrize("status", ENDED)
def test_the_same_start_is_the_same_trouble_after_the_end(status: IncidentStatus) -> None:
    assert relate(make_alert(), status) is Correlation.REPEAT
    assert relate(make_alert(), status, at=AT + 9 * HOUR) is Correlation.REPEAT


@pytest.mark.parametrize("status", ENDED)
@pytest.mark.parametrize("starts_at", [AT + MINUTE, None])
def test_a_later_start_reopens_within_the_window_and_is_new_after_it(
    status: IncidentStatus, starts_at: datetime | None
) -> None:
    alert, ended_at = make_alert(starts_at=starts_at), AT + 4 * MINUTE
    soon = ended_at + LIMITS.reopen_window - timedelta(microseconds=1)
    assert relate(alert, status, at=soon) is Correlation.REOPENING
    assert relate(alert, status, at=ended_at + LIMITS.reopen_window) is Correlation.NEW


def test_an_earlier_start_is_what_the_other_prometheus_saw_first() -> None:
    alert = make_alert(starts_at=AT - MINUTE)
    assert relate(alert, IncidentStatus.REMEDIATED) is Correlation.REPEAT


def test_a_clock_that_was_ahead_once_hides_no_later_trouble() -> None:
    alert = make_alert(starts_at=AT + HOUR)
    ahead = AT + timedelta(days=365)
    found = relate(alert, IncidentStatus.REMEDIATED, at=AT + HOUR, started_at=ahead)
    assert found is Correlation.NEW


def test_what_joined_and_goes_on_firing_after_the_end_was_no_symptom_of_it() -> None:
    alert = make_alert()
    joined: dict[str, Any] = {"is_primary": False}
    soon, later = AT + 5 * MINUTE, AT + 4 * MINUTE + LIMITS.reopen_window
    status = IncidentStatus.REMEDIATED
    assert relate(alert, status, at=soon, **joined) is Correlation.REPEAT
    assert relate(alert, status, at=later, **joined) is Correlation.NEW
    over: dict[str, Any] = {"is_firing": False, "resolved_at": AT + MINUTE}
    assert relate(alert, status, at=later, **joined, **over) is Correlation.REPEAT


class TestOutOfOrder:
    """Messages that overtook each other."""

    def test_a_beginning_that_arrives_after_its_end_opens_nothing(self) -> None:
        end = EarlyEnd(starts_at=AT, ends_at=AT + MINUTE, received_at=AT + 2 * MINUTE)
        assert relate(make_alert(), early=end) is Correlation.LATE
        earlier = make_alert(starts_at=AT - MINUTE)
        assert relate(earlier, early=end) is Correlation.LATE
        assert relate(make_alert(starts_at=AT + 2 * MINUTE), early=end) is Correlation.NEW

    def test_without_a_start_nobody_knows_and_it_opens(self) -> None:
        end = EarlyEnd(starts_at=AT, ends_at=AT + MINUTE, received_at=AT)
        assert relate(make_alert(starts_at=None), early=end) is Correlation.NEW
        unknown = EarlyEnd(starts_at=None, ends_at=None, received_at=AT)
        assert relate(make_alert(), early=unknown) is Correlation.NEW

    def test_an_end_is_remembered_for_the_window_alone(self) -> None:
        end = EarlyEnd(starts_at=AT, ends_at=None, received_at=AT)
        before = AT + LIMITS.late_alert_window - timedelta(microseconds=1)
        assert relate(make_alert(), early=end, at=before) is Correlation.LATE
        assert relate(make_alert(), early=end, at=AT + LIMITS.late_alert_window) is Correlation.NEW

    def test_the_end_of_the_next_trouble_waits_for_its_beginning(self) -> None:
        alert = make_alert(status=OVER, starts_at=AT + HOUR, ends_at=AT + 2 * HOUR)
        assert relate(alert, IncidentStatus.REMEDIATED) is Correlation.EARLY
        assert relate(alert, IncidentStatus.REMEDIATING) is Correlation.RECOVERY

    @pytest.mark.parametrize("status", OPEN)
    def test_old_news_take_no_recovery_back(self, status: IncidentStatus) -> None:
        over: dict[str, Any] = {"is_firing": False, "resolved_at": AT + MINUTE}
        assert relate(make_alert(), status, **over) is Correlation.LATE
        assert relate(make_alert(starts_at=AT + 2 * MINUTE), status, **over) is Correlation.RETURN
        assert relate(make_alert(starts_at=None), status, **over) is Correlation.RETURN
        much_later = AT + MINUTE + LIMITS.late_alert_window
        assert relate(make_alert(), status, at=much_later, **over) is Correlation.RETURN


@given(st.none() | statuses, moments, moments, moments, st.booleans())
def test_a_resolved_alert_never_opens_an_incident(
    status: IncidentStatus | None, known: None, starts_at: None, ends_at: None, fires: bool
) -> None:
    alert = make_alert(status=OVER, starts_at=starts_at, ends_at=ends_at)
    found = relate(alert, status, started_at=known, is_firing=fires)
    assert found in {Correlation.RECOVERY, Correlation.UNRELATED, Correlation.EARLY}


@given(st.none() | statuses, moments, moments, st.booleans())
def test_a_firing_alert_never_ends_one(
    status: IncidentStatus | None, known: None, starts_at: None, fires: bool
) -> None:
    alert = make_alert(starts_at=starts_at)
    found = relate(alert, status, started_at=known, is_firing=fires)
    assert found not in {Correlation.RECOVERY, Correlation.UNRELATED, Correlation.EARLY}


@given(st.sampled_from(OPEN), moments, moments, st.booleans())
def test_an_open_incident_gets_no_second_one_beside_it(
    status: IncidentStatus, known: None, starts_at: None, fires: bool
) -> None:
    alert = make_alert(starts_at=starts_at)
    found = relate(alert, status, started_at=known, is_firing=fires)
    assert found in {Correlation.REPEAT, Correlation.LATE, Correlation.RETURN}


def test_a_resolved_alert_ends_what_it_began() -> None:
    alert = make_alert(status=OVER, ends_at=AT + MINUTE)
    assert relate(alert, IncidentStatus.REMEDIATING) is Correlation.RECOVERY
    assert relate(alert) is Correlation.EARLY


def test_the_late_end_of_earlier_trouble_does_not_end_the_next() -> None:
    alert = make_alert(status=OVER, starts_at=AT - 9 * MINUTE, ends_at=AT - MINUTE)
    assert relate(alert, IncidentStatus.REMEDIATING) is Correlation.UNRELATED


def test_firings_count_while_they_are_inside_the_window() -> None:
    member = make_member(firings=[AT - HOUR, AT - HOUR + MINUTE, AT])
    assert recent_firings(member, LIMITS, AT) == [AT - HOUR + MINUTE, AT]
    assert recent_firings(None, LIMITS, AT) == []
    never = IntakeLimits(flapping_window_seconds=0)
    assert recent_firings(member, never, AT) == []
