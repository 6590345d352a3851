"""A risk model that no longer fits is told of as an incident, and so is that it fits again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from airmend.change.learning.card import Mode
from airmend.change.learning.store import CARD_FILE, USE_FILE, Use
from airmend.change.model import ChangeStatus, LearnedScore, RiskBand, RiskScore
from airmend.incident.model import IncidentStatus
from airmend.orchestration import composition, services
from airmend.orchestration.risk_watch import WatchModelOperator, build_risk_watch_dag
from airmend.orchestration.risk_watching import LOOKS_BACK, make_alert, watch_model
from airmend.records.changes import create_change, set_change_status
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.settings import Settings, get_settings
from tests.builders import make_change, make_incident
from tests.integration.incident.desk import Desk
from tests.unit.change.learning.test_drift import CARD


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def desk(database: Database) -> Desk:
    """An intake over the records."""
    return Desk(database)


@pytest.fixture
def settings(tmp_path: Path, desk: Desk) -> Settings:
    """An installation whose model in use says 0.05 and 0.15 equally often."""
    settings = Settings(home=tmp_path / "home")
    folder = settings.risk_models_path / CARD.version
    folder.mkdir(parents=True)
    (folder / CARD_FILE).write_text(CARD.model_dump_json())
    use = Use(version=CARD.version, mode=Mode.SHADOW, at=desk.clock(), by="olga")
    (settings.risk_models_path / USE_FILE).write_text(f"[{use.model_dump_json()}]")
    return settings


def score(probability: float, version: str = CARD.version) -> RiskScore:
    return RiskScore(
        probability=0.1,
        impact=1,
        impact_reasons=[],
        band=RiskBand.LOW,
        base_log_odds=0.0,
        factors=[],
        learned=LearnedScore(
            model_version=version,
            mode="shadow",
            probability=probability,
            band=RiskBand.LOW,
            features={},
            features_sha256="",
        ),
    )


def record(
    desk: Desk, probability: Callable[[int], float], *, first: int, version: str = CARD.version
) -> None:
    """200 changes that ended, every tenth of them a failure."""
    with desk.database.session() as session:
        for number in range(first, first + 200):
            create_incident(session, make_incident(id=f"INC-{number}", fingerprint=f"fp-{number}"))
            change = make_change(
                id=f"CHG-{number}",
                incident_id=f"INC-{number}",
                run_id=f"run-{number}",
                requested_at=desk.clock(),
                risk=score(probability(number), version),
            )
            create_change(session, change)
            end = ChangeStatus.FAILED if number % 10 == 0 else ChangeStatus.SUCCEEDED
            set_change_status(session, change.id, end, at=desk.clock(), reason="")


def watch(desk: Desk, settings: Settings) -> list[str]:
    """Look once, and tell; gives what was found."""
    found = watch_model(desk.database, settings, desk.clock())
    assert found is not None
    use, drift = found
    desk.intake.tell(make_alert(use, drift, desk.clock()))
    return drift.breaches


def own_incidents(desk: Desk) -> list[IncidentStatus]:
    return [each.status for each in desk.incidents() if each.name == "RiskModelDrift"]


def test_while_it_fits_there_is_no_incident(desk: Desk, settings: Settings) -> None:
    record(desk, lambda number: 0.05 if number % 2 else 0.15, first=1)
    assert watch(desk, settings) == []
    assert own_incidents(desk) == []


def test_a_model_that_fits_no_more_opens_one_incident_that_ends_when_it_fits_again(
    desk: Desk, settings: Settings
) -> None:
    record(desk, lambda _number: 0.14, first=1)
    assert "not those it learned from" in watch(desk, settings)[0]
    assert own_incidents(desk) == [IncidentStatus.UNMATCHED]  # a person's: no runbook takes it
    desk.clock.move(days=1)
    watch(desk, settings)
    assert len(own_incidents(desk)) == 1
    desk.clock.move(days=LOOKS_BACK.days)
    record(desk, lambda number: 0.05 if number % 2 else 0.15, first=1_000)
    assert watch(desk, settings) == []
    assert own_incidents(desk) == [IncidentStatus.RECOVERED]


def test_what_another_version_said_is_not_held_against_it(desk: Desk, settings: Settings) -> None:
    record(desk, lambda _number: 0.14, first=1, version="another")
    assert watch(desk, settings) == []


def test_changes_of_long_ago_are_not_looked_at(desk: Desk, settings: Settings) -> None:
    record(desk, lambda _number: 0.14, first=1)
    desk.clock.now += LOOKS_BACK
    assert watch(desk, settings) != []
    desk.clock.now += timedelta(seconds=1)
    assert watch(desk, settings) == []


def test_without_a_model_in_use_the_task_is_skipped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRMEND_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr(services, "open_records", lambda: desk.database)
    get_settings.cache_clear()
    with pytest.raises(AirflowSkipException):
        WatchModelOperator(task_id="watch_model").execute({})
    get_settings.cache_clear()


def test_the_task_tells_what_it_found(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRMEND_HOME", str(settings.home))
    for module in (services, composition):
        monkeypatch.setattr(module, "open_records", lambda: desk.database)
    monkeypatch.setattr(services, "utc_now", desk.clock)
    get_settings.cache_clear()
    record(desk, lambda _number: 0.14, first=1)
    found = WatchModelOperator(task_id="watch_model").execute({})
    get_settings.cache_clear()
    assert found["model"] == CARD.version
    assert len(found["breaches"]) == 1
    assert own_incidents(desk) == [IncidentStatus.UNMATCHED]


def test_it_is_looked_at_once_a_day() -> None:
    dag = build_risk_watch_dag()
    assert dag.schedule == timedelta(days=1)
    assert dag.task_ids == ["watch_model"]
