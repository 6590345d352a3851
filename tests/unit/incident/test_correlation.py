"""Where an alert belongs: the laws of opening, repeating and recovering."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.correlation import Correlation, correlate
from airmend.incident.model import AlertStatus, Incident, IncidentStatus
from tests.builders import AT, make_alert, make_incident

MINUTE = timedelta(minutes=1)
ENDED = [status for status in IncidentStatus if not status.is_open]
OPEN = [status for status in IncidentStatus if status.is_open]

moments = st.none() | st.integers(-500, 500).map(lambda minutes: AT + minutes * MINUTE)
histories = st.none() | st.builds(
    lambda status, started_at: make_incident(status=status, started_at=started_at),
    st.sampled_from(IncidentStatus),
    moments,
)


def test_the_first_alert_is_new() -> None:
    assert correlate(make_alert(), None) is Correlation.NEW


@pytest.mark.parametrize("status", OPEN)
@given(starts_at=moments)
def test_an_open_incident_takes_every_firing_alert(status: IncidentStatus, starts_at: None) -> None:
    latest = make_incident(status=status)
    assert correlate(make_alert(starts_at=starts_at), latest) is Correlation.REPEAT


@pytest.mark.parametrize("status", ENDED)
def test_the_same_start_is_the_same_trouble_after_the_end(status: IncidentStatus) -> None:
    assert correlate(make_alert(), make_incident(status=status)) is Correlation.REPEAT


@pytest.mark.parametrize("status", ENDED)
def test_a_later_start_is_new_trouble(status: IncidentStatus) -> None:
    alert = make_alert(starts_at=AT + MINUTE)
    assert correlate(alert, make_incident(status=status)) is Correlation.NEW


def test_an_earlier_start_is_what_the_other_prometheus_saw_first() -> None:
    alert = make_alert(starts_at=AT - MINUTE)
    latest = make_incident(status=IncidentStatus.REMEDIATED)
    assert correlate(alert, latest) is Correlation.REPEAT


def test_a_clock_that_was_ahead_once_hides_no_later_trouble() -> None:
    latest = make_incident(status=IncidentStatus.REMEDIATED, started_at=AT + timedelta(days=365))
    assert correlate(make_alert(starts_at=AT + MINUTE), latest) is Correlation.NEW


@pytest.mark.parametrize("status", ENDED)
def test_without_a_start_an_ended_incident_is_over(status: IncidentStatus) -> None:
    assert correlate(make_alert(starts_at=None), make_incident(status=status)) is Correlation.NEW


@given(histories, moments, moments)
def test_a_resolved_alert_never_opens_an_incident(
    latest: Incident | None, starts_at: None, ends_at: None
) -> None:
    alert = make_alert(status=AlertStatus.RESOLVED, starts_at=starts_at, ends_at=ends_at)
    assert correlate(alert, latest) in {Correlation.RECOVERY, Correlation.UNRELATED}


@given(histories, moments)
def test_a_firing_alert_never_ends_one(latest: Incident | None, starts_at: None) -> None:
    alert = make_alert(starts_at=starts_at)
    assert correlate(alert, latest) in {Correlation.NEW, Correlation.REPEAT}


def test_a_resolved_alert_ends_what_it_began() -> None:
    alert = make_alert(status=AlertStatus.RESOLVED, ends_at=AT + MINUTE)
    assert correlate(alert, make_incident()) is Correlation.RECOVERY
    assert correlate(alert, None) is Correlation.UNRELATED


def test_the_late_end_of_earlier_trouble_does_not_end_the_next() -> None:
    alert = make_alert(status=AlertStatus.RESOLVED, starts_at=AT - 9 * MINUTE, ends_at=AT - MINUTE)
    assert correlate(alert, make_incident()) is Correlation.UNRELATED
