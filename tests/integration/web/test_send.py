"""`airmend send` against a real server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from airmend.cli.send import send_command
from airmend.incident.proofs import SIGNERS, SourceSecrets
from airmend.incident.sources import alertmanager
from airmend.records.database import Database
from airmend.web.app import create_app
from tests.integration.incident.desk import TOKEN, Desk
from tests.postgres import free_port
from tests.unit.incident.documents import alertmanager_group

KEY = "whsec_" + base64.b64encode(bytes(32)).decode()
SIGNING_SECRET, PAIR = "It's a Secret to Everybody", "airmend:pass word"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a running Airmend that takes the token and the key."""
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    database.migrate()
    intake = Desk(database).with_ports(clock=lambda: datetime.now(UTC))
    known = SourceSecrets(bearer=(TOKEN,), hmac=(KEY,), signing=(SIGNING_SECRET,), basic=(PAIR,))
    outer = FastAPI()
    outer.mount("/airmend", create_app(intake=intake, secrets=lambda source: known))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(outer, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    ready = threading.Event()
    while not server.started and thread.is_alive():
        ready.wait(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)
    database.close()


def send(*words: str, secret: str = TOKEN, text: str | None = None) -> Result:
    """Run the command with a secret in the environment."""
    app = typer.Typer()
    app.command()(send_command)
    return CliRunner().invoke(app, list(words), env={"AIRMEND_HOOK_SECRET": secret}, input=text)


@pytest.fixture
def sample(tmp_path: Path) -> str:
    """A file with what Alertmanager sends."""
    file = tmp_path / "alert.json"
    file.write_text(json.dumps(alertmanager_group()))
    return str(file)


@pytest.mark.parametrize("secret", [TOKEN, KEY, f"{TOKEN} {KEY}"])
def test_it_proves_itself_and_prints_the_answer(url: str, sample: str, secret: str) -> None:
    result = send("alertmanager", sample, "--url", url, secret=secret)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["incidents"][0]["outcome"] == "started"
    assert secret not in result.output


@pytest.mark.parametrize("proof", SIGNERS)
def test_it_proves_itself_as_each_kind_of_sender_does(
    url: str, sample: str, proof: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alertmanager, "PROOFS", (proof,))
    secret = {"bearer": TOKEN, "basic": PAIR}.get(proof, SIGNING_SECRET)
    result = send("alertmanager", sample, "--url", url, "--as", proof, secret=secret)
    assert result.exit_code == 0
    assert secret not in result.output
    wrong = send("alertmanager", sample, "--url", url, "--as", proof, secret=secret + "x")
    assert json.loads(wrong.stderr)["status"] == 401


def test_it_reads_standard_input(url: str) -> None:
    result = send("alertmanager", "-", "--url", url, text=json.dumps(alertmanager_group()))
    assert result.exit_code == 0


def test_a_refusal_is_shown_and_fails(url: str, sample: str) -> None:
    result = send("alertmanager", sample, "--url", url, secret="wrong")
    assert result.exit_code == 1
    assert json.loads(result.stderr)["status"] == 401
    assert send("../../health", sample, "--url", url).exit_code == 1


def test_what_cannot_be_sent_says_why(sample: str, tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    assert "Connection refused" in send("generic", sample, "--url", nobody).stderr
    missing = send("generic", str(tmp_path / "none.json"), "--url", nobody)
    assert (missing.exit_code, "none.json" in missing.stderr) == (1, True)
    unknown = send("generic", sample, "--url", nobody, "--as", "nagios")
    assert (unknown.exit_code, "choose one of basic, bearer" in unknown.stderr) == (1, True)
    empty = send("generic", sample, "--url", nobody, "--as", "hub", secret="")
    assert (empty.exit_code, "holds no secret" in empty.stderr) == (1, True)
    unset = send("generic", sample, "--url", nobody, "--secret-env", "NOT_SET_ANYWHERE")
    assert (unset.exit_code, "NOT_SET_ANYWHERE" in unset.stderr) == (1, True)
