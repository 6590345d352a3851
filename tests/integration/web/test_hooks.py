"""Webhooks over HTTP: what a sender sees."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from fastapi import APIRouter

from airmend.errors import AirmendError, ConfigurationError, ProofUnavailableError
from airmend.incident.intake import MAX_BODY_BYTES
from airmend.incident.proofs import SourceSecrets, sign_delivery
from airmend.records.database import Database
from airmend.records.deliveries import rejection_counts
from airmend.web.app import create_app
from airmend.web.hooks import READ_TIMEOUT_SECONDS
from tests.builders import AT
from tests.integration.incident.desk import PROOF, Desk, trust
from tests.integration.web.conftest import Caller
from tests.unit.incident.documents import alertmanager_group, cloud_event, generic_alert

LOGGED_IN = {"cookie": "who=olivia"}
HOOK = "/airmend/hooks/generic"
KEY = "whsec_" + base64.b64encode(bytes(32)).decode()


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in response.text
    return document


def counted(desk: Desk) -> dict[tuple[str, str], int]:
    """Rejections by source and reason."""
    with desk.database.session() as session:
        return rejection_counts(session)


@pytest.mark.parametrize(
    ("source", "document"),
    [
        ("alertmanager", alertmanager_group()),
        ("cloudevents", cloud_event()),
        ("generic", generic_alert()),
    ],
)
def test_an_alert_is_answered_with_incident_runbook_and_run(
    client: Caller, source: str, document: Any
) -> None:
    response = client.post(f"/airmend/hooks/{source}", json=document, headers=PROOF)
    assert response.status_code == 202
    (entry,) = response.json()["incidents"]
    assert entry["outcome"] == "started"
    assert entry["runbook"] == "service-down"
    assert entry["run_url"].endswith(f"/runs/airmend__{entry['incident']}")


def test_a_signed_body_is_taken_in(desk: Desk) -> None:
    app = create_app(intake=desk.intake, secrets=lambda source: SourceSecrets(hmac=(KEY,)))
    body = json.dumps(generic_alert()).encode()
    post = Caller(app).post
    signed = sign_delivery(KEY, "msg_1", AT, body)
    assert post("/hooks/generic", content=body, headers=signed).status_code == 202
    assert post("/hooks/generic", content=body, headers=signed).json()["repeated"]
    late = sign_delivery(KEY, "msg_2", AT - timedelta(minutes=6), body)
    problem(post("/hooks/generic", content=body, headers=late), 401)
    problem(post("/hooks/generic", content=body + b" ", headers=signed), 401)


def test_an_unknown_source_is_not_found(client: Caller, desk: Desk) -> None:
    problem(client.post("/airmend/hooks/..%2Fgeneric", json={}), 404)  # is another path
    for name in ("nagios", "%2e%2e%5cgeneric", "__init__", "%00"):
        detail = problem(client.post(f"/airmend/hooks/{name}", json={}), 404)["detail"]
        assert "alertmanager" in detail
    assert counted(desk) == {("unknown", "unknown_source"): 4}


def test_a_sender_that_is_not_proven_is_told_where_to_look(client: Caller, desk: Desk) -> None:
    response = client.post(HOOK, json=generic_alert())
    assert "Bearer" in problem(response, 401)["detail"]
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert counted(desk) == {("generic", "signature"): 1}


def test_an_outsider_does_not_learn_what_is_configured_and_the_operator_does(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    stale = sign_delivery(KEY, "msg_1", AT - timedelta(days=1), b"{}")
    answers = set()
    for known, headers, reason in (
        (SourceSecrets(), PROOF, "airmend_hook_generic"),
        (SourceSecrets(bearer=("another",)), PROOF, "the bearer token is wrong"),
        (SourceSecrets(hmac=(KEY,)), {}, "Standard Webhooks"),
        (SourceSecrets(hmac=(KEY,)), stale, "too old"),
    ):
        caplog.clear()
        app = create_app(intake=desk.intake, secrets={"generic": known}.__getitem__)
        response = Caller(app).post("/hooks/generic", content=b"{}", headers=headers)
        answers.add((response.status_code, response.text, str(sorted(response.headers.items()))))
        assert reason in caplog.text
        assert "127.0.0.1" in caplog.text
        assert not any(secret in caplog.text for secret in ("another", KEY, PROOF["Authorization"]))
    assert len(answers) == 1


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", PROOF["Authorization"]), ("authorization", "Bearer wrong")],
        [("authorization", PROOF["Authorization"]), ("authorization", PROOF["Authorization"])],
        [("authorization", b"Bearer \xff\xfe")],
        [("authorization", "Bearer " + "x" * 50_000)],
        [("authorization", "")],
        [(":query", "token=x"), ("authorization", "Bearer")],
    ],
)
def test_headers_that_are_malformed_or_sent_twice_are_no_proof(
    client: Caller, headers: Any
) -> None:
    problem(client.post(HOOK, json=generic_alert(), headers=headers), 401)


def test_bytes_that_are_no_json_are_a_bad_request(client: Caller) -> None:
    problem(client.post(HOOK, content=b"{", headers=PROOF), 400)
    problem(client.post(HOOK, content=b"", headers=PROOF), 400)
    problem(client.post(HOOK, content=b"[" * 100_000, headers=PROOF), 400)


def test_json_in_a_form_is_taken_in(client: Caller) -> None:
    form = {"payload": json.dumps(generic_alert())}
    assert client.post(HOOK, data=form, headers=PROOF).status_code == 202


def test_a_payload_with_a_mistake_names_its_field(client: Caller) -> None:
    response = client.post(HOOK, json=generic_alert(status="odd"), headers=PROOF)
    assert problem(response, 422)["field"] == "status"


def test_a_body_that_says_it_is_too_large_is_not_read(client: Caller, desk: Desk) -> None:
    for length in (str(MAX_BODY_BYTES + 1), "9" * 5000):
        response = client.post(HOOK, content=b"{}", headers={"content-length": length})
        problem(response, 413)
    assert counted(desk) == {("generic", "too_large"): 2}


def test_a_body_that_turns_out_too_large_is_not_read_to_its_end(client: Caller, desk: Desk) -> None:
    async def call() -> tuple[int, int]:
        statuses: list[int] = []
        read = 0

        async def receive() -> dict[str, Any]:
            nonlocal read
            read += 65_536
            return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        scope = {
            "type": "http",
            "method": "POST",
            "path": HOOK,
            "headers": [(b"transfer-encoding", b"chunked")],
            "query_string": b"",
        }
        await client.app(scope, receive, send)
        return statuses[0], read

    status, read = anyio.run(call)
    assert status == 413
    assert read <= MAX_BODY_BYTES + 2 * 65_536
    assert counted(desk) == {("generic", "too_large"): 1}


def test_a_body_that_never_ends_is_not_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert READ_TIMEOUT_SECONDS <= 60
    monkeypatch.setattr("airmend.web.hooks.READ_TIMEOUT_SECONDS", 0.05)

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await anyio.sleep_forever()

    post = Caller(create_app(intake=desk.intake, secrets=trust)).post
    response = post("/hooks/generic", content=slowly(), headers=PROOF)
    assert "in time" in problem(response, 503)["detail"]
    assert int(response.headers["retry-after"]) > 0


def test_another_method_is_not_allowed(client: Caller) -> None:
    response = client.get(HOOK)
    problem(response, 405)
    assert response.headers["allow"] == "POST"


def test_records_that_are_down_ask_for_another_try_and_tell_nothing(desk: Desk) -> None:
    desk.database.close()
    broken = desk.with_ports(database=Database("postgresql://secret@127.0.0.1:1/none"))
    app = create_app(intake=broken, secrets=trust)
    client = Caller(app)
    for response in (
        client.post("/hooks/generic", json=generic_alert(), headers=PROOF),
        client.get("/health"),
    ):
        text = problem(response, 503)["detail"]
        assert "127.0.0.1" not in text
        assert "secret" not in text
        assert int(response.headers["retry-after"]) > 0
    # who is turned away hears why, also when it cannot be counted
    problem(client.post("/hooks/generic", json=generic_alert()), 401)
    problem(client.post("/hooks/nagios", json={}), 404)


@pytest.mark.parametrize("error", [ConfigurationError, ProofUnavailableError])
def test_a_secret_that_cannot_be_read_is_our_fault_and_told_to_the_log_alone(
    desk: Desk, error: type[AirmendError], caplog: pytest.LogCaptureFixture
) -> None:
    def secrets(source: str) -> SourceSecrets:
        raise error("the connection has a broken key")

    app = create_app(intake=desk.intake, secrets=secrets)
    response = Caller(app).post("/hooks/generic", json=generic_alert(), headers=PROOF)
    assert "broken key" not in problem(response, 503)["detail"]
    assert int(response.headers["retry-after"]) > 0
    assert "broken key" in caplog.text
    assert counted(desk) == {}


def test_health_says_ok_and_nothing_else(client: Caller) -> None:
    assert client.get("/airmend/health").json() == {"status": "ok"}


class TestPages:
    """What is for people only."""

    def test_pages_ask_for_a_login(self, client: Caller) -> None:
        problem(client.get("/airmend/incidents"), 401)
        assert client.get("/airmend/incidents", headers=LOGGED_IN).status_code == 200

    def test_pages_without_a_login_are_refused_at_once(self, desk: Desk) -> None:
        with pytest.raises(ConfigurationError, match="login"):
            create_app(intake=desk.intake, secrets=trust, pages=APIRouter())

    def test_an_error_nobody_foresaw_shows_no_trace(self, client: Caller) -> None:
        response = client.get("/airmend/incidents/0", headers=LOGGED_IN)
        assert "division" not in problem(response, 500)["detail"]

    def test_a_wrong_parameter_names_its_field(self, client: Caller) -> None:
        response = client.get("/airmend/incidents/x", headers=LOGGED_IN)
        assert problem(response, 422)["field"] == "path.number"

    def test_an_unknown_page_and_the_schema_are_not_found(self, client: Caller) -> None:
        for path in ("/airmend/nothing", "/airmend/docs", "/airmend/openapi.json"):
            problem(client.get(path), 404)
