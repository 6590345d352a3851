"""`airmend calendar`: what is planned, what is under way, and the next free slot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from airmend.change.model import ChangeStatus
from airmend.cli import main
from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.runbooks import save_version
from airmend.records.starts import record_start
from airmend.records.suppressions import create_suppression
from airmend.settings import get_settings
from tests.builders import AT, make_change, make_incident, make_rule, make_runbook_version

Command = Callable[..., Result]
TODAY = datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def airmend(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    """Runs commands with the calendar of the test."""
    monkeypatch.setenv("AIRMEND_DATABASE_URL", database_url)
    monkeypatch.setenv("AIRMEND_POLICY_FILE", str(tmp_path / "policy.yaml"))
    get_settings.cache_clear()
    plan(tmp_path)
    yield lambda *words: CliRunner().invoke(main.app, ["calendar", *words])
    get_settings.cache_clear()


def plan(folder: Path, **calendar: Any) -> None:
    (folder / "policy.yaml").write_text(yaml.safe_dump({"calendar": calendar}))


def tell(at: datetime) -> str:
    return f"{at:%a %Y-%m-%d %H:%M} UTC"


def freeze(hours: int, **override: Any) -> dict[str, Any]:
    """A freeze that began an hour ago and lasts so many hours more."""
    ends = TODAY + timedelta(hours=hours)
    begins = TODAY - timedelta(hours=1)
    return {"name": "quiet", "from": begins.isoformat(), "to": ends.isoformat()} | override


def begin_change(database: Database, status: ChangeStatus = ChangeStatus.APPROVED) -> None:
    version = make_runbook_version()
    with database.session() as session:
        save_version(session, version, b"", at=AT)
        create_incident(session, make_incident())
        change = make_change(status=status, runbook_digest=version.digest)
        create_change(session, change)
        record_start(session, change.id, runbook_id="r", service="shop", at=AT)


def test_without_a_calendar_changes_may_begin_at_any_time(airmend: Command) -> None:
    shown = airmend("show")
    assert (shown.exit_code, shown.stdout.count("\n")) == (0, 1)
    assert "changes may begin at any time" in shown.stdout


def test_what_is_planned_and_what_is_under_way_is_shown(
    airmend: Command, database: Database, tmp_path: Path
) -> None:
    window = {"name": "day", "from": "00:00", "to": "00:00", "services": ["mail"]}
    plan(tmp_path, windows=[window], freezes=[freeze(2, except_types=["emergency"])])
    begin_change(database)
    lines = airmend("show", "--days", "1").stdout.splitlines()
    until = TODAY + timedelta(hours=2)
    assert any(
        line.startswith("now") and line.endswith("freeze quiet  (except emergency)")
        for line in lines
    )
    assert any("window day  (services mail)" in line for line in lines)
    assert lines[-1] == f"chg-0001  approved on shop: web1; waits for {tell(until)}"
    assert "window day" not in airmend("show", "--service", "shop").stdout
    assert "chg-0001" not in airmend("show", "--service", "mail").stdout


def test_the_next_free_slot_is_after_the_freeze_and_beside_other_changes(
    airmend: Command, database: Database, tmp_path: Path
) -> None:
    plan(tmp_path, freezes=[freeze(2)])
    ends = TODAY + timedelta(hours=2)
    told = airmend("next", "--service", "shop", "--minutes", "45")
    assert f"now: the freeze 'quiet' lasts until {tell(ends)}" in told.stdout
    begins, until = tell(ends), tell(ends + timedelta(minutes=45))
    assert f"next free slot of 45 minutes: {begins} to {until}" in told.stdout
    begin_change(database)  # which has the slot, for its ten minutes
    told = airmend("next", "--service", "shop", "--minutes", "45")
    assert "now: chg-0001 on shop too, until" in told.stdout
    assert f"minutes: {tell(ends + timedelta(minutes=10))} to" in told.stdout
    other = airmend("next", "--service", "mail", "--minutes", "45")
    assert f"minutes: {begins} to" in other.stdout


def test_the_next_free_slot_is_after_announced_maintenance(
    airmend: Command, database: Database
) -> None:
    ends = TODAY + timedelta(hours=3)
    with database.session() as session:
        for scope in ("service shop", "runbook none"):
            mute = make_rule(scope, id=f"MUT-{scope}", starts_at=TODAY, ends_at=ends)
            create_suppression(session, mute)
    told = airmend("next", "--service", "shop").stdout
    assert f"now: MUT-service shop of olivia holds it back until {tell(ends)}: the disk" in told
    assert f"next free slot of 30 minutes: {tell(ends)} to" in told
    assert "holds it back" not in airmend("next", "--service", "mail").stdout


def test_a_change_that_is_at_work_is_so_now(airmend: Command, database: Database) -> None:
    begin_change(database, ChangeStatus.EXECUTING)
    line = airmend("show").stdout.splitlines()[-1]
    assert "chg-0001  executing on shop: web1; until " in line
    assert "now: chg-0001 on shop too, until" in airmend("next", "--service", "shop").stdout


def test_an_exempt_type_has_its_slot_now(airmend: Command, tmp_path: Path) -> None:
    plan(tmp_path, freezes=[freeze(2, except_types=["emergency"])])
    told = airmend("next", "--service", "shop", "--type", "emergency").stdout
    assert "freeze" not in told


def test_without_any_slot_the_exit_code_says_so(airmend: Command, tmp_path: Path) -> None:
    window = {"name": "short", "from": "10:00", "to": "10:30", "binding": True}
    plan(tmp_path, windows=[window])
    assert airmend("next", "--service", "shop", "--minutes", "30").exit_code == 0
    told = airmend("next", "--service", "shop", "--minutes", "31")
    assert told.exit_code == 1
    assert "no slot of 31 minutes is free within 400 days" in told.stderr


def test_a_broken_calendar_is_told_with_its_line(airmend: Command, tmp_path: Path) -> None:
    plan(tmp_path, freezes=[{"name": "f", "file": "gone.ics"}])
    told = airmend("show")
    assert told.exit_code == 1
    assert "gone.ics cannot be read" in told.stderr
