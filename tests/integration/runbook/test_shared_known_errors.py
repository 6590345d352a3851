"""The bar for free text, held on known errors and alerts of two organisations.

They lie beside the checkout, in `../shared/known-errors` or where AIRMEND_SHARED says, since their
licences are not ours. Without that folder nothing is tried here.
"""

from __future__ import annotations

from functools import cache

import pytest

from airmend.cli.evaluate_matching import measure
from airmend.cli.matching_queries import read_queries
from airmend.runbook.corpus import read_corpus
from airmend.runbook.similarity import KnownErrorEntry, KnownErrorIndex
from tests.texts import SHARED, UNRELATED

BAR = 0.81
FOLDER = SHARED / "known-errors"
RUNBOOKS, RULES = FOLDER / "prometheus-operator", FOLDER / "awesome-prometheus-alerts"

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"needs the known errors in {FOLDER}; AIRMEND_SHARED names its parent",
)


@cache
def runbooks() -> list[KnownErrorEntry]:
    return read_corpus(RUNBOOKS)


def test_alerts_of_another_organisation_find_their_runbook_without_its_name() -> None:
    document = measure(read_queries(RULES, runbooks()), runbooks())
    assert document["queries"] >= 20
    figures = {(each["form"], each["method"]): each["mrr"] for each in document["results"]}
    for form in ("symptom, without the name", "whole text, without the name"):
        assert figures[form, "airmend"] > BAR
        for baseline in ("plain TF-IDF", "word overlap"):
            assert figures[form, "airmend"] > figures[form, baseline]
    assert figures["whole text, with the name", "airmend"] > 0.95


def test_an_alert_finds_itself_among_a_thousand() -> None:
    rules = read_corpus(RULES)
    index = KnownErrorIndex(rules)
    asked = rules[::20]
    first = [index.rank(f"{entry.name}. {entry.symptom}")[0] == entry.id for entry in asked]
    assert sum(first) / len(asked) > 0.95


def test_texts_about_no_known_error_get_no_suggestion() -> None:
    index = KnownErrorIndex(runbooks())
    assert {text: index.suggest(text) for text in UNRELATED if index.suggest(text)} == {}


def test_nearly_every_alert_gets_a_suggestion_and_it_is_mostly_right() -> None:
    document = measure(read_queries(RULES, runbooks()), runbooks())
    for each in document["suggestions"]:
        assert each["with_suggestion"] / each["queries"] > 0.9
        assert each["first_is_right"] / each["with_suggestion"] > 0.8
