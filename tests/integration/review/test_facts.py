"""Reports from the records, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import NoResultFound

from airmend.records.database import Database
from airmend.review.facts import gather_facts, gather_incident_facts
from airmend.review.report import build_report
from tests.integration.review.stored import store_facts
from tests.unit.review.scenarios import (
    BASE_URL,
    SCENARIOS,
    later,
    resolved_standard,
    unmatched,
)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "unmatched"])
def test_what_was_recorded_comes_back_as_facts(database: Database, name: str) -> None:
    facts = SCENARIOS[name]()
    with database.session() as session:
        store_facts(session, facts)

    with database.session() as session:
        found = gather_facts(session, "chg-0001")

    stored, direct = (
        build_report(records, made_at=later(60), base_url=BASE_URL) for records in (found, facts)
    )
    # the ledger numbers facts by itself
    numbered: dict[str, Any] = {"provenance": None, "timeline": None, "controls": []}
    assert stored.model_copy(update=numbered) == direct.model_copy(update=numbered)
    assert [each.result for each in stored.controls] == [each.result for each in direct.controls]
    assert sorted(e.text for e in stored.timeline) == sorted(e.text for e in direct.timeline)


def test_an_incident_without_a_change_has_facts_too(database: Database) -> None:
    with database.session() as session:
        store_facts(session, unmatched())
        found = gather_incident_facts(session, "inc-0001")

    assert (found.change, found.executions) == (None, [])
    assert [rejection.runbook_id for rejection in found.incident.rejections] == [
        "disk-full",
        "service-down",
    ]
    assert len(found.story) == 2


def test_a_runbook_version_that_is_not_kept_is_missing_and_not_made_up(database: Database) -> None:
    with database.session() as session:
        store_facts(session, replace(resolved_standard(), runbook=None))
        found = gather_facts(session, "chg-0001")

    assert found.runbook is None


def test_an_unknown_change_is_an_error(database: Database) -> None:
    with database.session() as session, pytest.raises(NoResultFound):
        gather_facts(session, "chg-none")
