"""Secrets out of Airflow's connections; what cannot be read is told from what is not there."""

from __future__ import annotations

import json
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from airmend.errors import ProofUnavailableError
from airmend.incident.proofs import SourceSecrets
from airmend.incident.proofs.amazon import AmazonOverHttps

TOKEN, SECRET = "token-of-the-source", "It's a Secret to Everybody"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Backend:
    """A secrets backend that has nothing, or fails as it is told."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0

    def get_connection(self, conn_id: str) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def module() -> ModuleType:
    """The module; what it imports of Airflow warns about its own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module("airmend.orchestration.hook_secrets")


@pytest.fixture
def backend() -> Backend:
    """Stands before Airflow's environment variables."""
    return Backend()


@pytest.fixture
def clock() -> Clock:
    """The clock of the look-up."""
    return Clock()


@pytest.fixture
def look_up(
    module: ModuleType, backend: Backend, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """The look-up over a backend and Airflow's own reader of environment variables."""
    from airflow.secrets.environment_variables import EnvironmentVariablesBackend

    backends = [backend, EnvironmentVariablesBackend()]
    monkeypatch.setattr(module, "ensure_secrets_loaded", lambda: backends)
    return module.HookSecrets(clock)


def set_connection(monkeypatch: pytest.MonkeyPatch, value: Any, source: str = "generic") -> None:
    """Set a connection as `make up` and docker compose do."""
    text = value if isinstance(value, str) else json.dumps({"conn_type": "generic"} | value)
    monkeypatch.setenv(f"AIRFLOW_CONN_AIRMEND_HOOK_{source.upper()}", text)


def test_password_and_extra_are_read(look_up: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"signing_secrets": [SECRET], "timestamp_header": "X-When"}
    set_connection(monkeypatch, {"password": TOKEN, "extra": extra})
    assert look_up("generic") == SourceSecrets(
        bearer=(TOKEN,), signing=(SECRET,), timestamp_header="x-when"
    )


def test_an_extra_that_is_text_and_a_connection_that_is_a_url_are_read_too(
    look_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_connection(monkeypatch, {"extra": json.dumps({"basic_passwords": ["user:pass"]})})
    assert look_up("generic").basic == ("user:pass",)
    set_connection(monkeypatch, f"generic://:{TOKEN}@/?signing_secrets=secret", "cloudevents")
    assert look_up("cloudevents") == SourceSecrets(bearer=(TOKEN,), signing=("secret",))


def test_allowed_topics_come_with_a_way_to_amazon(
    look_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_connection(monkeypatch, {"extra": {"topic_arns": [TOPIC]}})
    assert isinstance(look_up("generic").amazon, AmazonOverHttps)


def test_no_connection_is_no_secret(look_up: Any) -> None:
    assert look_up("generic") == SourceSecrets()


def test_a_changed_secret_counts_after_fifteen_seconds(
    look_up: Any, clock: Clock, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_connection(monkeypatch, {"password": TOKEN})
    assert look_up("generic").bearer == (TOKEN,)
    set_connection(monkeypatch, {"password": "new-token"})
    clock.now = 14.9
    assert look_up("generic").bearer == (TOKEN,)
    assert backend.asked == 1
    clock.now = 15.0
    assert look_up("generic").bearer == ("new-token",)


def test_a_secret_is_at_hand_while_it_is_kept_and_nobody_else_is_asked(
    look_up: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_connection(monkeypatch, {"password": TOKEN})
    set_connection(monkeypatch, {"extra": {"topic_arns": [TOPIC]}}, "cloudevents")
    set_connection(monkeypatch, {"password": "a b c"}, "alertmanager")
    assert not look_up.is_at_hand("generic")
    look_up("generic")
    look_up("cloudevents")
    with pytest.raises(ProofUnavailableError):
        look_up("alertmanager")
    assert look_up.is_at_hand("generic")
    assert not look_up.is_at_hand("cloudevents")  # a certificate may have to be fetched
    assert not look_up.is_at_hand("alertmanager")
    clock.now = 15.0
    assert not look_up.is_at_hand("generic")


@pytest.mark.parametrize(
    "value",
    [
        {"password": "one two three"},
        {"password": "whsec_short-secret"},
        {"password": TOKEN, "extra": {"signing_secrets": ["", "short-secret"]}},
        {"password": TOKEN, "extra": {"misspelt": "short-secret"}},
        {"password": TOKEN, "extra": "short-secret {"},
        {"password": TOKEN, "extra": '["short-secret"]'},
        {"password": TOKEN, "port": "short-secret"},
        '{"password": "short-secret"',
        '{"unknown": "short-secret"}',
    ],
)
def test_a_connection_that_cannot_be_used_is_not_the_senders_fault(
    look_up: Any, value: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    set_connection(monkeypatch, value)
    with pytest.raises(ProofUnavailableError) as caught:
        look_up("generic")
    (record,) = [
        each for each in caplog.records if each.name == "airmend.orchestration.hook_secrets"
    ]
    assert "airmend_hook_generic" in record.getMessage()
    for secret in (TOKEN, "short-secret", "one two"):
        assert secret not in caplog.text + str(caught.value)


def test_a_backend_that_fails_refuses_though_another_one_has_an_older_secret(
    look_up: Any,
    backend: Backend,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    set_connection(monkeypatch, {"password": TOKEN})
    backend.error = OperationalError("SELECT", {}, Exception("password=short-secret"))
    for _ in range(5):
        with pytest.raises(ProofUnavailableError):
            look_up("generic")
    assert backend.asked == 1  # a vault that is down is not asked for each delivery
    assert "OperationalError" in caplog.text
    assert "short-secret" not in caplog.text
    backend.error = None
    clock.now = 3.0
    assert look_up("generic").bearer == (TOKEN,)


def test_a_secret_is_not_used_for_longer_when_it_cannot_be_read_again(
    look_up: Any, backend: Backend, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_connection(monkeypatch, {"password": TOKEN})
    look_up("generic")
    backend.error = TimeoutError()
    clock.now = 15.0
    with pytest.raises(ProofUnavailableError):
        look_up("generic")


def test_airflow_hides_each_key_of_the_extra_that_is_a_secret(module: ModuleType) -> None:
    from airflow._shared.secrets_masker import redact

    from airmend.incident.proofs.secrets_of_source import EXTRA_KEYS

    shown: Any = redact({key: ["a-long-secret"] for key in EXTRA_KEYS})
    open_keys = {key for key, value in shown.items() if value != ["***"]}
    assert open_keys == {"topic_arns", "timestamp_header"}
