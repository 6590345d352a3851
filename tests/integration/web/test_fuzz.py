"""Whatever is sent to a webhook: an answer that is documented, and never an error of ours.

The application runs in this process over records in a file, and is called as a server calls it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    ignored_auth,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.checks import content_type_conformance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from airmend.errors import ProofUnavailableError
from airmend.incident.openapi import describe_hooks
from airmend.incident.proofs import SIGNERS, parse_secrets, sign_delivery
from airmend.incident.sources import accepted_proofs, source_names
from airmend.records.database import Database
from airmend.web.admission import Limits
from airmend.web.app import create_app
from tests.integration.incident.desk import Desk
from tests.integration.web.conftest import Caller
from tests.unit.incident.test_sources import any_json, nearly_right

TOKEN = "token-of-the-sender-of-all-sources"
KEY = "whsec_" + base64.b64encode(bytes(32)).decode()
SECRET, PAIR = "It's a Secret to Everybody", "airmend:pass word"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
SECRETS = parse_secrets(
    f"{TOKEN} {KEY}",
    {
        "signing_secrets": [SECRET],
        "basic_passwords": [PAIR],
        "query_tokens": [TOKEN],
        "topic_arns": [TOPIC],
    },
)
ANSWERS = {202, 400, 401, 404, 413, 422, 429, 503}
MANY = Limits(attempts_per_minute=10**9, deliveries_per_minute=10**9)
EXAMPLES = settings(max_examples=60, suppress_health_check=list(HealthCheck))


class NoAmazon:
    """Amazon, from where it cannot be reached."""

    def certificate(self, url: str) -> Any:
        raise ProofUnavailableError("no way to Amazon")

    def confirm(self, url: str) -> None:
        raise ProofUnavailableError("no way to Amazon")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """The application over records in a file; every kind of secret is set for every source."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'records.db'}")
    database.migrate()
    intake = Desk(database).with_ports(clock=lambda: datetime.now(UTC))
    known = replace(SECRETS, amazon=NoAmazon())
    yield create_app(intake=intake, secrets=lambda source: known, limits=MANY)
    database.close()


