"""Airflow's own notifiers send what people are told; whatever they do, nothing else is hurt."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest
from airflow.sdk import BaseNotifier, Context

from airmend.change.notice_text import NoticeText
from airmend.change.notifier_plan import Notifier, read_notifier_plan
from airmend.errors import ConfigurationError
from airmend.orchestration import notifiers
from airmend.records.model import Occasion
from airmend.settings import Settings
from tests.builders import AT
from tests.documents import ROOT, blocks_of, plain, table_of
from tests.mail_server import running_mail_server, text_of

HERE = __name__
SHIPPED = ROOT / "config/notifiers.yaml"
TEXT = NoticeText(
    occasion="reminder",
    number=2,
    subject="Reminder 2: High risk: {{ 7 * 7 }} on web1",
    text="It is open.",
    html="<p>It is open.</p>",
    link="http://localhost:8080/dags/x",
    people=("olga", "peter"),
    needs="2 of olga, peter (two leads)",
    asked_at=AT,
    expires_at=AT,
    change="CHG-1",
    incident="INC-1",
    runbook="service-down",
    service="shop",
)

Send = Callable[[Notifier, NoticeText], str]


class FileNotifier(BaseNotifier):
    """Writes what it is given into a file."""

    template_fields = ("message", "to")

    def __init__(self, path: str, message: str = "", to: list[str] | None = None) -> None:
        super().__init__()
        self.path, self.message, self.to = path, message, to

    def notify(self, context: Context) -> None:
        Path(self.path).write_text(json.dumps([self.message, self.to]))


class FailingNotifier(BaseNotifier):
    """Fails with a secret in its words, as HTTP clients do."""

    def notify(self, context: Context) -> None:
        raise ConnectionError("https://hooks.example/T0KEN refused")


class HangingNotifier(BaseNotifier):
    """Hears from nobody."""

    def notify(self, context: Context) -> None:
        time.sleep(600)


class NoNotifier:
    """Something else."""


@pytest.fixture
def send() -> Send:
    """Of a task whose context holds no more than Airflow's does."""
    return notifiers.sender(cast("Context", {"run_id": "r"}), logging.getLogger("airmend.tests"))


def make(name: str, **arguments: Any) -> Notifier:
    return Notifier.model_validate({"name": "a", "class": f"{HERE}.{name}", "arguments": arguments})


def test_its_templates_are_filled_with_what_is_told_and_that_is_no_template(
    send: Send, tmp_path: Path
) -> None:
    path = tmp_path / "sent"
    notifier = make(
        "FileNotifier",
        path=str(path),
        message="{{ airmend.subject }} | {{ airmend.needs }} | {{ run_id }}",
        to=["{{ airmend.people | join(',') }}", "desk@example.com"],
    )
    for _ in range(2):  # each is made anew
        assert send(notifier, TEXT) == ""
    message, to = json.loads(path.read_text())
    assert message == f"{TEXT.subject} | {TEXT.needs} | r"
    assert to == ["olga,peter", "desk@example.com"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("FailingNotifier", {}, "ConnectionError"),
        ("NoNotifier", {}, "TypeError"),
        ("Missing", {}, "AttributeError"),
        ("FileNotifier", {"wrong": 1}, "TypeError"),
        ("FileNotifier", {"path": "x", "message": "{{ 1 / 0 }}"}, "ZeroDivisionError"),
    ],
)
def test_one_that_fails_is_told_by_its_kind_alone(
    send: Send, name: str, arguments: dict[str, Any], words: str
) -> None:
    assert send(make(name, **arguments), TEXT) == f"{words}; the log of this task says more"


def test_one_that_hangs_is_given_up(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifiers, "MOST_SECONDS", 0.2)
    assert send(make("HangingNotifier"), TEXT).startswith("AirflowTaskTimeout")


def test_the_shipped_example_sends_a_mail_by_airflows_smtp_notifier(
    send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shipped,) = read_notifier_plan(Settings(notifiers_file=SHIPPED)).notifiers
    with running_mail_server() as server:
        connection = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": server.port,
            "extra": {"disable_ssl": True, "disable_tls": True},
        }
        monkeypatch.setenv("AIRFLOW_CONN_AIRMEND_MAIL", json.dumps(connection))
        assert send(shipped, TEXT) == ""
    (mail,) = server.mails
    assert mail["Subject"] == TEXT.subject
    assert mail["To"] == "on-call@example.com"
    assert text_of(mail) == TEXT.html


def test_the_file_names_occasions_or_means_all(tmp_path: Path) -> None:
    path = tmp_path / "notifiers.yaml"
    path.write_text(
        "notifiers:\n  - {name: a, class: b.C}\n"
        "  - {name: d, class: e.F, occasions: [reminder], arguments: {x: 1}}\n"
    )
    first, second = read_notifier_plan(Settings(notifiers_file=path)).notifiers
    assert first.occasions == tuple(Occasion)
    assert (second.occasions, second.arguments) == ((Occasion.REMINDER,), {"x": 1})
    assert read_notifier_plan(Settings()).notifiers == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[{name: a, class: b.C, arguments: {auth: {password: x}}}]", "reads like a secret"),
        ("[{name: a, class: b.C, arguments: {api_token: x}}]", "reads like a secret"),
        ("[{name: a, class: b.C}, {name: a, class: b.D}]", "two notifiers are named 'a'"),
        ("[{name: a, class: 'b; C'}]", "class"),
        ("[{name: a, class: b.C, occasions: []}]", "occasions"),
        ("[{name: a, class: b.C, when: always}]", "unknown key 'notifiers.0.when'"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "notifiers.yaml"
    path.write_text(f"notifiers: {text}\n")
    with pytest.raises(ConfigurationError, match=rf"(?s)notifiers\.yaml:1: .*{words}"):
        read_notifier_plan(Settings(notifiers_file=path))


def test_the_example_of_the_documents_is_one_and_its_values_are_all_explained(
    tmp_path: Path,
) -> None:
    document = ROOT / "docs/approvals.md"
    (block,) = [each for each in blocks_of(document) if each.label == "notifiers.yaml"]
    path = tmp_path / "notifiers.yaml"
    path.write_text(block.text)
    found = read_notifier_plan(Settings(notifiers_file=path)).notifiers
    shipped = read_notifier_plan(Settings(notifiers_file=SHIPPED)).notifiers
    assert found[0].arguments == shipped[0].arguments
    explained = [plain(row[0]) for row in table_of(document, "notice")]
    assert explained == [f"airmend.{each.name}" for each in fields(NoticeText)]
