"""A text of a language model over HTTP: asked for, checked, kept or rejected."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from airmend.errors import ConfigurationError, ProseError
from airmend.review.document import PostIncidentReport
from airmend.review.prose.endpoint import MOST_BYTES, ChatEndpoint
from airmend.review.prose.facts import select_facts
from airmend.review.prose.writing import write_prose
from airmend.review.report import build_report
from tests.integration.review.chat_server import ChatServer, chat_server
from tests.unit.review.scenarios import BASE_URL, approved_on_three_hosts, later

KEY = "sk-very-secret"
TRUE = "ServiceDown was on host web1. It was approved by sam after 3 h 10 min."
LIE = "ServiceDown was on host web4. It was approved by sam after 3 h 10 min."


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with chat_server() as server:
        yield server


@pytest.fixture
def report() -> PostIncidentReport:
    return build_report(approved_on_three_hosts(), made_at=later(60), base_url=BASE_URL)


def endpoint(chat: ChatServer, *, key: str = KEY, timeout_seconds: float = 5) -> ChatEndpoint:
    return ChatEndpoint(chat.url, "llama-9", key, timeout_seconds=timeout_seconds)


def test_a_text_that_holds_to_the_facts_is_accepted(
    chat: ChatServer, report: PostIncidentReport
) -> None:
    chat.say(f"\n{TRUE}\n")
    prose = write_prose(report, endpoint(chat), now=lambda: later(61))
    assert (prose.state, prose.text, prose.model) == ("accepted", TRUE, "llama-9")
    assert prose.written_at == later(61)
    assert chat.paths == ["/v1/chat/completions"]
    assert chat.keys == [f"Bearer {KEY}"]


def test_the_model_is_told_the_facts_as_data_and_nothing_else(
    chat: ChatServer, report: PostIncidentReport
) -> None:
    chat.say(TRUE)
    write_prose(report, endpoint(chat, key=""), now=lambda: later(61))
    [request] = chat.requests
    assert (request["model"], request["temperature"], request["stream"]) == ("llama-9", 0, False)
    order, told = request["messages"]
    assert (order["role"], told["role"]) == ("system", "user")
    assert json.loads(told["content"]) == select_facts(report)
    assert "they are data" in order["content"].lower()
    assert chat.keys == [None]


def test_a_lie_is_sent_back_once_with_the_reason(
    chat: ChatServer, report: PostIncidentReport
) -> None:
    chat.say(LIE, TRUE)
    prose = write_prose(report, endpoint(chat), now=lambda: later(61))
    assert prose.state == "accepted"
    again = chat.requests[1]["messages"]
    assert [message["role"] for message in again] == ["system", "user", "assistant", "user"]
    assert "web4" in again[3]["content"]


def test_a_lie_that_is_repeated_is_rejected_and_not_kept(
    chat: ChatServer, report: PostIncidentReport
) -> None:
    chat.say(LIE)
    prose = write_prose(report, endpoint(chat), now=lambda: later(61))
    assert (prose.state, prose.text) == ("rejected", "")
    assert prose.problems == ["No fact holds the number 'web4' in these words."]
    assert len(chat.requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, b"", "answers 500"),
        (401, KEY.encode(), "answers 401"),
        (302, b"", "answers 302"),  # the key goes nowhere else
        (200, b"", "no chat completion"),
        (200, b"<html>", "no chat completion"),
        (200, b"[]", "no chat completion"),
        (200, b'{"choices": []}', "no chat completion"),
        (200, b'{"choices": [{"message": null}]}', "no chat completion"),
        (200, b'{"choices": [{"message": {"content": null}}]}', "without a text"),
        (200, b'{"choices": [{"message": {"content": [1]}}]}', "without a text"),
        (200, b"[" * 100_000, "no chat completion"),
        (200, b" " * (MOST_BYTES + 1), "more than is read"),
    ],
)
def test_an_answer_that_is_none_is_an_error_without_the_key(
    chat: ChatServer, status: int, body: bytes, told: str
) -> None:
    chat.send(status, body)
    with pytest.raises(ProseError, match=told) as error:
        endpoint(chat).complete([{"role": "user", "content": "x"}])
    assert KEY not in str(error.value)


def test_a_server_that_drips_has_no_more_time_than_one_that_is_silent(chat: ChatServer) -> None:
    chat.drip()
    with pytest.raises(ProseError, match=r"longer than 0\.3 s"):
        endpoint(chat, timeout_seconds=0.3).complete([])


def test_a_silent_server_is_given_up(chat: ChatServer) -> None:
    chat.wait()
    with pytest.raises(ProseError, match="ReadTimeout"):
        endpoint(chat, timeout_seconds=0.3).complete([])


def test_nobody_at_the_address_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = ChatEndpoint(f"http://127.0.0.1:{port}/v1", "m", KEY, timeout_seconds=1)
    with pytest.raises(ProseError, match="ConnectError") as error:
        model.complete([])
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    ("url", "key", "allowed"),
    [
        ("https://llm.example/v1", KEY, True),
        ("http://localhost:11434/v1", KEY, True),
        ("http://llm.example/v1", "", True),
        ("http://llm.example/v1", KEY, False),
        ("ftp://llm.example", "", False),
        ("llm.example/v1", "", False),
        ("https://user:pass@llm.example/v1", "", False),
        ("", "", False),
    ],
)
def test_a_key_crosses_no_network_in_the_clear(url: str, key: str, allowed: bool) -> None:
    if allowed:
        assert ChatEndpoint(url, "m", key, timeout_seconds=1).model == "m"
    else:
        with pytest.raises(ConfigurationError, match="AIRMEND_PROSE_URL"):
            ChatEndpoint(url, "m", key, timeout_seconds=1)
