"""`airmend risk` from a file to a model in use and back, as a person types it."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from airmend.cli.main import app
from tests.unit.change.learning.histories import HEADER, make_history, write_csv


def run(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["risk", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("risk")
    history = write_csv(folder / "history.csv", make_history(3_000))
    out = run(
        *("train", history, "--until", "2025-03-17", "--models", folder / "models", "--json"),
    )
    return folder / "models", history, json.loads(out)


@pytest.fixture
def models(trained: tuple[Path, Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A folder with one model of its own, which a test may damage."""
    copy = tmp_path / "models"
    version = trained[2]["version"]
    (copy / version).mkdir(parents=True)
    for path in (trained[0] / version).iterdir():
        (copy / version / path.name).write_bytes(path.read_bytes())
    return copy


def test_a_model_is_a_folder_named_by_its_content(
    trained: tuple[Path, Path, dict[str, Any]],
) -> None:
    models, _, card = trained
    assert [path.name for path in models.iterdir()] == [card["version"]]
    names = {path.name for path in (models / card["version"]).iterdir()}
    assert names == {"model.skops", "card.json", "MODEL_CARD.md"}
    page = (models / card["version"] / "MODEL_CARD.md").read_text()
    assert card["training_data_sha256"] in page
    assert "never lowers the band" in page


def test_later_changes_are_judged_beside_the_baselines(
    trained: tuple[Path, Path, dict[str, Any]],
) -> None:
    models, history, card = trained
    document = json.loads(run("evaluate", history, "--models", models, "--json"))
    assert document["model_version"] == card["version"]
    assert document["left_out_earlier"] == card["changes"]
    assert document["changes"] + document["left_out_earlier"] == 3_000
    assert document["roc_auc"] > 0.8
    assert document["results"]["constant rate"]["roc_auc"] == 0.5
    assert document["pr_auc"] > 2 * document["results"]["constant rate"]["pr_auc"]
    table = run("evaluate", history, "--models", models, "--model", card["version"][:6])
    for heading in ("PR-AUC", "ROC-AUC", "Brier", "ECE", "5%", "10%", "50%"):
        assert heading in table


def test_a_file_with_later_changes_alone_gives_the_same_figures(
    trained: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    models, history, card = trained
    lines = history.read_text().splitlines()
    later = tmp_path / "later.csv"
    later.write_text("\n".join([HEADER, *lines[1 + card["changes"] :]]) + "\n")
    both = json.loads(run("evaluate", history, "--models", models, "--json"))
    alone = json.loads(run("evaluate", later, "--models", models, "--json"))
    assert alone["results"] == both["results"]
    assert alone["left_out_earlier"] == 0


def test_a_file_without_later_changes_cannot_be_judged(models: Path, tmp_path: Path) -> None:
    early = write_csv(tmp_path / "early.csv", make_history(100))
    assert "no change with an outcome was opened after" in run(
        "evaluate", early, "--models", models, code=1
    )


def test_training_refuses_a_column_known_only_afterwards(tmp_path: Path) -> None:
    history = write_csv(tmp_path / "history.csv", make_history(200))
    lines = history.read_text().splitlines()
    history.write_text("\n".join([f"{HEADER},Actual End", *(f"{line},x" for line in lines[1:])]))
    error = run("train", history, "--models", tmp_path / "models", code=1)
    assert "column 'Actual End' is known only after the change" in error
    assert not (tmp_path / "models").exists()


def test_incidents_alone_can_say_which_changes_failed_and_only_those_known_by_then(
    tmp_path: Path,
) -> None:
    changes = make_history(3_000)
    file = write_csv(tmp_path / "changes.csv", [replace(c, failed=False) for c in changes])
    lines = [line.rpartition(",")[0] for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")  # without the column of the outcome
    told = ["Related Change,Open Time,Close Time"]
    until, count = datetime(2025, 3, 17, tzinfo=UTC), 0
    for change in changes:
        assert change.planned_start_at is not None
        if change.failed:
            opened = change.planned_start_at + timedelta(hours=1)
            closed = opened + timedelta(days=3)
            count += closed < until
            told.append(f"{change.id},{opened:%d-%m-%Y %H:%M},{closed:%d-%m-%Y %H:%M}")
    incidents = tmp_path / "incidents.csv"
    incidents.write_text("\n".join(told) + "\n")
    out = run(
        *("train", file, "--incidents", incidents, "--until", "2025-03-17", "--json"),
        *("--models", tmp_path / "models"),
    )
    card = json.loads(out)
    assert card["failures"] == count
    assert "failed" not in card["columns"]
    assert card["windows"][-1]["roc_auc"] > 0.7
    judged = run("evaluate", file, "--incidents", incidents, "--models", tmp_path / "models")
    assert f"Risk model {card['version']} on " in judged
    alone = run("evaluate", file, "--models", tmp_path / "models", code=1)
    assert "no column for 'failed'" in " ".join(alone.split())
    message = run("train", file, "--models", tmp_path / "models", code=1)
    assert "no column for 'failed'" in " ".join(message.split())


def test_one_command_returns_to_what_was_in_use_before(models: Path) -> None:
    (version,) = (path.name for path in models.iterdir())
    assert "nothing to return from" in run("rollback", "--models", models, code=1)
    run("use", version[:8], "--mode", "shadow", "--models", models)
    run("use", version, "--mode", "enforcing", "--models", models)
    assert "enforcing" in run("models", "--models", models)
    assert run("rollback", "--models", models) == f"risk model {version} is shadow again\n"
    assert "rules alone decide" in run("rollback", "--models", models)
    assert json.loads(run("models", "--models", models, "--json"))["in_use"] is None


def test_a_changed_model_is_neither_judged_nor_used(models: Path) -> None:
    (version,) = (path.name for path in models.iterdir())
    path = models / version / "model.skops"
    path.write_bytes(path.read_bytes() + b" ")
    error = run("use", version, "--models", models, code=1)
    assert "model.skops: its digest is" in error
    assert "changed after training" in error
    assert not (models / "in-use.json").exists()


def test_a_model_cannot_take_the_place_of_another(models: Path) -> None:
    (version,) = (path.name for path in models.iterdir())
    (models / version).rename(models / "0123456789abcdef")
    assert "is the card of" in run("use", "0123456789abcdef", "--models", models, code=1)


def test_a_model_with_a_type_that_is_not_ours_is_not_loaded(models: Path) -> None:
    from airmend.change.learning.stored_form import load_model
    from airmend.errors import ConfigurationError

    (version,) = (path.name for path in models.iterdir())
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(models / version / "model.skops") as source,
        zipfile.ZipFile(changed, "w") as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "schema.json":
                content = content.replace(b'"RandomForestClassifier"', b'"ExtraTreesClassifier"')
            target.writestr(name, content)
    with pytest.raises(ConfigurationError, match="ExtraTreesClassifier, which is not loaded"):
        load_model(changed.getvalue(), "model.skops")


def test_what_is_no_model_is_told() -> None:
    from airmend.change.learning.stored_form import load_model
    from airmend.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="is no model that this release can read"):
        load_model(b"something else", "model.skops")


def test_without_a_model_the_way_to_one_is_told(tmp_path: Path) -> None:
    history = write_csv(tmp_path / "history.csv", make_history(10))
    assert "airmend risk train" in run("evaluate", history, "--models", tmp_path, code=1)
    assert "airmend risk train" in run("models", "--models", tmp_path)
    assert "no risk model 'x'" in run("use", "x", "--models", tmp_path, code=1)
