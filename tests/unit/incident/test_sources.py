"""Laws that hold for every source, whatever is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import MalformedBodyError, PayloadError, UnknownSourceError
from airmend.incident import fields
from airmend.incident.sources import find_source, source_names
from tests.unit.incident.documents import alertmanager_alert, alertmanager_group

HERE = Path(__file__).parent / "samples"

SAMPLES: dict[str, Any] = {
    name: json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")) for name in source_names()
}
"""A document as each sender makes it, written from the vendor's documentation."""

any_text = st.text(st.characters(categories=None), max_size=20)  # lone surrogates and NUL too
any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | any_text
    | st.sampled_from(["firing", "resolved", "0001-01-01T00:00:00Z", "http://[", "a:1"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def nearly_right(draw: st.DrawFn, name: str) -> Any:
    """A good document of a source in which one value, at any depth, is anything."""
    document = json.loads(json.dumps(SAMPLES[name]))
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return document
        key = draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            continue
        place[key] = draw(any_json)
        return document


def check(name: str, document: Any, headers: dict[str, str]) -> None:
    """A source gives alerts that can be stored, or says which field is wrong."""
    source = find_source(name)
    identity = source.delivery_id(headers, document)
    assert identity is None or isinstance(identity, str)
    try:
        alerts = source.parse(document, headers)
    except PayloadError as error:
        str(error).encode()  # it can be shown, whatever it quotes
        return
    for alert in alerts:
        text = json.dumps(alert.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
        text.encode()
        assert "\\u0000" not in text
        assert alert.source == name
        assert alert.fingerprint.startswith(f"{name}:")


@pytest.mark.parametrize("name", source_names())
class TestEverySource:
    """Each law, for each source."""

    def test_it_has_a_sample_here(self, name: str) -> None:
        assert find_source(name).parse(SAMPLES[name], {})

    @given(data=st.data())
    def test_any_json_gives_alerts_or_a_payload_error(self, name: str, data: st.DataObject) -> None:
        check(name, data.draw(any_json), data.draw(st.dictionaries(any_text, any_text)))

    @given(data=st.data())
    def test_one_odd_value_gives_alerts_or_a_payload_error(
        self, name: str, data: st.DataObject
    ) -> None:
        check(name, data.draw(nearly_right(name)), {})

    def test_nesting_without_end_is_no_crash(self, name: str) -> None:
        deep: Any = "x"
        for _ in range(50_000):
            deep = [deep]
        check(name, SAMPLES[name] | {"labels": deep, "extra": deep}, {})


@given(st.binary() | any_json.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_json_or_malformed(body: bytes) -> None:
    message = ""
    try:
        fields.decode_json(body)
    except MalformedBodyError as error:
        message = str(error)
    assert len(message) < 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"1" * 5_000,
        '{"a": 1}'.encode("utf-16"),
    ],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBodyError):
        fields.decode_json(body)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nagios",
        "..",
        "../generic",
        "generic.py",
        "Generic",
        "__init__",
        "generic\x00",
        "é" * 99,
    ],
)
def test_only_a_source_of_this_folder_is_found(name: str) -> None:
    with pytest.raises(UnknownSourceError, match="alertmanager"):
        find_source(name)


def test_numbers_that_json_readers_disagree_on_become_text() -> None:
    clean = fields.storable({"big": 2**70, "inf": float("inf"), "nan": float("nan"), "ok": 1.5})
    assert clean == {"big": str(2**70), "inf": "inf", "nan": "nan", "ok": 1.5}


def test_no_label_is_left_out_since_a_runbook_may_ask_for_its_absence() -> None:
    labels = {f"l{number}": "x" for number in range(500)} | {"alertname": "A"}
    (alert,) = find_source("alertmanager").parse(
        alertmanager_group(alertmanager_alert(labels=labels)), {}
    )
    assert alert.labels == labels
