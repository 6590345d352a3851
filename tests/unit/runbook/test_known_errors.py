"""An incident that no runbook takes gets suggestions from the catalog, and they start nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from airmend.runbook import known_errors
from airmend.runbook.known_errors import (
    SuggestionsFromCatalog,
    alert_names,
    entry_of,
    text_of,
)
from airmend.runbook.model import RunbookVersion
from airmend.runbook.similarity import KnownErrorIndex
from tests.builders import make_incident, make_runbook, make_runbook_version

DISK = make_runbook_version(
    id="disk-full",
    title="Archive old logs",
    match=['incident.name == "DiskFull"'],
    known_error={
        "id": "KE-7",
        "symptom": "A file system has no space left.",
        "cause": "Old logs.",
        "workaround": "Archive them.",
    },
)
CATALOG = [make_runbook_version(), DISK]


def test_suggestions_name_runbook_known_error_score_and_words() -> None:
    incident = make_incident(name="INC0010023", summary="Disk of web7 is full", description="")
    (suggestion, *_) = SuggestionsFromCatalog()(incident, CATALOG)
    assert suggestion.pop("score") > 0
    assert suggestion == {
        "runbook_id": "disk-full",
        "known_error_id": "KE-7",
        "title": "Archive old logs",
        "words": ["Disk", "full"],
    }


def test_an_incident_about_something_else_gets_none() -> None:
    incident = make_incident(name="INC1", summary="Please order a keyboard", description="")
    assert SuggestionsFromCatalog()(incident, CATALOG) == []
    assert SuggestionsFromCatalog()(incident, []) == []


def test_words_are_counted_again_only_when_the_catalog_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built: list[int] = []

    def count(entries: object) -> KnownErrorIndex:
        built.append(1)
        return KnownErrorIndex(entries)  # type: ignore[arg-type]

    suggestions = SuggestionsFromCatalog()
    monkeypatch.setattr(known_errors, "KnownErrorIndex", count)
    incident = make_incident(summary="disk full")
    suggestions.prepare(CATALOG)
    suggestions(incident, CATALOG)
    suggestions(incident, list(reversed(CATALOG)))
    assert len(built) == 1
    suggestions(incident, [DISK])
    assert len(built) == 2


def test_threads_may_ask_while_the_catalog_changes() -> None:
    suggestions = SuggestionsFromCatalog()
    incident = make_incident(name="x", summary="disk full", description="")
    catalogs: list[list[RunbookVersion]] = [CATALOG, [DISK]] * 50
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda catalog: suggestions(incident, catalog), catalogs))
    assert {answer[0]["runbook_id"] for answer in answers} == {"disk-full"}


def test_what_an_incident_says_twice_is_read_once() -> None:
    incident = make_incident(name="Disk full", summary="Disk full", description="on web1")
    assert text_of(incident) == "Disk full\non web1"


@pytest.mark.parametrize(
    ("match", "names"),
    [
        (['incident.name == "A"'], ["A"]),
        (["incident.name in ['A', \"B\"]", 'incident.service == "shop"'], ["A", "B"]),
        (['incident.labels.name == "A"'], []),
        (['incident.name.startsWith("A")'], []),
        (['incident.name in ["A", "A"] || incident.name == ""'], ["A"]),
    ],
)
def test_the_names_of_its_alerts_are_read_from_its_expressions(
    match: list[str], names: list[str]
) -> None:
    assert alert_names(make_runbook(match=match)) == names


def test_a_runbook_is_compared_by_all_that_it_says() -> None:
    runbook = make_runbook()
    entry = entry_of(runbook)
    assert entry.id == runbook.id
    assert entry.name.splitlines()[:2] == [runbook.id, runbook.title]
    assert entry.symptom == runbook.known_error.symptom
    assert entry.workaround == runbook.known_error.workaround