def deliver(
    app: FastAPI, path: bytes, headers: list[tuple[bytes, bytes]], body: bytes, query: bytes = b""
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Call the application as a server does, with bytes that no client would let through."""
    answer: dict[str, Any] = {"body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer["status"], answer["headers"] = message["status"], dict(message["headers"])
        else:
            answer["body"] += message.get("body", b"")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": ("192.0.2.7", 4711),
        "server": ("127.0.0.1", 8080),
    }

    async def call() -> None:
        await app(scope, receive, send)  # type: ignore[arg-type]

    anyio.run(call)
    return answer["status"], answer["headers"], answer["body"]


def check(answer: tuple[int, dict[bytes, bytes], bytes]) -> int:
    """The status of an answer that is one of the documented ones, in their form."""
    status, headers, body = answer
    assert status in ANSWERS, body
    document = json.loads(body)
    if status == 202:
        assert headers[b"content-type"] == b"application/json"
        assert isinstance(document["delivery"], int)
        return status
    assert headers[b"content-type"] == b"application/problem+json"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert b"Traceback" not in body
    assert (b"www-authenticate" in headers) == (status == 401)
    assert (b"retry-after" in headers) == (status in {429, 503})
    return status


any_value = (
    st.binary(max_size=40)
    | st.sampled_from(
        [
            b"sha256=" + b"0" * 64,
            b"v1=" + b"z" * 64 + b",v1=",
            b"Bearer",
            b"Basic !",
            b"Basic " + base64.b64encode(b"\xff\x00"),
            b"1e309",
            b"\xd9\xa3",
            b"SubscriptionConfirmation",
            b"application/x-www-form-urlencoded",
            b"9" * 5000,
            b"x" * 100_000,
        ]
    )
    | st.sampled_from([b"-1", b"0", b"1048577", b"+5", b"1_0", b"\xb2"])
)
any_name = st.sampled_from(
    [
        b"authorization",
        b"content-length",
        b"content-type",
        b"webhook-id",
        b"webhook-timestamp",
        b"webhook-signature",
        b"x-hub-signature",
        b"x-hub-signature-256",
        b"x-pagerduty-signature",
        b"x-grafana-alerting-signature",
        b"x-grafana-alerting-timestamp",
        b"sentry-hook-signature",
        b"x-amz-sns-message-type",
        b"ce-id",
        b":query",
    ]
) | st.binary(min_size=1, max_size=20)
any_headers = st.lists(st.tuples(any_name, any_value), max_size=6)


@st.composite
def any_body(draw: st.DrawFn, source: str) -> bytes:
    """Bytes, JSON, a document that is nearly this source's, or a form around one."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return draw(st.binary(max_size=200))
    document = draw(any_json if kind == 1 else nearly_right(source))
    return json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("source", source_names())
class TestEverySource:
    """Each law, for each source."""

    @EXAMPLES
    @given(data=st.data())
    def test_bytes_and_headers_of_any_shape_are_answered(
        self, app: FastAPI, source: str, data: st.DataObject
    ) -> None:
        headers, body = data.draw(any_headers), data.draw(any_body(source))
        query = data.draw(st.binary(max_size=30) | st.just(b"token=" + TOKEN.encode()))
        check(deliver(app, f"/hooks/{source}".encode(), headers, body, query))

    @EXAMPLES
    @given(data=st.data())
    def test_a_proven_sender_of_anything_is_taken_in_or_told_what_is_wrong(
        self, app: FastAPI, source: str, data: st.DataObject
    ) -> None:
        body = data.draw(any_body(source))
        proofs = [name for name in accepted_proofs(source) if name in PROVEN]
        if not proofs:
            pytest.skip(f"{source} takes a proof that only its vendor can make")
        proof = data.draw(st.sampled_from(proofs))
        headers = [(name.lower().encode(), text.encode()) for name, text in PROVEN[proof](body)]
        query = f"token={TOKEN}".encode() if proof == "query_token" else b""
        status = check(deliver(app, f"/hooks/{source}".encode(), headers, body, query))
        assert status in {202, 400, 422}

    def test_without_a_proof_the_best_document_is_refused(self, app: FastAPI, source: str) -> None:
        assert check(deliver(app, f"/hooks/{source}".encode(), [], b"{}")) == 401


def sign_with(proof: str, secret: str) -> Any:
    """Sign as one kind of sender does, now."""
    return lambda body: SIGNERS[proof](secret, body, datetime.now(UTC)).items()


PROVEN: dict[str, Any] = {
    "bearer": sign_with("bearer", TOKEN),
    "basic": sign_with("basic", PAIR),
    "standard_webhooks": lambda body: sign_delivery(KEY, "msg_1", datetime.now(UTC), body).items(),
    "query_token": lambda body: [],
    **{proof: sign_with(proof, SECRET) for proof in ("hub", "pagerduty", "grafana", "sentry")},
}


@EXAMPLES
@given(name=st.binary(min_size=1, max_size=40), headers=any_headers, body=st.binary(max_size=20))
def test_names_of_any_shape_are_no_source(
    app: FastAPI, name: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    name = name.replace(b"/", b"").replace(b"?", b"") or b"x"
    assume(name.decode("utf-8", "replace") not in source_names())
    assert check(deliver(app, b"/hooks/" + name, headers, body)) == 404


DOCUMENT = describe_hooks()
DESCRIBED = schemathesis.openapi.from_dict(DOCUMENT)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
"""Left out: that what fits the document is accepted. Its body is "any JSON", since each source
says itself which field is wrong, by a 422."""


@pytest.fixture(scope="module")
def described(app: FastAPI) -> Iterator[OpenApiSchema]:
    """The OpenAPI document, together with the application that it describes."""
    DESCRIBED.app = app
    yield DESCRIBED
    DESCRIBED.app = None


@pytest.mark.parametrize("path", sorted(DOCUMENT["paths"]))
class TestOpenApi:
    """The application keeps to its document; schemathesis makes the requests and looks."""

    @EXAMPLES
    @given(data=st.data())
    def test_the_answers_are_those_of_the_document(
        self, described: OpenApiSchema, path: str, data: st.DataObject
    ) -> None:
        case = data.draw(described[path][method_of(path)].as_strategy())
        case.call_and_validate(checks=CHECKS)

    @EXAMPLES
    @given(data=st.data())
    def test_a_proven_sender_gets_the_answers_of_the_document(
        self, described: OpenApiSchema, path: str, data: st.DataObject
    ) -> None:
        case = data.draw(described[path][method_of(path)].as_strategy())
        case.headers.clear()  # a wrong proof beside the right token would be refused
        case.query.clear()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        response = case.call_and_validate(headers=headers, checks=CHECKS)
        source = path.rpartition("/")[2]
        if path != "/health" and "bearer" in accepted_proofs(source):
            assert response.status_code in {202, 400, 422}

    def test_another_method_is_not_allowed(self, app: FastAPI, path: str) -> None:
        for method in ({"GET", "POST"} - {method_of(path)}, {"DELETE"}):
            response = Caller(app)(method.pop(), path)
            assert response.status_code == 405
            assert response.headers["allow"] == method_of(path)


def method_of(path: str) -> str:
    """The one method that an address of the document has."""
    (method,) = DOCUMENT["paths"][path]
    return str(method).upper()
