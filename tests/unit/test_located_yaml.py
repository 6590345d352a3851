"""Reading YAML: which values come out, at which line things stand, what is refused."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import RunbookError
from airmend.located_yaml import ANSIBLE_TAGS, load_located
from tests.builders import runbook_document

_TEXT = b"""\
schema: airmend/v1
match:
  - incident.name == 'A'
  - >-
    incident.host
    == 'b'
steps:
  - id: one
    name: One
  - id: two
    vars: {a: 1, b: 2}
"""


def _read(text: str) -> Any:
    return load_located(text.encode(), "runbook.yaml")[0]


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((), 1),
        (("schema",), 1),
        (("match",), 2),
        (("match", 0), 3),
        (("match", 1), 4),
        (("steps", 1), 10),
        (("steps", 1, "id"), 10),
        (("steps", 1, "vars", "b"), 11),
        (("steps", 0, "playbook"), 8),  # not there: the step that lacks it
        (("steps", 9), 7),
        (("report", "impact"), 1),
    ],
)
def test_every_part_has_its_line(place: tuple[str | int, ...], line: int) -> None:
    _, locate = load_located(_TEXT, "runbook.yaml")
    assert locate(place) == line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-03-02", "2026-03-02"),
        (".inf", ".inf"),
        ("1.0.0", "1.0.0"),
        ("-", None),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("-12", -12),
        ("1.50", 1.5),
        ("'12'", "12"),
        ('"true"', "true"),
        ("''", ""),
    ],
)
def test_only_plain_numbers_true_false_and_null_are_more_than_text(text: str, value: Any) -> None:
    if text == "-":
        assert _read("a:\n  -") == {"a": [None]}
    else:
        assert _read(f"a: {text}") == {"a": value}
        assert type(_read(f"a: {text}")["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "fact"),
    [
        ("a: 1\nb: 2\na: 3", 3, "the key 'a' is there twice"),
        ("a:\n  b: 1\n  b: 1", 3, "the key 'b' is there twice"),
        ("a: &x 1\nb: *x", 2, "the alias '*x'"),
        ("a: &x [1]\nb:\n  <<: *x", 3, "the alias '*x'"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", 2, "tag"),
        ("a: !vault x", 1, "the tag '!vault' is not known"),
        ("1: a", 1, "the key 1 is not text"),
        ("a: {{ b }}", 1, "is not text"),
        ("a: 99999999999999999999", 1, "too large"),
        ("a: b: c", 1, "it is not YAML"),
        ("a:\n  - b\n c: d", 3, "it is not YAML"),
        ("a: 1\n---\nb: 1", 2, "it is not YAML"),
        ("a: \x01", None, "it is not YAML"),
        ("[" * 2000, None, "it is n"),
        ("[" * 900 + "]" * 900, None, "nested too deeply"),
    ],
)
def test_what_is_not_read_is_said_with_its_line(text: str, line: int | None, fact: str) -> None:
    with pytest.raises(RunbookError) as caught:
        _read(text)
    assert fact in caught.value.fact
    assert caught.value.remedy
    if line is not None:
        assert caught.value.line == line


def test_bytes_that_are_not_utf8_are_said_with_their_line() -> None:
    with pytest.raises(RunbookError, match=r"runbook.yaml:2: it is not UTF-8 text"):
        load_located(b"a: 1\nb: \xff", "runbook.yaml")


def test_an_operator_that_looks_like_an_alias_is_text() -> None:
    assert _read("a: incident.x * 2 && b") == {"a": "incident.x * 2 && b"}


def test_an_allowed_tag_gives_text() -> None:
    document, _ = load_located(b"a: !vault |\n  12\n", "tasks.yml", tags=ANSIBLE_TAGS)
    assert document == {"a": "12\n"}


def test_it_reads_a_runbook_as_pyyaml_does() -> None:
    text = yaml.safe_dump(runbook_document(), sort_keys=False)
    assert _read(text) == runbook_document()


_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


@given(_data)
def test_whatever_pyyaml_writes_is_read_back(data: Any) -> None:
    # the writer leaves the sign for line breaks of other scripts to the reader's YAML version
    text = yaml.safe_dump(data, allow_unicode=False)
    assert _read(text) == data


@given(st.binary(max_size=200))
def test_any_bytes_give_data_or_a_mistake(content: bytes) -> None:
    with contextlib.suppress(RunbookError):
        load_located(content, "runbook.yaml")


@given(st.text(alphabet="*&ab :,-?!|>#\n\t[]{}'\"\\.\ufeff\x85", max_size=40))
def test_an_alias_is_never_read_as_data(text: str) -> None:
    try:
        events = [type(event) for event in yaml.parse(text, Loader=yaml.CSafeLoader)]
    except yaml.YAMLError:
        return
    if yaml.AliasEvent in events:
        with pytest.raises(RunbookError):
            load_located(text.encode(), "x.yaml")
