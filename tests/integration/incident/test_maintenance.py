"""The folder of maintenance calendars: read again when it changes, and closed in doubt."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from airmend.incident import maintenance
from airmend.incident.calendar_file import read_calendar
from airmend.incident.maintenance import Calendars, Maintenance, read_maintenance
from airmend.incident.model import SuppressionKind
from airmend.incident.rules import load_rules
from airmend.incident.suppression import find_suppression
from airmend.records.database import Database
from airmend.records.suppressions import create_suppression, set_kill_switch
from tests.builders import make_incident, make_rule, make_switch
from tests.unit.incident.calendars import calendar, window

NIGHT = datetime(2026, 3, 1, 21, 0, tzinfo=UTC)
"""When patch night of the shop begins."""

HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "maintenance"
    path.mkdir()
    (path / "shop.ics").write_bytes(calendar(window()))
    return path


def active(found: Maintenance, at: datetime) -> list[str]:
    return [rule.id for rule in found.rules if rule.is_active(at)]


def test_a_window_is_a_rule_with_its_event_as_the_reason(folder: Path) -> None:
    (rule,) = Calendars(folder).read(NIGHT).rules
    assert (rule.id, rule.author, rule.reason) == ("shop.ics/one", "shop.ics", "Patch night")
    assert (rule.starts_at, rule.ends_at) == (NIGHT, NIGHT + 4 * HOUR)
    assert rule.kind is SuppressionKind.MAINTENANCE


def test_nothing_is_configured_and_nothing_is_in_maintenance() -> None:
    assert read_maintenance(None, NIGHT) == Maintenance()


def test_a_series_goes_on_for_as_long_as_the_process_does(folder: Path) -> None:
    (folder / "shop.ics").write_bytes(calendar(window("RRULE:FREQ=WEEKLY")))
    calendars = Calendars(folder)
    for week in range(20):
        night = NIGHT.replace(hour=12) + timedelta(weeks=week)
        found = calendars.read(night)
        assert any(rule.is_active(night + 10 * HOUR) for rule in found.rules), week
        assert not active(found, night)


def test_a_file_is_read_again_when_it_changes_and_not_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def count(name: str, data: bytes) -> Any:
        read.append(name)
        return read_calendar(name, data)

    monkeypatch.setattr(maintenance, "read_calendar", count)
    calendars = Calendars(folder)
    for minute in range(5):
        assert active(calendars.read(NIGHT + minute * HOUR / 60), NIGHT) == ["shop.ics/one"]
    assert read == ["shop.ics"]
    (folder / "shop.ics").write_bytes(calendar(window(uid="two")))
    assert active(calendars.read(NIGHT), NIGHT) == ["shop.ics/two"]
    (folder / "mail.ics").write_bytes(calendar(window(uid="three")))
    assert active(calendars.read(NIGHT), NIGHT) == ["mail.ics/three", "shop.ics/two"]
    (folder / "shop.ics").unlink()
    assert active(calendars.read(NIGHT), NIGHT) == ["mail.ics/three"]


def test_a_change_within_the_same_second_is_seen(folder: Path) -> None:
    calendars, path = Calendars(folder), folder / "shop.ics"
    stat = path.stat()
    calendars.read(NIGHT)
    new = folder / "new"
    new.write_bytes(calendar(window(uid="two")))
    os.utime(new, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    new.replace(path)
    assert active(calendars.read(NIGHT), NIGHT) == ["shop.ics/two"]


def test_other_files_are_not_calendars(folder: Path) -> None:
    (folder / "README.md").write_text("our windows")
    (folder / "MORE.ICS").write_bytes(calendar(window(uid="two")))
    found = Calendars(folder).read(NIGHT)
    assert found.mistakes == []
    assert active(found, NIGHT) == ["MORE.ICS/two", "shop.ics/one"]


@pytest.mark.parametrize("damage", ["gone", "empty", "no file", "broken", "folder", "cut"])
def test_what_cannot_be_read_is_a_mistake_and_never_no_maintenance(
    folder: Path, damage: str
) -> None:
    calendars, path = Calendars(folder), folder / "shop.ics"
    assert calendars.read(NIGHT).mistakes == []
    text = path.read_bytes()
    path.unlink()
    if damage == "gone":
        folder.rmdir()
    elif damage == "broken":
        path.write_text("hello")
    elif damage == "folder":
        path.mkdir()
    elif damage == "cut":
        path.write_bytes(text[: len(text) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    (mistake,) = calendars.read(NIGHT).mistakes
    assert "maintenance" in mistake or "shop.ics" in mistake


def test_a_mistake_is_logged_once_and_again_after_it_was_corrected(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calendars, path = Calendars(folder), folder / "shop.ics"
    with caplog.at_level(logging.ERROR):
        for text in (b"hello", b"hello", calendar(window()), b"hello"):
            path.write_bytes(text)
            calendars.read(NIGHT)
            calendars.read(NIGHT)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0] == told[1]
    assert told[0].startswith("maintenance calendars: shop.ics: it is not an iCalendar file (")


def test_too_many_occurrences_are_a_mistake_of_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airmend.calendars.recurrence.MAX_OCCURRENCES", 10)
    (folder / "shop.ics").write_bytes(calendar(window("RRULE:FREQ=DAILY")))
    (mistake,) = Calendars(folder).read(NIGHT).mistakes
    assert mistake.startswith("shop.ics/one: event 'Patch night': it takes place more than")


def test_records_calendars_and_kill_switch_are_read_together(
    folder: Path, database: Database
) -> None:
    incident = make_incident()

    def find(service: str, at: datetime) -> str | None:
        with database.session() as session:
            rules = load_rules(session, at, folder)
        found = find_suppression(incident.facts(), service, None, rules, at)
        return found.rule_id if found else None

    muted = make_rule("service mail", starts_at=NIGHT, ends_at=NIGHT + HOUR)
    with database.session() as session:
        create_suppression(session, muted)
    assert find("shop", NIGHT) == "shop.ics/one"
    assert find("mail", NIGHT) == muted.id
    assert find("shop", NIGHT - HOUR) is find("mail", NIGHT + HOUR) is None
    with database.session() as session:
        set_kill_switch(session, make_switch())
    assert find("shop", NIGHT - HOUR) == "kill-switch"
    (folder / "shop.ics").write_text("hello")
    with database.session() as session:
        set_kill_switch(session, make_switch(False))
    assert find("other", NIGHT + 9 * HOUR) == "maintenance-calendars"
