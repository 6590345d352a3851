"""A trained model beside the policy's rules, in the task that assesses the risk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from airmend.change.counterfactual import what_would_lower
from airmend.change.learning.card import Mode
from airmend.change.learning.reading import History
from airmend.change.learning.store import MODEL_FILE, ModelStore
from airmend.change.learning.training import train
from airmend.change.model import ChangeStatus
from airmend.errors import ConfigurationError
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.services import read_policy
from tests.builders import AT
from tests.integration.orchestration.conftest import Office, as_task
from tests.unit.change.learning.histories import make_history


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with one model, and its version."""
    folder = tmp_path_factory.mktemp("models")
    past = make_history(1_500)
    history = History(changes=past, rows=len(past), columns={}, unused=[])
    return folder, train(history, "made up", ModelStore(folder), seed=0).version


@pytest.fixture
def run(office: Office, trained: tuple[Path, str]) -> ChangeRun:
    """A change whose risk is about to be assessed, and a copy of the model."""
    source, version = trained
    target = office.settings.risk_models_path / version
    target.mkdir(parents=True)
    for path in (source / version).iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    version_of_runbook = office.publish(change={"type": "normal", "service": "shop"})
    _, guard = office.guarded(version_of_runbook)
    return as_task(guard, "assess_risk")


def use(run: ChangeRun, version: str, mode: Mode) -> None:
    store = ModelStore(run.settings.risk_models_path)
    store.use(version, mode, at=AT + timedelta(days=1), by="olga")


def test_without_a_model_in_use_the_rules_alone_speak(run: ChangeRun) -> None:
    assert assess_risk(run)["learned"] is None


@pytest.mark.parametrize("mode", Mode)
def test_what_the_model_said_is_recorded_and_can_be_said_again(
    run: ChangeRun, trained: tuple[Path, str], mode: Mode
) -> None:
    use(run, trained[1], mode)
    said = assess_risk(run)["learned"]
    assert (said["mode"], said["model_version"]) == (mode.value, trained[1])
    model, _ = ModelStore(run.settings.risk_models_path).load(trained[1])
    assert model.predict_rows([said["features"]])[0] == said["probability"]
    with run.database.session() as session:
        change = run.read_change(session)
    assert change.risk is not None
    assert change.risk.learned is not None
    assert len(change.risk.policy_digest) == 64


def test_what_would_lower_the_risk_is_recorded_with_it(run: ChangeRun) -> None:
    said = assess_risk(run)
    with run.database.session() as session:
        change = run.read_change(session)
    assert change.risk is not None
    expected = what_would_lower(change.risk, len(change.targets), read_policy(run.settings)) or ""
    assert said["lowered_by"] == change.risk.lowered_by == expected


def spoil(run: ChangeRun, version: str) -> None:
    path = run.settings.risk_models_path / version / MODEL_FILE
    path.write_bytes(path.read_bytes() + b"x")


def test_a_spoilt_model_that_is_only_recorded_is_left_out(
    run: ChangeRun, trained: tuple[Path, str]
) -> None:
    use(run, trained[1], Mode.SHADOW)
    spoil(run, trained[1])
    assert assess_risk(run)["learned"] is None


def test_a_spoilt_model_that_may_decide_stops_the_change(
    run: ChangeRun, trained: tuple[Path, str]
) -> None:
    use(run, trained[1], Mode.ENFORCING)
    spoil(run, trained[1])
    with pytest.raises(ConfigurationError, match="its digest is"):
        assess_risk(run)
    with run.database.session() as session:
        assert run.read_change(session).status is ChangeStatus.REFUSED
