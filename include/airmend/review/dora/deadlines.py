"""By when the three reports on a major incident are due: Article 5 of Regulation (EU) 2025/301.

Paragraph 1: the initial one within 4 hours of the classification as major and 24 hours of
becoming aware; the intermediate one within 72 hours of the initial one being sent; the final
one within a month of the latest intermediate one being sent. Paragraph 2: what is classified
after those 24 hours is reported within 4 hours of that. Paragraphs 4 to 6: on a weekend or a
bank holiday noon of the next working day is enough, not for everybody.

Pure: all times are passed in. Where Regulation (EEC, Euratom) 1182/71 would give a later end
of a period (it does not count the first hour, and a month ends with its last day), the earlier
one stands here, so that nobody is late by trusting it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

AFTER_CLASSIFICATION = timedelta(hours=4)
AFTER_AWARENESS = timedelta(hours=24)
AFTER_INITIAL = timedelta(hours=72)
AFTER_INTERMEDIATE = relativedelta(months=1)

SATURDAY = 5
NOON = time(12)


def initial_due_at(aware_at: datetime, classified_at: datetime) -> datetime:
    """When the initial notification is due; Article 5(1)(a) and (2).

    Args:
        aware_at: When the entity became aware of the incident.
        classified_at: When it was classified as major; not before `aware_at`.
    """
    after_classification = classified_at + AFTER_CLASSIFICATION
    if classified_at > aware_at + AFTER_AWARENESS:
        return after_classification
    return min(after_classification, aware_at + AFTER_AWARENESS)


def intermediate_due_at(initial_at: datetime) -> datetime:
    """When the intermediate report is due; Article 5(1)(b).

    Args:
        initial_at: When the initial notification was sent.
    """
    return initial_at + AFTER_INITIAL


def final_due_at(intermediate_at: datetime, zone: ZoneInfo) -> datetime:
    """When the final report is due; Article 5(1)(c).

    Args:
        intermediate_at: When the latest intermediate report was sent.
        zone: Whose calendar counts. A month from January 31 ends on February 28 or 29.
    """
    due_at: datetime = intermediate_at.astimezone(zone) + AFTER_INTERMEDIATE
    return due_at.astimezone(UTC)


def relieve(due_at: datetime, zone: ZoneInfo, holidays: Collection[date]) -> datetime | None:
    """Noon of the next working day where a deadline is on a day off; Article 5(4).

    Args:
        due_at: The deadline.
        zone: Where the entity is; days and noon are meant there.
        holidays: Bank holidays that are known; Saturdays and Sundays are days off anyway.

    Returns:
        A later time, or None on a working day.
    """
    day = due_at.astimezone(zone).date()
    if not is_day_off(day, holidays):
        return None
    while is_day_off(day, holidays):
        day += timedelta(days=1)
    return datetime.combine(day, NOON, tzinfo=zone).astimezone(UTC)


def is_day_off(day: date, holidays: Collection[date]) -> bool:
    """Whether nobody works on a day: Saturday, Sunday, or a bank holiday."""
    return day.weekday() >= SATURDAY or day in holidays
