"""When a change may begin: windows, freezes, holidays, summer time, and the next free slot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airmend.change.calendar_gate import find_hold, offer_slot, tell_slot
from airmend.change.calendar_scope import Subject
from airmend.change.intervals import Interval, first_fit, intersect, merge, subtract
from airmend.change.model import ChangeType
from airmend.change.policy import Policy, load_policy
from airmend.change.slots import Calendar
from airmend.change.topology import Environment, ServiceFacts
from airmend.errors import ConfigurationError
from tests.documents import ROOT, blocks_of
from tests.unit.change.builders import NOW, make_facts, make_service
from tests.unit.incident.calendars import calendar as ical
from tests.unit.incident.calendars import event

MINUTE = timedelta(minutes=1)
SHOP = Subject("shop")
NIGHT = {"name": "nights", "from": "22:00", "to": "02:00", "binding": True}


def times(zone: str = "UTC", **calendar: Any) -> Calendar:
    return make_policy(zone, **calendar).times


def make_policy(zone: str = "UTC", passes: tuple[str, ...] = (), **calendar: Any) -> Policy:
    document = {"time_zone": zone, "calendar": calendar, "emergency": {"passes": passes}}
    return Policy.model_validate(document)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+00:00")


def next_slot(found: Calendar, at: str, minutes: int = 30, **override: Any) -> str:
    """The start of the next free slot in UTC, as `03-04 22:00`."""
    subject = override.pop("subject", SHOP)
    slot = found.next_free_slot(utc(at), minutes * MINUTE, subject, **override)
    return "none" if slot is None else f"{slot.start_at.astimezone(UTC):%m-%d %H:%M}"


# --- Windows --------------------------------------------------------------------------------


def test_without_a_calendar_any_time_is_a_slot() -> None:
    assert next_slot(times(), "03-04T10:00") == "03-04 10:00"
    assert not times().is_gate


@pytest.mark.parametrize(
    ("at", "minutes", "slot"),
    [
        ("03-04T21:59", 30, "03-04 22:00"),
        ("03-04T22:00", 30, "03-04 22:00"),
        ("03-05T01:30", 30, "03-05 01:30"),  # just enough room
        ("03-05T01:31", 30, "03-05 22:00"),  # a minute too little
        ("03-05T02:00", 30, "03-05 22:00"),
        ("03-04T10:00", 240, "03-04 22:00"),  # the whole window
        ("03-04T10:00", 241, "none"),  # and more than it
    ],
)
def test_a_binding_window_has_room_up_to_its_end(at: str, minutes: int, slot: str) -> None:
    assert next_slot(times(windows=[NIGHT]), at, minutes) == slot


def test_a_window_that_binds_nobody_is_no_gate_and_is_offered_first() -> None:
    found = times(windows=[NIGHT | {"binding": False}])
    assert next_slot(found, "03-04T10:00") == "03-04 10:00"
    assert not found.is_gate
    assert not found.welcomes(utc("03-04T10:00"), SHOP)
    offer = offer_slot(found, utc("03-04T10:00"), 30 * MINUTE, SHOP)
    assert tell_slot(offer, found) == "the next free slot begins at Wed 2026-03-04 22:00 UTC"


def test_what_is_in_no_welcome_hour_is_offered_outside_of_them() -> None:
    day = {"name": "day", "from": "08:00", "to": "18:00"}
    found = times(windows=[NIGHT, day])
    offer = offer_slot(found, utc("03-04T10:00"), 30 * MINUTE, SHOP)
    assert offer is not None
    assert offer.start_at == utc("03-04T22:00")


def test_windows_that_meet_are_one() -> None:
    late = {"name": "late", "from": "02:00", "to": "04:00", "binding": True}
    assert next_slot(times(windows=[NIGHT, late]), "03-04T10:00", 360) == "03-04 22:00"


@pytest.mark.parametrize(
    ("rule", "slots"),
    [
        ({"rrule": "FREQ=MONTHLY;BYDAY=1SU"}, ["03-01 22:00", "04-05 22:00"]),
        (
            {"rrule": "FREQ=WEEKLY;BYDAY=SU;UNTIL=20260308"},  # which is a day, with its evening
            ["03-01 22:00", "03-08 22:00", "none"],
        ),
        (
            {"rrule": "FREQ=DAILY;INTERVAL=2", "except_dates": ["2026-03-03"]},
            ["03-01 22:00", "03-05 22:00"],
        ),
        ({"rrule": "FREQ=DAILY;COUNT=2"}, ["03-01 22:00", "03-02 22:00", "none"]),
    ],
)
def test_a_window_recurs_by_its_rule(rule: dict[str, Any], slots: list[str]) -> None:
    entry = {"name": "rule", "start": "2026-03-01T22:00", "minutes": 60, "binding": True}
    found, at, seen = times(windows=[entry | rule]), utc("03-01T12:00"), []
    for _ in slots:
        slot = found.next_free_slot(at, 30 * MINUTE, SHOP)
        seen.append("none" if slot is None else f"{slot.start_at:%m-%d %H:%M}")
        at = slot.end_at + 30 * MINUTE if slot is not None else at
    assert seen == slots


# --- Summer time ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "slot"),
    [
        ("03-28T12:00", "03-28 21:00"),  # still winter: 22:00 is 21:00 UTC
        ("03-29T12:00", "03-29 20:00"),  # summer began that morning
        ("10-24T12:00", "10-24 20:00"),
        ("10-25T12:00", "10-25 21:00"),  # and ended
    ],
)
@pytest.mark.parametrize("way", ["weekly", "rrule"])
def test_a_window_keeps_its_hour_when_the_clocks_change(at: str, slot: str, way: str) -> None:
    entry: dict[str, Any] = NIGHT
    if way == "rrule":
        rule = {"rrule": "FREQ=DAILY", "start": "2026-01-01T22:00", "minutes": 240}
        entry = {"name": "rule", "binding": True} | rule
    assert next_slot(times("Europe/Berlin", windows=[entry]), at) == slot


@pytest.mark.parametrize(
    ("day", "hours"),
    [("03-27", 4), ("03-28", 3), ("10-23", 4), ("10-24", 5)],  # by the clock on the wall
)
def test_a_night_in_which_the_clocks_change_is_shorter_or_longer(day: str, hours: int) -> None:
    entry = {"name": "n", "from": "23:00", "to": "03:00", "binding": True}
    found = times("Europe/Berlin", windows=[entry])
    (night,) = [
        it
        for it in found.open_times(
            utc(f"{day}T12:00"), utc(f"{day}T12:00") + 30 * 60 * MINUTE, SHOP
        )
        if it.start_at < utc(f"{day}T23:30")
    ]
    assert night.end_at - night.start_at == timedelta(hours=hours)


def test_of_an_hour_that_comes_twice_a_freeze_takes_all() -> None:
    freeze = {"name": "f", "from": "2026-10-25T01:00", "to": "2026-10-25T02:30"}
    found = times("Europe/Berlin", freezes=[freeze])
    assert next_slot(found, "10-24T23:00", 1) == "10-25 01:30"  # 02:30 for the second time


def test_an_entry_may_have_a_zone_of_its_own() -> None:
    found = times("Europe/Berlin", windows=[NIGHT | {"time_zone": "America/New_York"}])
    assert next_slot(found, "01-15T12:00") == "01-16 03:00"


# --- Freezes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "slot"),
    [
        ("12-17T23:29", "12-17 23:29"),
        ("12-17T23:30", "12-17 23:30"),  # done when it begins
        ("12-17T23:31", "01-04 00:00"),  # a minute too little
        ("12-18T00:00", "01-04 00:00"),
        ("12-25T12:00", "01-04 00:00"),
    ],
)
def test_a_freeze_by_days_takes_its_last_day_and_needs_room_before(at: str, slot: str) -> None:
    found = times(freezes=[{"name": "year end", "from": "2026-12-18", "to": "2027-01-03"}])
    assert next_slot(found, at) == slot


def test_the_freeze_that_lasts_longest_is_told() -> None:
    short = {"name": "short", "from": "2026-03-04T09:00", "to": "2026-03-04T11:00"}
    long = {"name": "long", "from": "2026-03-04T10:00", "to": "2026-03-04T12:00"}
    found = times(freezes=[long, short])
    hold = find_hold(found, NOW, 30 * MINUTE, SHOP)
    assert hold is not None
    assert hold.reason == "the freeze 'long' lasts until Wed 2026-03-04 12:00 UTC"
    assert not hold.refuses
    refusing = times(freezes=[long, short | {"refuse": True}])
    hold = find_hold(refusing, NOW, 30 * MINUTE, SHOP)
    assert hold is not None
    assert hold.refuses
    assert "'short'" in hold.reason


def test_a_freeze_that_begins_soon_holds_a_change_and_says_why() -> None:
    found = times(freezes=[{"name": "f", "from": "2026-03-04T10:29", "to": "2026-03-04T12:00"}])
    hold = find_hold(found, NOW, 30 * MINUTE, SHOP)
    assert hold is not None
    assert hold.frozen is None
    assert hold.reason == "less than the 30 minutes that its steps may take are left"
    assert find_hold(found, NOW, 29 * MINUTE, SHOP) is None


def test_a_slot_lies_beside_what_others_do() -> None:
    busy = [Interval(NOW, NOW + 20 * MINUTE), Interval(NOW + 45 * MINUTE, NOW + 60 * MINUTE)]
    assert next_slot(times(), "03-04T10:00", 25, busy=busy) == "03-04 10:20"
    assert next_slot(times(), "03-04T10:00", 26, busy=busy) == "03-04 11:00"


# --- Holidays -------------------------------------------------------------------------------


def test_on_a_holiday_windows_are_closed_unless_they_say_otherwise() -> None:
    holidays = [{"name": "feast", "dates": ["2026-03-05"]}]
    closed = times("Europe/Berlin", windows=[NIGHT], holidays=holidays)
    # its first two hours belong to Wednesday, in Berlin
    assert next_slot(closed, "03-04T20:00", 120) == "03-04 21:00"
    assert next_slot(closed, "03-04T20:00", 121) == "03-06 21:00"
    hold = find_hold(closed, utc("03-05T22:00"), 30 * MINUTE, SHOP)
    assert hold is not None
    assert hold.reason == "its window 'nights' is closed (feast)"
    opened = times(windows=[NIGHT | {"open_on_holidays": True}], holidays=holidays)
    assert next_slot(opened, "03-04T21:00", 121) == "03-04 22:00"


def test_welcome_hours_are_closed_on_a_holiday_too() -> None:
    policy = Policy.model_validate(
        {
            "change_windows": [{"from": "08:00", "to": "18:00"}],
            "calendar": {"holidays": [{"name": "feast", "dates": ["2026-03-05"]}]},
        }
    )
    assert policy.welcomes(utc("03-04T10:00"), SHOP)
    assert not policy.welcomes(utc("03-05T10:00"), SHOP)


# --- Scopes ---------------------------------------------------------------------------------

PRODUCTION = make_facts(tier=1)
SHARED = ServiceFacts(service=make_service("blog", tier=4), shared_with=(make_service(tier=1),))


@pytest.mark.parametrize(
    ("scope", "subject", "frozen"),
    [
        ({}, SHOP, True),
        ({"services": ["shop"]}, SHOP, True),
        ({"services": ["mail"]}, SHOP, False),
        ({"tiers": [1]}, Subject("shop", facts=PRODUCTION), True),
        ({"tiers": [2]}, Subject("shop", facts=PRODUCTION), False),
        ({"tiers": [2]}, SHOP, True),  # nobody knows its tier
        ({"tiers": [1]}, Subject("blog", facts=SHARED), True),  # it is on the same host
        ({"services": ["shop"]}, Subject("blog", facts=SHARED), True),
        ({"environments": ["test"]}, Subject("shop", facts=PRODUCTION), False),
        ({"environments": ["production"]}, Subject("shop", facts=PRODUCTION), True),
        ({"types": ["standard"]}, SHOP, False),
        ({"types": ["normal"]}, SHOP, True),
        ({"except_types": ["normal"]}, SHOP, False),
        ({"except_types": ["emergency"]}, Subject("shop", ChangeType.EMERGENCY), False),
        ({}, Subject("shop", ChangeType.EMERGENCY), True),
        ({"services": ["mail"], "tiers": [1]}, Subject("shop", facts=PRODUCTION), False),
    ],
)
def test_a_freeze_is_about(scope: dict[str, Any], subject: Subject, frozen: bool) -> None:
    freeze = {"name": "f", "from": "2026-03-04", "to": "2026-03-04"}
    assert (times(freezes=[freeze | scope]).frozen(NOW, subject) is not None) is frozen


def test_only_windows_of_its_own_bind_a_change() -> None:
    found = times(windows=[NIGHT | {"services": ["mail"]}])
    assert next_slot(found, "03-04T10:00") == "03-04 10:00"
    assert next_slot(found, "03-04T10:00", subject=Subject("mail")) == "03-04 22:00"


def test_a_service_of_which_nobody_knows_the_tier_keeps_the_windows_of_all() -> None:
    early = {"name": "e", "from": "00:00", "to": "04:00", "binding": True, "tiers": [1]}
    found = times(windows=[NIGHT | {"tiers": [2]}, early])
    assert next_slot(found, "03-04T10:00", 120) == "03-05 00:00"
    assert next_slot(found, "03-04T10:00", 121) == "none"
    known = Subject("shop", facts=make_facts(tier=2, environment=Environment.TEST))
    assert next_slot(found, "03-04T10:00", 121, subject=known) == "03-04 22:00"


def test_a_type_that_a_window_lets_pass_is_outside_of_it_all_the_same() -> None:
    found = times(windows=[NIGHT | {"except_types": ["emergency"]}])
    emergency = Subject("shop", ChangeType.EMERGENCY)
    assert next_slot(found, "03-04T10:00", subject=emergency) == "03-04 10:00"
    assert not found.welcomes(NOW, emergency)


@pytest.mark.parametrize(
    ("scope", "passes", "held"),
    [
        ({}, None, False),  # by default it runs at once
        ({}, ["budgets", "calendar"], False),
        ({}, ["budgets"], True),
        ({}, [], True),
        ({"types": ["normal", "emergency"]}, None, True),  # the entry names it
        ({"types": ["normal"]}, [], False),
        ({"except_types": ["emergency"]}, [], False),
        ({"except_types": ["emergency"], "types": ["emergency"]}, None, False),
    ],
)
@pytest.mark.parametrize("kind", ["windows", "freezes"])
def test_an_emergency_change_passes_windows_and_freezes_as_the_policy_says(
    kind: str, scope: dict[str, Any], passes: list[str] | None, held: bool
) -> None:
    freeze = {"name": "f", "from": "2026-03-04", "to": "2026-03-04"}
    entry = (NIGHT if kind == "windows" else freeze) | scope
    emergency = {} if passes is None else {"emergency": {"passes": passes}}
    policy = Policy.model_validate({"calendar": {kind: [entry]}} | emergency)
    subject = Subject("shop", ChangeType.EMERGENCY)
    hold = find_hold(policy.times, utc("03-04T10:00"), 30 * MINUTE, subject)
    assert (hold is not None) is held


@pytest.mark.parametrize("change_type", [ChangeType.NORMAL, ChangeType.STANDARD])
def test_no_other_change_passes_what_emergency_changes_may_pass(change_type: ChangeType) -> None:
    freeze = {"name": "f", "from": "2026-03-04", "to": "2026-03-04"}
    found = make_policy(passes=("calendar",), freezes=[freeze]).times
    assert found.frozen(utc("03-04T10:00"), Subject("shop", change_type)) is not None


# --- The file -------------------------------------------------------------------------------


def load(folder: Path, text: str, **files: bytes) -> Policy:
    for name, data in files.items():
        (folder / f"{name}.ics").write_bytes(data)
    path = folder / "policy.yaml"
    path.write_text(f"calendar:\n  {text}\n")
    return load_policy(path)


FREEZE_FILE = ical(
    event("DTSTART;TZID=Europe/Berlin:20260304T090000", "DTEND;TZID=Europe/Berlin:20260304T120000")
)
DAYS = ical(event("DTSTART;VALUE=DATE:20260305", "RRULE:FREQ=YEARLY", summary="Feast"))


def test_entries_may_be_in_icalendar_files_beside_the_policy(tmp_path: Path) -> None:
    text = "freezes: [{name: desk, file: desk.ics}]\n  holidays: [{name: h, file: days.ics}]"
    policy = load(tmp_path, text, desk=FREEZE_FILE, days=DAYS)
    assert next_slot(policy.times, "03-04T08:30") == "03-04 11:00"
    (feast,) = policy.calendar.holidays
    assert feast.between(utc("03-01T00:00"), utc("04-01T00:00"), policy.zone) == [
        Interval(utc("03-05T00:00"), utc("03-06T00:00"))
    ]
    other = load(tmp_path, text, desk=FREEZE_FILE.replace(b"T12", b"T13"), days=DAYS)
    assert other.digest != policy.digest


ONE_DAY = "{name: f, from: 2026-03-04, to: 2026-03-04}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("freezes: [{name: f, file: gone.ics}]", ":2: calendar.freezes.0: "),
        ("freezes: [{name: f, file: broken.ics}]", "broken.ics: it is not an iCalendar file"),
        ("freezes: [{name: f, file: empty.ics}]", "it has no event"),
        ("freezes: [{name: f, file: endless.ics}]", "event 'Patch night': it has no end"),
        ("freezes: [{name: f, from: 2026-03-04, to: 2026-03-03}]", "ends before it starts"),
        ("freezes: [{name: f, from: 2026-03-04}]", "'to' is missing"),
        ("freezes: [{name: f}]", "in no way, or in several"),
        ("freezes: [{name: f, from: 2026-03-04, to: 2026-03-05, file: f.ics}]", "or in several"),
        ("freezes: [{name: f, from: March, to: 2026-03-05}]", "'March' is no time"),
        ("freezes: [{name: f, from: 2026-03-04, to: 2026-03-05, tiers: []}]", "freezes.0.tiers"),
        ("freezes: [{name: f, from: 2026-03-04, to: 2026-03-05, types: []}]", "freezes.0.types"),
        ("freezes: [{from: 2026-03-04, to: 2026-03-05}]", "name' is missing"),
        ("windows: [{name: w, days: [], from: '08:00', to: '09:00'}]", "windows.0.days"),
        ("windows: [{name: w, from: '08:00Z', to: '09:00'}]", "zone of its own"),
        ("windows: [{name: w, from: 800, to: '09:00'}]", "is written as"),
        (
            "windows: [{name: w, rrule: FREQ=DAILY, start: 2026-01-01T00:00}]",
            "'minutes' is missing",
        ),
        (
            "windows: [{name: w, rrule: FREQ=SECONDLY, start: 2026-01-01T00:00, minutes: 1}]",
            "it recurs SECONDLY",
        ),
        ("windows: [{name: w, rrule: nonsense, start: 2026-01-01T00:00, minutes: 1}]", "nonsense"),
        ("holidays: [{name: h, dates: []}]", "holidays.0.dates"),
        ("holidays: [{name: h, dates: [25]}]", "or a day"),
        ("windows: [{name: w, time_zone: Mars, from: '08:00', to: '09:00'}]", "not a time zone"),
        (f"freezes: [{ONE_DAY}, {ONE_DAY}]", "two entries are named 'f'"),
        (
            "windows: [{name: w, rrule: FREQ=WEEKLY;BYDAY=MO, start: 2026-03-01, minutes: 9}]",
            "its start is none of its times; the first after it is 2026-03-02T00:00",
        ),
        ("longest_wait_hours: 337", "longest_wait_hours"),
    ],
)
def test_a_calendar_with_a_mistake_stops_all_changes(tmp_path: Path, text: str, place: str) -> None:
    files = {
        "broken": b"nonsense",
        "empty": ical(),
        "endless": ical(event("DTSTART:20260304T090000Z")),
    }
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text, **files)
    assert place in str(caught.value)


def test_a_file_that_was_not_read_is_never_taken_for_a_calendar_without_events(
    tmp_path: Path,
) -> None:
    load(tmp_path, "freezes: [{name: f, file: desk.ics}]", desk=FREEZE_FILE)
    unread = load_policy(tmp_path / "policy.yaml", calendars=False)
    with pytest.raises(ConfigurationError, match="is not read"):
        unread.times.next_free_slot(NOW, MINUTE, SHOP)


def test_the_calendar_of_the_documents_is_one(tmp_path: Path) -> None:
    (block,) = [b for b in blocks_of(ROOT / "docs/calendars.md") if b.label == "policy.yaml"]
    path = tmp_path / "policy.yaml"
    path.write_text(block.text)
    found = load_policy(path).times
    first, second = make_facts(tier=1), make_facts(tier=3)
    assert next_slot(found, "03-04T10:00", subject=Subject("shop", facts=first)) == "05-03 20:00"
    assert next_slot(found, "03-04T10:00", subject=Subject("shop", facts=second)) == "03-04 10:00"
    assert found.frozen(utc("01-31T12:00"), Subject("ledger", facts=second)) is None
    ledger = ServiceFacts(service=make_service("ledger"))
    assert found.frozen(utc("01-31T12:00"), Subject("ledger", facts=ledger)) is not None


# --- Laws -----------------------------------------------------------------------------------

BEGIN = utc("03-02T00:00")
GRID = 4 * 24 * 60
clocks = st.builds(lambda m: f"{m // 60:02}:{m % 60:02}", st.integers(0, 24 * 60 - 1))
weekly = st.fixed_dictionaries(
    {
        "from": clocks,
        "to": clocks,
        "days": st.sets(st.sampled_from(["mon", "tue", "wed", "thu"]), min_size=1).map(sorted),
    }
)
moments = st.integers(0, GRID).map(lambda m: BEGIN + m * MINUTE)
stretches = st.builds(
    lambda at, minutes: Interval(at, at + minutes * MINUTE), moments, st.integers(1, 2000)
)


@given(
    st.lists(weekly, min_size=1, max_size=3),
    st.lists(stretches, max_size=3),
    st.integers(0, 2 * 24 * 60),
    st.integers(1, 300),
)
@settings(max_examples=60)
def test_the_next_free_slot_is_the_earliest_of_a_grid_of_minutes(
    windows: list[dict[str, Any]], freezes: list[Interval], begin: int, minutes: int
) -> None:
    found = times(
        windows=[entry | {"name": f"w{n}", "binding": True} for n, entry in enumerate(windows)],
        freezes=[
            {"name": f"f{n}", "from": it.start_at.isoformat(), "to": it.end_at.isoformat()}
            for n, it in enumerate(freezes)
        ],
    )
    at = BEGIN + begin * MINUTE
    free = [
        any(is_inside(entry, BEGIN + m * MINUTE) for entry in windows)
        and not any(it.holds(BEGIN + m * MINUTE) for it in freezes)
        for m in range(begin, GRID)
    ]
    run, expected = 0, None
    for number, is_free in enumerate(free):
        run = run + 1 if is_free else 0
        if run == minutes:
            expected = at + (number + 1 - minutes) * MINUTE
            break
    slot = found.next_free_slot(at, minutes * MINUTE, SHOP)
    if expected is None:
        assert slot is None or slot.end_at > BEGIN + GRID * MINUTE
    else:
        assert slot == Interval(expected, expected + minutes * MINUTE)


def is_inside(entry: dict[str, Any], at: datetime) -> bool:
    """Whether a window is open, by the clock alone: another way than the one that is tested."""
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    clock, today = f"{at:%H:%M}", days[at.weekday()] in entry["days"]
    if entry["from"] < entry["to"]:
        return today and entry["from"] <= clock < entry["to"]
    yesterday = days[at.weekday() - 1] in entry["days"]
    return (today and clock >= entry["from"]) or (yesterday and clock < entry["to"])


@given(st.lists(stretches, max_size=5), st.lists(stretches, max_size=5), moments)
def test_stretches_are_sets_of_moments(
    one: list[Interval], other: list[Interval], at: datetime
) -> None:
    def holds(intervals: list[Interval]) -> bool:
        return any(it.holds(at) for it in intervals)

    assert holds(merge(one)) == holds(one)
    assert holds(subtract(one, other)) == (holds(one) and not holds(other))
    assert holds(intersect(one, other)) == (holds(one) and holds(other))
    fit = first_fit(one, MINUTE, at)
    if fit is not None:
        assert fit.start_at >= at
        assert any(it.start_at <= fit.start_at and fit.end_at <= it.end_at for it in merge(one))
