"""JSON, JSON in a form, and what is neither."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import MalformedBodyError
from airmend.incident.forms import decode_body
from airmend.incident.sources import decode_delivery, find_source
from tests.unit.incident.test_sources import any_json

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@given(any_json)
def test_json_in_the_field_payload_is_read_as_json_alone_is(value: object) -> None:
    text = json.dumps(value)
    body = urlencode({"token": "x", "payload": text}).encode()
    try:
        expected = decode_body(text.encode(), {})
    except MalformedBodyError:  # an infinite number
        with pytest.raises(MalformedBodyError):
            decode_body(body, FORM)
        return
    assert decode_body(body, FORM) == expected


@pytest.mark.parametrize(
    "kind", ["text/plain; charset=UTF-8", "", "application/json", "a/b;;", ";"]
)
def test_json_is_read_whatever_it_is_called(kind: str) -> None:
    assert decode_body(b' {"a": 1}', {"content-type": kind}) == {"a": 1}


@pytest.mark.parametrize("body", [b'{"a": "b=c&payload=1"}', b'\n[{"a": 1}]'])
def test_json_that_a_shell_sends_as_a_form_is_json(body: bytes) -> None:
    assert decode_body(body, FORM) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"payload",
        b"payload=",
        b"payload=%7B",
        b"payload=%FF",
        b"payload=\xff",
        b"other=%7B%7D",
        b"a=1&" * 200 + b"payload=%7B%7D",
        b"payload=%ED%A0%80",
        b"&&&",
    ],
)
def test_a_form_without_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        decode_body(body, FORM)


@given(st.binary(max_size=80), st.booleans())
def test_any_bytes_are_a_document_or_malformed(body: bytes, is_form: bool) -> None:
    message = ""
    try:
        decode_body(body, FORM if is_form else {})
    except MalformedBodyError as error:
        message = str(error)
    assert len(message) < 200


def test_a_source_may_have_a_form_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    source = find_source("generic")
    assert decode_delivery(source, b"{}", {}) == {}
    monkeypatch.setattr(source, "decode", lambda body, headers: [body, headers], raising=False)
    assert decode_delivery(source, b"own", {"a": "b"}) == [b"own", {"a": "b"}]
