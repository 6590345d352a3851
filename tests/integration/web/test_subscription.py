"""Amazon SNS subscribes us: stored first, confirmed then, and never for anybody else.

The source stands for any that takes SNS's proof; what a confirmation is made of is Amazon's.
"""

from __future__ import annotations

import pytest

from airmend.incident.proofs import SourceSecrets
from airmend.incident.sources import generic
from airmend.web.app import create_app
from tests.integration.incident.desk import Desk
from tests.integration.web.conftest import Caller
from tests.integration.web.test_hooks import counted, problem
from tests.unit.incident.proofs.amazon import (
    CONFIRMATION_HEADERS,
    HEADERS,
    SUBSCRIBE_URL,
    TOPIC,
    FakeAmazon,
    make_confirmation,
    make_message,
    sign_message,
)

TEXT = {"content-type": "text/plain; charset=UTF-8"}  # as SNS calls its JSON


@pytest.fixture
def amazon() -> FakeAmazon:
    """Amazon as it is seen from here."""
    return FakeAmazon()


@pytest.fixture
def sns(desk: Desk, amazon: FakeAmazon, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Someone outside, before a source that takes SNS's proof and a token."""
    monkeypatch.setattr(generic, "PROOFS", ("sns", "bearer"), raising=False)
    monkeypatch.setattr(generic, "parse", lambda body, headers: [])
    monkeypatch.setattr(generic, "delivery_id", lambda headers, body: body["MessageId"])
    known = SourceSecrets(topic_arns=(TOPIC,), amazon=amazon, bearer=("token",))
    return Caller(create_app(intake=desk.intake, secrets=lambda source: known))


def test_a_proven_confirmation_is_stored_and_confirmed(
    sns: Caller, desk: Desk, amazon: FakeAmazon
) -> None:
    body, headers = sign_message(make_confirmation()), CONFIRMATION_HEADERS | TEXT
    assert sns.post("/hooks/generic", content=body, headers=headers).status_code == 202
    assert amazon.confirmed == [SUBSCRIBE_URL]
    again = sns.post("/hooks/generic", content=body, headers=headers)
    assert (again.status_code, again.json()["repeated"]) == (202, True)
    assert desk.counts()["deliveries"] == 1


def test_a_notification_confirms_nothing(sns: Caller, amazon: FakeAmazon) -> None:
    body = sign_message(make_message())
    assert sns.post("/hooks/generic", content=body, headers=HEADERS).status_code == 202
    assert amazon.confirmed == []


def test_a_forged_one_and_one_of_another_topic_are_refused(
    sns: Caller, desk: Desk, amazon: FakeAmazon
) -> None:
    for body in (
        sign_message(make_confirmation()).replace(b"You have", b"We have"),
        sign_message(make_confirmation(TopicArn=TOPIC + "-of-somebody-else")),
    ):
        problem(sns.post("/hooks/generic", content=body, headers=CONFIRMATION_HEADERS), 401)
    assert amazon.confirmed == []
    assert counted(desk) == {("generic", "signature"): 2}


def test_a_token_is_no_reason_to_confirm(sns: Caller, amazon: FakeAmazon) -> None:
    # without the header it is proven by its token, and with it Amazon's signature has to be right
    body = sign_message(make_confirmation()).replace(b"You have", b"We have")
    token = {"authorization": "Bearer token"}
    assert sns.post("/hooks/generic", content=body, headers=token).status_code == 202
    problem(sns.post("/hooks/generic", content=body, headers=token | CONFIRMATION_HEADERS), 401)
    assert amazon.confirmed == []


def test_when_amazon_does_not_take_the_yes_it_is_asked_to_come_again(
    sns: Caller, amazon: FakeAmazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = sign_message(make_confirmation())
    with monkeypatch.context() as down:
        down.setattr(amazon, "is_up", False)
        response = sns.post("/hooks/generic", content=body, headers=CONFIRMATION_HEADERS)
        problem(response, 503)
        assert int(response.headers["retry-after"]) > 0
    again = sns.post("/hooks/generic", content=body, headers=CONFIRMATION_HEADERS)
    assert again.status_code == 202
    assert amazon.confirmed == [SUBSCRIBE_URL]
