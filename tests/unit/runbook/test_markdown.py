"""A Markdown runbook becomes a known error, whatever it looks like."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.runbook.markdown import read_markdown

RUNBOOK = """\
---
title: Disk Full
weight: 20
---

# DiskFull

## Meaning

The disk of a [host](https://example.com/host) is full, see [the rule][rule].

<details>
<summary>Full context</summary>
More of it.
</details>

## Impact

Nothing can be written.

## Diagnosis

```shell
# df -h
df -h
```

### Logs

Look at the logs.

## Mitigation

Delete what is old.

## Further reading

A book.

[rule]: https://example.com/rule
"""


def test_sections_go_where_they_belong() -> None:
    entry = read_markdown(RUNBOOK, "DiskFull")
    assert (entry.id, entry.name) == ("DiskFull", "DiskFull")
    assert " ".join(entry.symptom.split()) == (
        "The disk of a host is full, see the rule. Full context More of it."
    )
    assert entry.impact == "Nothing can be written."
    assert " ".join(entry.cause.split()) == "# df -h df -h Logs Look at the logs."
    assert entry.workaround == "Delete what is old."
    assert " ".join(entry.text.split()) == "Further reading A book."


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# Gitaly is slow\n\nIt is.", "Gitaly is slow\ngitaly-latency"),
        ("---\ntitle: 'Slow Gitaly'\n---\nIt is.", "Slow Gitaly\ngitaly-latency"),
        ("It is slow.", "gitaly-latency"),
        ("# GitalyLatency\n", "GitalyLatency"),
    ],
)
def test_it_is_called_as_its_heading_says_and_as_its_file(text: str, name: str) -> None:
    assert read_markdown(text, "gitaly-latency").name == name


def test_what_stands_before_the_first_section_is_its_symptom() -> None:
    entry = read_markdown("# Name\n\nIt hangs.\n\n## Steps\n\nRestart it.\n", "x")
    assert (entry.symptom, entry.workaround) == ("It hangs.", "Restart it.")


def test_a_document_of_windows_is_read_too() -> None:
    assert read_markdown("\ufeff# A\r\n\r\n## Impact\r\nAll.\r\n", "a").impact == "All."


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "<" * 100_000,
        "# " * 50_000,
        "[a](" * 25_000,
        "<!--" * 25_000,
        "---\n" * 25_000,
    ],
)
def test_no_document_takes_long(text: str) -> None:
    begun = time.perf_counter()
    read_markdown(text, "x")
    assert time.perf_counter() - begun < 3


@given(st.text())
def test_every_text_is_a_document(text: str) -> None:
    assert read_markdown(text, "x").id == "x"
