"""`airmend mute`, `mutes`, `unmute`, `maintenance`, `stop` and `resume`, on both databases."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from airmend.change.model import ChangeStatus
from airmend.cli import main
from airmend.incident.model import IncidentStatus, SuppressionRule
from airmend.records.changes import create_change, mark_run_created
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.suppressions import (
    coming_suppressions,
    kill_switch_log,
    kill_switch_state,
    past_suppressions,
)
from airmend.settings import get_settings
from tests.builders import AT, make_change, make_incident
from tests.unit.incident.calendars import calendar, event

Command = Callable[..., Result]
WHY = ("--reason", "the disk is being replaced")


@pytest.fixture
def airmend(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    """Runs commands on the records of the test, with a folder of calendars."""
    folder = tmp_path / "maintenance"
    folder.mkdir()
    (folder / "none.ics").write_bytes(calendar())
    monkeypatch.setenv("AIRMEND_DATABASE_URL", database_url)
    monkeypatch.setenv("AIRMEND_MAINTENANCE_DIR", str(folder))
    monkeypatch.setenv("TERMINAL_WIDTH", "300")
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(main.app, list(words))
    get_settings.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "maintenance"


def rules(database: Database) -> list[SuppressionRule]:
    with database.session() as session:
        return coming_suppressions(session, datetime.now(UTC))


def today(scope: str) -> str:
    days = f"DTSTART;VALUE=DATE:{datetime.now(UTC):%Y%m%d}", "DURATION:P2D"
    return event(*days, f"X-AIRMEND-SCOPE:{scope}")


# --- Mutes ----------------------------------------------------------------------------------


def test_a_mute_is_of_whoever_sits_at_the_terminal(airmend: Command, database: Database) -> None:
    result = airmend("mute", "--service", "shop", "--for", "2h", *WHY)
    assert result.exit_code == 0, result.output
    (rule,) = rules(database)
    assert (rule.author, rule.reason) == (getpass.getuser(), "the disk is being replaced")
    assert (str(rule.scope), rule.ends_at - rule.starts_at) == ("service shop", timedelta(hours=2))
    assert rule.id in result.output
    assert "covers no incident that is open now" in result.output


def test_a_mute_says_what_it_covers_of_what_is_open(airmend: Command, database: Database) -> None:
    with database.session() as session:
        create_incident(session, make_incident(id="inc-1"))
        create_incident(session, make_incident(id="inc-2", fingerprint="2", service="mail"))
        create_incident(
            session, make_incident(id="inc-3", fingerprint="3", status=IncidentStatus.CLOSED)
        )
        create_change(session, make_change(incident_id="inc-2", runbook_id="mailer-hangs"))
    assert "covers 1 open now: inc-1" in airmend("mute", "--service=shop", "--for=1d", *WHY).output
    by_runbook = airmend("mute", "--runbook=mailer-hangs", "--for=1d", *WHY)
    assert "covers 1 open now: inc-2" in by_runbook.output
    assert "covers 2 open now" in airmend("mute", "--all", "--for=30m", *WHY).output


@pytest.mark.parametrize(
    ("words", "length"),
    [
        (["--for", "30m"], timedelta(minutes=30)),
        (["--for", "1d12h"], timedelta(hours=36)),
        (["--for", "90min"], timedelta(minutes=90)),
        (["--for", "30d"], timedelta(days=30)),
    ],
)
def test_a_length_is_written_as_people_say_it(
    airmend: Command, database: Database, words: list[str], length: timedelta
) -> None:
    assert airmend("mute", "--all", *words, *WHY).exit_code == 0
    (rule,) = rules(database)
    assert rule.ends_at - rule.starts_at == length


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (["--for", "2h"], "say which incidents"),
        (["--service", "a", "--all", "--for", "2h"], "say which incidents"),
        (["--all"], "say how long"),
        (["--all", "--for", "2h", "--until", "2030-01-01T00:00Z"], "say how long"),
        (["--all", "--for", "2"], "'2' is not understood"),
        (["--all", "--for", ""], "say how long"),
        (["--all", "--for", "0h"], "ends_at: is not after the start"),
        (["--all", "--for", "31d"], "more than 30 days"),
        (["--all", "--until", "2030-01-01T00:00"], "has no zone"),
        (["--all", "--until", "noon"], "'noon' is not understood"),
        (["--all", "--from", "2020-01-01T00:00Z", "--for", "1h"], "starts_at: is in the past"),
        (["--expression", "incident.nmae == 'a'", "--for", "1h"], "Did you mean 'name'?"),
        (["--service", " ", "--for", "1h"], "never means all"),
    ],
)
def test_a_mute_that_cannot_be_is_a_usage_error(
    airmend: Command, database: Database, words: list[str], fact: str
) -> None:
    result = airmend("mute", *words, *WHY)
    assert result.exit_code == 2
    assert fact in " ".join(result.output.replace("│", " ").split())
    assert rules(database) == []


def test_a_mute_without_a_reason_is_a_usage_error(airmend: Command, database: Database) -> None:
    assert airmend("mute", "--all", "--for", "1h").exit_code == 2
    assert airmend("mute", "--all", "--for", "1h", "--reason", " ").exit_code == 2
    assert rules(database) == []


def test_mutes_are_listed_and_ended(airmend: Command, database: Database) -> None:
    assert airmend("mutes").output == "nothing is muted, and nothing is in maintenance\n"
    airmend("mute", "--service", "shop", "--for", "2h", *WHY, "--by", "olivia")
    (rule,) = rules(database)
    assert f"active  {rule.id}  mute of service shop" in airmend("mutes").output
    ended = airmend("unmute", rule.id, "--reason", "it is back", "--by", "priya")
    assert ended.output == f"{rule.id} is ended\n"
    assert "was over already" in airmend("unmute", rule.id, "--reason", "x").output
    assert rule.id not in airmend("mutes").output
    assert "(ended by priya: it is back)" in airmend("mutes", "--past").output
    with database.session() as session:
        (past,) = past_suppressions(session, datetime.now(UTC), limit=9)
    assert (past.author, past.ended_by) == ("olivia", "priya")


def test_a_mute_that_is_not_there_is_an_error(airmend: Command, database: Database) -> None:
    result = airmend("unmute", "MUT-none", "--reason", "x")
    assert result.exit_code == 1
    assert result.stderr.startswith("airmend: there is no mute and no window 'MUT-none'")


# --- Maintenance ----------------------------------------------------------------------------


def test_windows_of_records_and_calendars_are_listed(
    airmend: Command, database: Database, folder: Path
) -> None:
    assert airmend("maintenance", "list").output.startswith("no maintenance window")
    start = datetime.now(UTC) + timedelta(days=3)
    added = airmend(
        "maintenance", "add", "--service=shop", "--from", start.isoformat(), "--for=2h", *WHY
    )
    assert added.exit_code == 0, added.output
    airmend("mute", "--all", "--for", "1h", *WHY)
    (folder / "mail.ics").write_bytes(calendar(today("service mail")))
    lines = airmend("maintenance", "list").output.splitlines()
    assert [line.split()[0] for line in lines] == ["active", "coming"]
    assert "mail.ics/one  maintenance of service mail" in lines[0]
    assert "maintenance of service shop" in lines[1]
    assert "mail.ics/one" in airmend("mutes").output


def test_a_broken_calendar_is_told_by_every_command_that_looks(
    airmend: Command, database: Database, folder: Path
) -> None:
    assert airmend("maintenance", "check").output.startswith("no mistakes")
    (folder / "mail.ics").write_bytes(calendar(today("mail")))
    for words in (["maintenance", "check"], ["maintenance", "check", str(folder)]):
        result = airmend(*words)
        assert result.exit_code == 1
        assert "mail.ics: event 'Patch night': its scope 'mail' is not" in result.stderr
    assert airmend("maintenance", "list").exit_code == 1
    assert "nothing is remediated, since a calendar cannot be used" in airmend("mutes").stderr


def test_lint_checks_the_calendars_too(
    airmend: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runbooks = Path(__file__).parents[3] / "runbooks"
    monkeypatch.setenv("AIRMEND_RUNBOOKS_DIR", str(runbooks))
    result = airmend("lint")
    assert (result.exit_code, result.output.splitlines()[-1]) == (
        0,
        "maintenance calendars, no mistakes",
    )
    (folder / "mail.ics").write_bytes(calendar(today("mail")))
    result = airmend("lint")
    assert result.exit_code == 1
    assert result.output.endswith("maintenance calendars, 1 mistake\n")
    assert "mail.ics" not in airmend("lint", str(runbooks)).output, "only what was named"


# --- The kill switch ------------------------------------------------------------------------


def test_all_is_stopped_and_resumed_with_who_and_why(airmend: Command, database: Database) -> None:
    stopped = airmend("stop", "--reason", "too many restarts", "--by", "olivia")
    assert stopped.exit_code == 0
    assert stopped.output.startswith("all remediations are stopped, by olivia: too many restarts\n")
    assert airmend("mutes").output.startswith("ALL REMEDIATIONS ARE STOPPED since ")
    with database.session() as session:
        state = kill_switch_state(session)
    assert state is not None
    assert state.is_on
    assert "olivia had stopped them" in airmend("resume", "--reason", "found it").output
    assert airmend("resume", "--reason", "again").output == "remediations are not stopped\n"
    with database.session() as session:
        entries = kill_switch_log(session, limit=9)
    assert [(it.by, it.is_on) for it in entries] == [
        (getpass.getuser(), False),
        ("olivia", True),
    ]


def test_a_stop_says_what_becomes_of_what_is_under_way(
    airmend: Command, database: Database
) -> None:
    with database.session() as session:
        for number, status in enumerate(
            [ChangeStatus.AWAITING_APPROVAL, ChangeStatus.EXECUTING, ChangeStatus.ROLLING_BACK]
        ):
            incident = make_incident(id=f"inc-{number}", fingerprint=f"{number}")
            create_incident(session, incident)
            change = make_change(
                id=f"chg-{number}", incident_id=incident.id, run_id=f"{number}", status=status
            )
            create_change(session, change)
            mark_run_created(session, change.id, AT)
    lines = airmend("stop", "--reason", "x").output.splitlines()
    assert [line.partition(": ")[2].split(",")[0] for line in lines[1:4]] == [
        "refused at its next task",
        "what runs comes to its end; a further step is refused",
        "comes to its end",
    ]


def test_a_stop_without_a_reason_is_a_usage_error(airmend: Command, database: Database) -> None:
    assert airmend("stop").exit_code == 2
    assert airmend("stop", "--reason", "").exit_code == 2
    with database.session() as session:
        assert kill_switch_state(session) is None
