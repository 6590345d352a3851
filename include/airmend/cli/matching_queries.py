"""Queries with their right answers: what free text is measured with.

They come from the runbooks of another organisation, or from a file that says for each text what
is right. Read here and by nobody else; which answer is right is explained in docs/matching.md.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airmend.errors import ConfigurationError
from airmend.runbook.corpus import read_corpus
from airmend.runbook.similarity import KnownErrorEntry
from airmend.runbook.terms import name_key, read_terms

GIVEN = "as given"
SYMPTOM = "symptom, without the name"
TEXT = "whole text, without the name"
NAMED = "whole text, with the name"

_SUFFIXES = {".jsonl", ".ndjson", ".json", ".csv"}


@dataclass(frozen=True)
class Query:
    """One text with the ids of the known errors that are right for it; none of them may be."""

    form: str  # which part of its document it is
    name: str
    text: str
    expected: frozenset[str]


@dataclass(frozen=True)
class QuerySet:
    """All queries, and the names of those that no known error of the corpus answers."""

    queries: list[Query]
    left_out: list[str]


def read_queries(path: Path, corpus: Sequence[KnownErrorEntry]) -> QuerySet:
    """Queries from a file of texts with answers, or from another organisation's runbooks.

    Raises:
        ConfigurationError: Nothing can be read there, or no query has an answer in the corpus.
    """
    if path.suffix.casefold() in _SUFFIXES:
        found = _read_given(path, corpus)
    else:
        found = _from_runbooks(read_corpus(path), corpus)
    if not found.queries:
        raise ConfigurationError(
            f"{path}: none of its {len(found.left_out)} names is one of the corpus. "
            "A query counts when a known error has the same name; name another corpus."
        )
    return found


def remove_name(text: str, name: str) -> str:
    """A text without a name, however that is written: in CamelCase, with spaces or hyphens."""
    words = [word for word in re.split(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])", name) if word]
    if not words:
        return text
    pattern = r"[\s_-]*".join(map(re.escape, words))
    return re.sub(rf"(?<!\w){pattern}(?!\w)", " ", text, flags=re.IGNORECASE)


def _from_runbooks(
    documents: Sequence[KnownErrorEntry], corpus: Sequence[KnownErrorEntry]
) -> QuerySet:
    ids_of: dict[frozenset[str], set[str]] = {}
    for entry in corpus:
        for name in entry.name.splitlines():
            ids_of.setdefault(name_key(name), set()).add(entry.id)
    queries: list[Query] = []
    left_out: list[str] = []
    for document in documents:
        names = document.name.splitlines()
        keys = {key for name in names if (key := name_key(name))}
        expected = frozenset(known for key in keys for known in ids_of.get(key, ()))
        if not expected:
            left_out.append(document.id)
            continue
        queries += _forms(document, names, expected)
    return QuerySet(queries, left_out)


def _forms(
    document: KnownErrorEntry, names: Sequence[str], expected: frozenset[str]
) -> Iterator[Query]:
    parts = [document.symptom, document.impact, document.cause, document.workaround, document.text]
    whole = "\n".join(part for part in parts if part)
    texts = {SYMPTOM: document.symptom, TEXT: whole, NAMED: whole}
    for form, text in texts.items():
        if form == NAMED:
            asked = "\n".join([*names, text])
        else:
            asked = text
            for name in sorted(names, key=len, reverse=True):
                asked = remove_name(asked, name)
        if read_terms(asked):
            yield Query(form, document.id, asked, expected)


def _read_given(path: Path, corpus: Sequence[KnownErrorEntry]) -> QuerySet:
    known = {entry.id for entry in corpus}
    queries: list[Query] = []
    left_out: list[str] = []
    for place, row in _rows(path):
        text, expected = row.get("text"), row.get("expected")
        if not isinstance(text, str) or not text.strip():
            raise ConfigurationError(f"{place}: it has no 'text'. Give the text that is looked up.")
        if isinstance(expected, str):
            expected = [each for each in expected.split("|") if each.strip()]
        if not isinstance(expected, list) or not all(isinstance(each, str) for each in expected):
            raise ConfigurationError(
                f"{place}: it has no 'expected'. Give the id of the known error, several with | "
                "between them, or nothing for a text that is about none."
            )
        right = frozenset(each.strip() for each in expected)
        if right and not right & known:
            left_out.append(", ".join(sorted(right)))
            continue
        queries.append(Query(GIVEN, place, text, right & known))
    return QuerySet(queries, left_out)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: it cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: it is not UTF-8. Save it as UTF-8.") from error
    if path.suffix.casefold() == ".csv":
        reader = csv.DictReader(text.splitlines(keepends=True))
        for row in reader:
            yield f"{path}:{reader.line_num}", dict(row)
        return
    if path.suffix.casefold() == ".json":
        document = _decode(text, str(path))
        rows = document if isinstance(document, list) else [document]
        numbered = [(f"{path}: entry {number}", row) for number, row in enumerate(rows, start=1)]
    else:
        numbered = [
            (f"{path}:{number}", _decode(line, f"{path}:{number}"))
            for number, line in enumerate(text.splitlines(), start=1)
            if line.strip()
        ]
    for place, row in numbered:
        if not isinstance(row, dict):
            raise ConfigurationError(f"{place}: it is not an object. Give 'text' and 'expected'.")
        yield place, row


def _decode(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{place}: it is not JSON: {error}.") from error
