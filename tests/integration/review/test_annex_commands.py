"""`airmend report dora, classify, submitted, prose, remake`, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from airmend.cli.main import app
from airmend.records.database import Database
from airmend.records.reports import load_report
from airmend.records.suppressions import set_kill_switch
from airmend.settings import get_settings
from tests.builders import make_switch
from tests.integration.review.chat_server import ChatServer, chat_server
from tests.integration.review.stored import store_facts, store_with_report
from tests.unit.review.scenarios import approved_on_three_hosts, later, unmatched

Command = Callable[..., Result]
TRUE = "ServiceDown was on host web1. It was approved by sam after 3 h 10 min."


@pytest.fixture
def airmend(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    """Runs a command of `airmend report`; DORA applies by the policy."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("report: {dora: {applies: true, entity: {name: A Bank}}}\n")
    monkeypatch.setenv("AIRMEND_DATABASE_URL", database_url)
    monkeypatch.setenv("AIRMEND_POLICY_FILE", str(policy))
    monkeypatch.setenv("AIRMEND_HOME", str(tmp_path / "home"))
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(app, ["report", *words])
    get_settings.cache_clear()


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as server:
        monkeypatch.setenv("AIRMEND_PROSE_URL", server.url)
        monkeypatch.setenv("AIRMEND_PROSE_MODEL", "llama-9")
        monkeypatch.setenv("AIRMEND_PROSE_KEY", "sk-very-secret")
        get_settings.cache_clear()
        yield server


@pytest.fixture
def reported(database: Database) -> Database:
    with database.session() as session:
        store_with_report(session, approved_on_three_hosts(), later(20_000))
    return database


def document(database: Database) -> dict[str, Any]:
    with database.session() as session:
        found = load_report(session, "chg-0001")
    assert found
    return found


def test_a_person_classifies_and_sends_and_the_annex_and_the_report_follow(
    airmend: Command, reported: Database, tmp_path: Path
) -> None:
    at = "2026-03-02T11:00+01:00"
    said = airmend(
        "classify", "inc-0001", "--major", "--at", at, "--by", "olga", "--reason", "clients"
    )
    assert (said.exit_code, "is classified as major" in said.output) == (0, True)
    sent = airmend("submitted", "inc-0001", "initial", "--at", "2026-03-02T15:00Z", "--by", "olga")
    assert sent.exit_code == 0, sent.output

    annex = json.loads(airmend("dora", "inc-0001", "-f", "json").output)
    initial, intermediate, _final = annex["deadlines"]
    assert (initial["due_at"], initial["is_late"]) == ("2026-03-02T14:00:00Z", True)
    assert intermediate["due_at"] == "2026-03-05T15:00:00Z"
    values = {field["number"]: field["value"] for field in annex["fields"]}
    assert (values["1.5"], values["2.3"]) == ("A Bank", "2026-03-02 10:00:00 UTC")

    report = document(reported)
    assert report["dora"]["deadlines"] == annex["deadlines"]
    assert any("Send the intermediate report" in item["text"] for item in report["follow_ups"])
    page = (tmp_path / "home/reports/inc-0001.html").read_text()
    assert "Classified as major by olga: clients" in page


def test_the_same_statement_twice_is_told(airmend: Command, reported: Database) -> None:
    words = ("classify", "inc-0001", "--not-major", "--at", "2026-03-02T10:00Z", "--reason", "x")
    airmend(*words)
    assert "on record already" in airmend(*words).output


MISTAKES: list[tuple[tuple[str, ...], str]] = [
    (("classify", "inc-0001", "--reason", "x"), "--major or --not-major"),
    (("classify", "inc-0001", "--major", "--reason", " "), "which criteria"),
    (("classify", "inc-0001", "--major", "--reason", "x", "--at", "2026-03-02"), "no zone"),
    (("classify", "inc-none", "--major", "--reason", "x"), "there is no incident"),
    (("submitted", "inc-0001", "initial"), "not classified as major"),
    (("submitted", "inc-0001", "last"), "last"),
    (("dora", "inc-none"), "there is no incident"),
    (("remake", "inc-none"), "there is no report"),
    (("prose", "inc-0001"), "no language model is set up"),
]


def test_what_cannot_be_is_an_error_with_a_remedy(airmend: Command, reported: Database) -> None:
    for words, told in MISTAKES:
        result = airmend(*words)
        assert result.exit_code != 0, words
        assert told in " ".join(result.output.replace("│", "").split()), words


def test_an_incident_without_a_change_has_an_annex_too(
    airmend: Command, database: Database, tmp_path: Path
) -> None:
    with database.session() as session:
        store_facts(session, unmatched())
    file = tmp_path / "annex.md"
    result = airmend("dora", "inc-0001", "-o", str(file))
    assert (result.exit_code, result.output) == (0, "")
    assert file.read_text().startswith("# DORA annex of incident inc-0001\n")
    assert airmend("classify", "inc-0001", "--major", "--reason", "x").exit_code == 0


def test_a_report_is_made_again_from_the_records_as_they_are_now(
    airmend: Command, reported: Database
) -> None:
    assert document(reported)["dora"] is None
    with reported.session() as session:
        for is_on, seconds in ((True, -3600), (False, -1800)):
            set_kill_switch(session, make_switch(is_on=is_on, at=later(seconds)))
    assert airmend("remake", "chg-0001").exit_code == 0
    report = document(reported)
    drilled = next(c for c in report["controls"] if c["reference"] == "MANAGE 2.4")
    assert drilled["result"] == "evidenced"
    assert [kind["scope"] for kind in report["recurrence"]] == [
        "known error KE-0001",
        "service shop",
    ]
    again = json.loads(airmend("inc-0001", "--format", "json").output)
    assert again == report


def test_a_text_is_added_stays_and_is_shown(
    airmend: Command, reported: Database, chat: ChatServer
) -> None:
    chat.say(TRUE)
    before = datetime.now(UTC)
    said = airmend("prose", "inc-0001")
    assert (said.exit_code, said.output) == (0, f"{TRUE}\n")
    airmend("remake", "inc-0001")
    prose = document(reported)["prose"]
    assert (prose["state"], prose["model"], prose["text"]) == ("accepted", "llama-9", TRUE)
    assert datetime.fromisoformat(prose["written_at"]) >= before
    assert "Written by a language model, not by people" in airmend("inc-0001").output


def test_a_text_that_lies_is_rejected_and_the_report_stands_without_it(
    airmend: Command, reported: Database, chat: ChatServer
) -> None:
    chat.say(TRUE.replace("web1", "web7"))
    said = airmend("prose", "inc-0001")
    assert said.exit_code == 1
    assert "web7" in said.output
    report = document(reported)
    assert (report["prose"]["state"], report["prose"]["text"]) == ("rejected", "")
    assert report["outcome"] == "resolved"


def test_a_model_that_is_away_changes_nothing(
    airmend: Command, reported: Database, chat: ChatServer
) -> None:
    before = document(reported)
    chat.send(503, b"")
    said = airmend("prose", "inc-0001")
    assert said.exit_code == 1
    assert "the language model answers 503" in said.output
    assert "sk-very-secret" not in said.output
    assert document(reported) == before


def test_an_option_or_nothing_still_means_the_report(airmend: Command, reported: Database) -> None:
    assert "chg-0001" in airmend().output
    assert airmend("--format", "json", "inc-0001").output.startswith("{")
    assert airmend("show", "inc-0001").output == airmend("inc-0001").output
