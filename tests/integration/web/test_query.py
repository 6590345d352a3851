"""A token in the address lets its sender in, and stands in no log afterwards."""

from __future__ import annotations

import logging
import warnings
from importlib import import_module
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from airmend.incident.proofs import SourceSecrets
from airmend.incident.sources import generic
from airmend.records.database import Database
from airmend.web.app import create_app
from tests.integration.incident.desk import Desk
from tests.integration.web.conftest import Caller
from tests.integration.web.test_hooks import problem
from tests.integration.web.test_overload import served
from tests.unit.incident.documents import generic_alert

TOKEN = "a-token-in-the-address-0123"
HOOK = f"/airmend/hooks/generic?token={TOKEN}"


@pytest.fixture
def outer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """Airmend mounted as in Airflow, with a source that takes a token in the address."""
    monkeypatch.setattr(generic, "PROOFS", ("query_token",), raising=False)
    known = SourceSecrets(query_tokens=(TOKEN,))
    app = FastAPI()
    app.mount("/airmend", create_app(intake=desk.intake, secrets=lambda source: known))
    return app


def test_a_token_in_the_address_is_proof(outer: FastAPI) -> None:
    post = Caller(outer).post
    assert post(HOOK, json=generic_alert()).status_code == 202
    for path in (HOOK + "x", HOOK + f"&token={TOKEN}", "/airmend/hooks/generic"):
        problem(post(path, json=generic_alert()), 401)


def test_a_header_cannot_stand_for_the_address(outer: FastAPI) -> None:
    headers = {":query": f"token={TOKEN}"}
    response = Caller(outer).post("/airmend/hooks/generic", json=generic_alert(), headers=headers)
    problem(response, 401)


def test_a_source_that_does_not_take_it_refuses_it(desk: Desk) -> None:
    known = SourceSecrets(query_tokens=(TOKEN,))
    app = create_app(intake=desk.intake, secrets=lambda source: known)
    problem(Caller(app).post(f"/hooks/generic?token={TOKEN}", json=generic_alert()), 401)


def test_a_slash_at_the_end_is_the_same_address(outer: FastAPI) -> None:
    path = f"/airmend/hooks/generic/?token={TOKEN}"
    assert Caller(outer).post(path, json=generic_alert()).status_code == 202


def test_the_servers_own_log_does_not_show_it(
    outer: FastAPI, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), served(outer, log_config=None, log_level="info") as url:
        for path in (HOOK, HOOK + "x", f"/airmend/hooks/nagios?token={TOKEN}"):
            httpx.post(url + path, json=generic_alert(), timeout=60)
    lines = [record.getMessage() for record in caplog.records if record.name == "uvicorn.access"]
    assert len(lines) == 3
    assert all('"POST /airmend/hooks/' in line for line in lines)
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert not any(TOKEN in record.getMessage() for record in ours)


def test_airflows_log_does_not_show_it(outer: FastAPI) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's API server imports warns about itself
        module: Any = import_module("airflow.api_fastapi.common.http_access_log")
    outer.add_middleware(module.HttpAccessLogMiddleware)
    with structlog.testing.capture_logs() as lines:
        assert Caller(outer).post(HOOK, json=generic_alert()).status_code == 202
    (line,) = [line for line in lines if line["event"] == "request finished"]
    assert line["path"] == "/airmend/hooks/generic"
    assert line["query"] == ""
