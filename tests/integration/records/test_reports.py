"""Reports in the records, on both databases."""

from __future__ import annotations

from datetime import timedelta

from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.reports import (
    latest_reported,
    list_reports,
    load_incident_report,
    load_report,
    store_report,
)
from tests.integration.review.stored import rename, store_facts, store_with_report
from tests.unit.review.scenarios import (
    later,
    refused_with_nothing_known,
    resolved_standard,
    rolled_back,
)


def test_the_same_change_again_replaces_its_report(database: Database) -> None:
    with database.session() as session:
        store_facts(session, resolved_standard())
        store_report(session, {"outcome": "one"}, "chg-0001", "inc-0001", later(1))
    with database.session() as session:
        store_report(session, {"outcome": "two"}, "chg-0001", "inc-0001", later(2))

    with database.session() as session:
        assert load_report(session, "chg-0001") == {"outcome": "two"}
        assert [(r.outcome, r.made_at) for r in list_reports(session)] == [("two", later(2))]


def test_reports_are_listed_newest_first_with_what_a_list_needs(database: Database) -> None:
    with database.session() as session:
        for number, story in enumerate((resolved_standard(), rolled_back()), start=1):
            store_with_report(session, rename(story, number), later(number))

    with database.session() as session:
        newest, oldest = list_reports(session)

    assert (newest.change_id, newest.incident_id, newest.made_at) == (
        "chg-0002",
        "inc-0002",
        later(2),
    )
    assert (newest.outcome, oldest.outcome) == ("rolled_back", "resolved")
    assert (oldest.incident_name, oldest.severity, oldest.service) == (
        "ServiceDown",
        "critical",
        "shop",
    )
    assert (oldest.runbook_id, oldest.runbook_version) == ("service-down", "1.0.0")
    assert oldest.change_type == "standard"
    assert oldest.headline == "Repaired, and the checks passed"


def test_a_list_goes_on_where_it_stopped_even_at_the_same_instant(database: Database) -> None:
    with database.session() as session:
        for number in range(1, 6):
            store_with_report(session, rename(refused_with_nothing_known(), number), later(7))

    seen: list[str] = []
    before: str | None = None
    with database.session() as session:
        while page := list_reports(session, limit=2, before=before):
            seen += [report.change_id for report in page]
            before = seen[-1]

    assert seen == ["chg-0005", "chg-0004", "chg-0003", "chg-0002", "chg-0001"]


def test_nothing_follows_a_report_that_is_not_known(database: Database) -> None:
    with database.session() as session:
        store_with_report(session, resolved_standard(), later(1))

        assert list_reports(session, before="chg-none") == []
        assert load_report(session, "chg-none") is None
        assert load_incident_report(session, "inc-none") is None


def test_the_report_of_an_incident_is_that_of_its_latest_change_whichever_was_made_last(
    database: Database,
) -> None:
    facts = resolved_standard()
    with database.session() as session:
        store_facts(session, facts)
        assert facts.change is not None
        for number, minute in ((2, 10), (3, 20)):
            update = {"id": f"chg-000{number}", "run_id": f"run-{number}"}
            at = facts.change.requested_at + timedelta(minutes=minute)
            create_change(session, facts.change.model_copy(update=update | {"requested_at": at}))
        assert latest_reported(session, "inc-0001") is None
        store_report(session, {"outcome": "two"}, "chg-0002", "inc-0001", later(1))
        store_report(session, {"outcome": "one"}, "chg-0001", "inc-0001", later(9))

    with database.session() as session:  # the third has none yet
        assert latest_reported(session, "inc-0001") == "chg-0002"
        assert load_incident_report(session, "inc-0001") == {"outcome": "two"}


def test_a_field_that_a_document_lacks_is_empty_in_the_list(database: Database) -> None:
    with database.session() as session:
        store_facts(session, resolved_standard())
        store_report(session, {}, "chg-0001", "inc-0001", later(1))

        (report,) = list_reports(session)

    assert (report.outcome, report.incident_name, report.runbook_id) == (None, None, None)
