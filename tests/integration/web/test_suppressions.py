"""The API of mutes, windows and the kill switch, mounted as Airflow mounts it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airmend.records.database import Database
from airmend.records.suppressions import coming_suppressions, kill_switch_log, past_suppressions
from airmend.settings import Settings
from airmend.web.bodies import MAX_BYTES
from airmend.web.problems import add_problem_handlers
from airmend.web.suppressions import create_suppressions
from tests.builders import AT
from tests.integration.orchestration.conftest import Clock
from tests.integration.web.conftest import Caller
from tests.integration.web.people import by, find_operator, require_viewer
from tests.unit.incident.calendars import calendar, event

API = "/airmend/api"
LATER = (AT + timedelta(hours=2)).isoformat()
MUTE = {"scope": {"service": "shop"}, "ends_at": LATER, "reason": "the disk is being replaced"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "maintenance"
    path.mkdir()
    day = event("DTSTART;VALUE=DATE:20260302", "X-AIRMEND-SCOPE:service mail")
    (path / "mail.ics").write_bytes(calendar(day))
    return path


@pytest.fixture
def caller(database: Database, clock: Clock, folder: Path) -> Caller:
    """Someone outside."""
    inner, outer = FastAPI(), FastAPI()
    add_problem_handlers(inner)
    inner.include_router(
        create_suppressions(
            database,
            Settings(maintenance_dir=folder, base_url="https://airflow.example:8443/"),
            viewer=require_viewer,
            operator=find_operator,
            clock=clock,
        )
    )
    outer.mount("/airmend", inner)
    return Caller(outer)


def mute(caller: Caller, who: str = "olivia", **override: Any) -> httpx.Response:
    body = {key: value for key, value in (MUTE | override).items() if value is not None}
    return caller.post(f"{API}/suppressions", json=body, **by(who))


def stop(caller: Caller, word: str = "stop", who: str = "olivia", **body: Any) -> httpx.Response:
    return caller.post(
        f"{API}/kill-switch/{word}", json={"reason": "too many restarts"} | body, **by(who)
    )


def stored(database: Database) -> int:
    with database.session() as session:
        rules = coming_suppressions(session, AT) + past_suppressions(session, AT, limit=99)
        return len(rules) + len(kill_switch_log(session, limit=99))


# --- What it does ---------------------------------------------------------------------------


def test_an_operator_mutes_and_is_the_author(caller: Caller) -> None:
    answer = mute(caller)
    assert answer.status_code == 201, answer.text
    rule = answer.json()
    assert rule["id"].startswith("MUT-20260302-")
    assert (rule["author"], rule["kind"], rule["state"]) == ("olivia", "mute", "active")
    assert rule["scope"] == {"service": "shop"}
    listed = caller.get(f"{API}/suppressions", **by("victor")).json()
    assert listed["suppressions"] == [rule]


@pytest.mark.parametrize(
    "scope",
    [
        {"all": True},
        {"runbook": "service-down"},
        {"expression": "incident.labels.job == 'shop'"},
    ],
)
def test_a_scope_comes_back_as_it_was_given(caller: Caller, scope: dict[str, Any]) -> None:
    answer = mute(caller, scope=scope, kind="maintenance")
    assert (answer.json()["scope"], answer.json()["kind"]) == (scope, "maintenance")
    assert answer.json()["id"].startswith("MNT-")


def test_a_window_of_later_is_coming_then_active_then_past(caller: Caller, clock: Clock) -> None:
    start = (AT + timedelta(hours=1)).isoformat()
    mute(caller, starts_at=start, kind="maintenance")

    def state() -> str:
        (rule,) = caller.get(f"{API}/suppressions", **by("victor")).json()["suppressions"]
        return str(rule["state"])

    assert state() == "coming"
    clock.pass_time(hours=1)
    assert state() == "active"
    clock.pass_time(hours=1)
    assert state() == "past"


def test_a_rule_is_ended_with_who_and_why_and_stays_listed(caller: Caller, clock: Clock) -> None:
    rule = mute(caller).json()
    clock.pass_time(minutes=5)
    for who in ("priya", "olivia"):  # the second one changes nothing
        answer = caller.post(
            f"{API}/suppressions/{rule['id']}/end", json={"reason": "it is back"}, **by(who)
        )
        assert answer.status_code == 200
        assert (answer.json()["ended_by"], answer.json()["state"]) == ("priya", "past")
    listed = caller.get(f"{API}/suppressions", **by("victor")).json()
    assert [it["end_reason"] for it in listed["suppressions"]] == ["it is back"]


def test_windows_of_calendars_are_listed_with_their_mistakes(caller: Caller, folder: Path) -> None:
    (folder / "shop.ics").write_text("hello")
    listed = caller.get(f"{API}/suppressions", **by("victor")).json()
    (window,) = listed["calendar_windows"]
    assert (window["id"], window["scope"], window["state"]) == (
        "mail.ics/one",
        {"service": "mail"},
        "active",
    )
    (mistake,) = listed["calendar_mistakes"]
    assert mistake.startswith("shop.ics: it is not an iCalendar file")


def test_the_kill_switch_is_used_and_keeps_its_log(caller: Caller, clock: Clock) -> None:
    assert caller.get(f"{API}/kill-switch", **by("victor")).json() == {"is_on": False, "log": []}
    assert stop(caller).json()["is_on"]
    clock.pass_time(minutes=1)
    state = stop(caller, "resume", "priya", reason="found it").json()
    assert not state["is_on"]
    assert [(it["by"], it["is_on"], it["reason"]) for it in state["log"]] == [
        ("priya", False, "found it"),
        ("olivia", True, "too many restarts"),
    ]
    assert caller.get(f"{API}/kill-switch", **by("victor")).json() == state


# --- Who may --------------------------------------------------------------------------------

ROUTES = [
    ("GET", "/suppressions"),
    ("POST", "/suppressions"),
    ("POST", "/suppressions/MUT-1/end"),
    ("GET", "/kill-switch"),
    ("POST", "/kill-switch/stop"),
    ("POST", "/kill-switch/resume"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_unknown_sees_or_does_anything(
    caller: Caller, database: Database, method: str, path: str
) -> None:
    answer = caller(method, API + path, json=MUTE, headers={"Origin": "http://test"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert stored(database) == 0


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_viewers_look_and_do_not_act(
    caller: Caller, database: Database, method: str, path: str
) -> None:
    answer = caller(method, API + path, json=MUTE, **by("victor"))
    assert answer.status_code == (200 if method == "GET" else 403)
    assert stored(database) == 0


def test_the_body_of_somebody_who_may_not_act_is_not_read(caller: Caller) -> None:
    huge = b"x" * (MAX_BYTES + 1)
    json_type = {"Content-Type": "application/json"}
    path = f"{API}/suppressions"
    assert caller.post(path, content=huge, **by("victor", **json_type)).status_code == 403
    assert caller.post(path, content=huge, **by("olivia", **json_type)).status_code == 413


def test_nobody_can_speak_for_somebody_else(caller: Caller, database: Database) -> None:
    answer = mute(caller, author="priya")
    assert (answer.status_code, answer.json()["field"]) == (422, "author")
    assert stored(database) == 0


# --- Whose page sent it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "trusted"),
    [
        ({"Origin": "http://test"}, True),
        ({"Origin": "https://airflow.example:8443"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://test.evil.example"}, False),
        ({"Origin": "https://airflow.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "file://test"}, False),
        ({}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://test"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://test"}, False),
        ({"Sec-Fetch-Site": "none", "Origin": "http://test"}, False),
        ({"Authorization": "Basic b2xpdmlh"}, False),
    ],
)
def test_no_other_site_acts_with_a_users_cookie(
    caller: Caller, database: Database, headers: dict[str, str], trusted: bool
) -> None:
    for method, path in ROUTES:
        if method == "POST":
            answer = caller.post(
                API + path, json={}, headers={"Cookie": "_token=olivia", **headers}
            )
            assert (answer.status_code == 403) == (not trusted), answer.text
    assert stored(database) == 0


def test_a_program_acts_with_a_token_and_without_a_page(caller: Caller) -> None:
    headers = {"Authorization": "Bearer olivia", "Sec-Fetch-Site": "cross-site"}
    answer = caller.post(f"{API}/suppressions", json=MUTE, headers=headers)
    assert (answer.status_code, answer.json()["author"]) == (201, "olivia")


# --- What is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "field", "fact"),
    [
        ({"scope": {}}, "scope", "exactly one of service, runbook, expression, or all: true"),
        ({"scope": {"all": False}}, "scope", "exactly one"),
        ({"scope": {"service": "a", "all": True}}, "scope", "exactly one"),
        ({"scope": {"service": " "}}, "scope", "never means all"),
        ({"scope": {"service": None}}, "scope", "exactly one"),
        ({"scope": {"servce": "a"}}, "scope.servce", "not permitted"),
        ({"scope": {"all": 1}}, "scope.all", "boolean"),
        ({"scope": {"expression": "incident.labels.job = 'a'"}}, "scope", "not a CEL expression"),
        ({"scope": None}, "scope", "required"),
        ({"ends_at": None}, "ends_at", "required"),
        ({"ends_at": "2026-03-02T11:00:00"}, "ends_at", "timezone"),
        ({"ends_at": "tomorrow"}, "ends_at", "datetime"),
        ({"ends_at": AT.isoformat()}, "ends_at", "not after the start"),
        ({"ends_at": "9999-12-31T23:59:59-12:00"}, "ends_at", "more than 30 days"),
        ({"starts_at": "0001-01-01T00:00:00+12:00"}, "starts_at", "in the past"),
        ({"starts_at": "9999-12-31T23:59:59-12:00"}, "starts_at", "days away"),
        ({"reason": ""}, "reason", "is empty"),
        ({"reason": 5}, "reason", "string"),
        ({"kind": "blackout"}, "kind", "'mute' or 'maintenance'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field(
    caller: Caller, database: Database, override: dict[str, Any], field: str, fact: str
) -> None:
    answer = mute(caller, **override)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field
    assert fact in answer.json()["detail"]
    assert stored(database) == 0


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"reason": "\\ud800"}', "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"", "application/json", 400),
        (b"reason=x", "application/x-www-form-urlencoded", 415),
        (b'{"reason": "x"}', "text/plain", 415),
        (b'{"reason": "x", "force": true}', "application/json", 422),
        (b'{"reason": "x"}', "application/json; charset=utf-8", 200),
    ],
)
def test_only_a_strict_json_body_stops_anything(
    caller: Caller, database: Database, content: bytes, kind: str, code: int
) -> None:
    headers = {"Content-Type": kind}
    answer = caller.post(f"{API}/kill-switch/stop", content=content, **by("olivia", **headers))
    assert answer.status_code == code, answer.text
    assert stored(database) == (1 if code == 200 else 0)


@pytest.mark.parametrize("name", ["MUT-none", "mail.ics%2Fone", "%00", "a" * 200, "%ff"])
def test_a_rule_that_is_not_there_is_not_found(caller: Caller, name: str) -> None:
    answer = caller.post(f"{API}/suppressions/{name}/end", json={"reason": "x"}, **by("olivia"))
    assert answer.status_code == 404


def test_the_kill_switch_knows_two_words(caller: Caller) -> None:
    assert stop(caller, "on").status_code == 404


def test_records_that_are_away_are_a_503_and_nothing_is_said_to_be_done(
    tmp_path: Path, clock: Clock
) -> None:
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(
        create_suppressions(
            Database("postgresql://airmend@127.0.0.1:1/none"),
            Settings(),
            viewer=require_viewer,
            operator=find_operator,
            clock=clock,
        )
    )
    answer = Caller(app).post("/api/kill-switch/stop", json={"reason": "x"}, **by("olivia"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_BODIES = st.dictionaries(
    st.sampled_from(["kind", "scope", "starts_at", "ends_at", "reason", "x"]),
    _JSON
    | st.fixed_dictionaries({"expression": st.text()})
    | st.fixed_dictionaries({"service": st.text()})
    | st.just(LATER),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_BODIES)
def test_whatever_a_body_holds_it_is_made_or_refused(caller: Caller, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    for path in ("/suppressions", "/kill-switch/stop", "/suppressions/MUT-1/end"):
        answer = caller.post(API + path, content=content, **by("olivia", **headers))
        assert answer.status_code in {200, 201, 400, 404, 422}, answer.text
