"""Tags in the forms of the vendors, and placeholders that were never replaced."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.tags import is_placeholder, read_tags, read_word


@pytest.mark.parametrize(
    "tags",
    [
        ["env:prod", "team:web", "urgent"],
        "env:prod, team:web,urgent",
        "env=prod,team=web,urgent",
        {"env": "prod", "team": "web", "urgent": True},
        [{"key": "env", "value": "prod"}, {"tag": "team", "value": "web"}, "urgent"],
        [["not", "a", "tag"], "env:prod", "team:web", "urgent", 7, None],
    ],
)
def test_every_form_becomes_the_same_labels(tags: Any) -> None:
    assert read_tags(tags) == {"env": "prod", "team": "web", "urgent": "true"}


def test_a_value_may_hold_colons() -> None:
    assert read_tags("url:http://shop.example:8080") == {"url": "http://shop.example:8080"}


def test_values_of_the_same_name_are_joined() -> None:
    assert read_tags(["host:a", "host:b", "host:a"]) == {"host": "a,b"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_whatever_comes_becomes_labels_of_text(value: Any) -> None:
    for name, text in read_tags(value).items():
        assert name.strip()
        assert isinstance(text, str)
        text.encode()


@pytest.mark.parametrize(
    "text",
    [
        "{{host.name}}",
        "{HOST.NAME}",
        "{$MACRO}",
        "{ProblemTitle}",
        "{Tags[owner]}",
        "$TAGS[env]",
        "${current.number}",
        "$result.host$",
        "$HOSTNAME",
        "*UNKNOWN*",
        "<no value>",
        "[no value]",
    ],
)
def test_a_placeholder_says_nothing(text: str) -> None:
    assert is_placeholder(text)
    assert read_word(text) == ""


@pytest.mark.parametrize("text", ["web-1", "{", "a {HOST.NAME} b", "$5", "{}", "{1: 2}", "日本"])
def test_a_word_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)
    assert read_word(f" {text} ") == text


@pytest.mark.parametrize("text", ["", " ", "-", "N/A", "none", "unknown", "null"])
def test_a_word_that_means_nothing_names_nothing(text: str) -> None:
    assert read_word(text) == ""
