"""`airmend review`, on the records of an installation: what is owed, and who may complete it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from airmend.change.model import ChangeStatus, ChangeType, Choice
from airmend.cli import main
from airmend.incident.model import IncidentStatus
from airmend.orchestration import role_keeping
from airmend.records.changes import create_change
from airmend.records.clock import read_database_clock
from airmend.records.database import Database
from airmend.records.hand_requests import store_request
from airmend.records.incidents import create_incident
from airmend.records.model import HandRequest, ReviewVerdict
from airmend.records.reviews import find_review, open_review
from airmend.records.role_snapshots import save_snapshot
from airmend.records.runbooks import save_version
from airmend.settings import get_settings
from tests.builders import AT, make_change, make_incident, make_runbook_version

CHANGE = "CHG-20260302-1"
VERDICT = ("--verdict", "justified", "--notes", "nobody on call could approve it")

Command = Callable[..., Result]


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: the records are tested on both."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump({"emergency": {"reviewers": ["role:Op"]}}))
    return path


@pytest.fixture
def airmend(
    database: Database, policy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    """Runs commands on records in which an emergency change of ada's waits for its review."""
    version = make_runbook_version(authors=["olivia"])
    change = make_change(
        id=CHANGE,
        change_type=ChangeType.EMERGENCY,
        status=ChangeStatus.SUCCEEDED,
        requested_by="ada",
        runbook_digest=version.digest,
        ended_at=AT,
    )
    request = HandRequest(
        change_id=CHANGE,
        requested_by="ada",
        at=AT,
        reason="the shop was down",
        is_emergency=True,
        choice=Choice.HAND,
        unmet=[],
    )
    with database.session() as session:
        save_version(session, version, b"", at=AT)
        create_incident(session, make_incident(status=IncidentStatus.REMEDIATED, closed_at=AT))
        create_change(session, change)
        store_request(session, request)
        open_review(session, change, at=AT, due_at=AT)
    monkeypatch.setenv("AIRMEND_DATABASE_URL", f"sqlite:///{tmp_path / 'records.db'}")
    monkeypatch.setenv("AIRMEND_POLICY_FILE", str(policy))
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(main.app, ["review", *words])
    get_settings.cache_clear()


def write_roles(database: Database, *, age: timedelta = timedelta(0), **roles: list[str]) -> None:
    """What Airflow's API server writes down."""
    with database.session() as session:
        at = read_database_clock(session) - age
        save_snapshot(session, taken_at=at, ids={}, roles=roles)


def verdict_of(database: Database) -> ReviewVerdict | None:
    with database.session() as session:
        review = find_review(session, CHANGE)
    assert review is not None
    return review.verdict


def test_a_review_that_is_owed_is_listed_until_it_is_completed(
    airmend: Command, database: Database
) -> None:
    assert f"{CHANGE}  service-down  OVERDUE, locked" in airmend("list").output
    write_roles(database, op=["priya"])
    done = airmend("complete", CHANGE, *VERDICT, "--by", "priya")
    assert done.exit_code == 0, done.output
    assert done.output == f"{CHANGE} is reviewed by priya: justified\n"
    assert verdict_of(database) is ReviewVerdict.JUSTIFIED
    listed = airmend("list").output
    assert "reviewed" in listed
    assert "no emergency change waits for its review" in listed


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("vera", "vera is not"),  # she has another role
        ("ada", "ada ran"),
        ("olivia", "olivia"),  # she wrote the runbook
    ],
)
def test_who_has_not_the_role_or_has_a_part_in_it_completes_nothing(
    airmend: Command, database: Database, user: str, said: str
) -> None:
    write_roles(database, op=["ada", "olivia", "priya"], viewer=["vera"])
    refused = airmend("complete", CHANGE, *VERDICT, "--by", user)
    assert refused.exit_code == 1
    assert said in refused.output
    assert verdict_of(database) is None


def test_where_nobody_says_who_has_the_role_nobody_may(
    airmend: Command, database: Database
) -> None:
    refused = airmend("complete", CHANGE, *VERDICT, "--by", "priya")
    assert refused.exit_code == 1
    assert "who has a role of Airflow is not known" in refused.output
    write_roles(database, age=timedelta(minutes=3), op=["priya"])
    refused = airmend("complete", CHANGE, *VERDICT, "--by", "priya")
    assert refused.exit_code == 1
    assert "at most 120 s count" in refused.output
    assert verdict_of(database) is None


def test_reviewers_of_a_group_need_no_word_of_airflow(
    airmend: Command, database: Database, policy: Path
) -> None:
    document = {
        "approval": {"groups": {"board": ["vera"]}},
        "emergency": {"reviewers": ["board"]},
    }
    policy.write_text(yaml.safe_dump(document))
    assert airmend("complete", CHANGE, *VERDICT, "--by", "vera").exit_code == 0
    assert verdict_of(database) is ReviewVerdict.JUSTIFIED


def test_people_of_the_simple_auth_manager_are_written_down_too(
    airmend: Command, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW__CORE__AUTH_MANAGER",
        "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
    )
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "priya:op,vera:viewer")
    role_keeping.keep_roles(database)
    assert airmend("complete", CHANGE, *VERDICT, "--by", "vera").exit_code == 1
    assert airmend("complete", CHANGE, *VERDICT, "--by", "priya").exit_code == 0
