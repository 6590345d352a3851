"""The DORA annex: from records alone, and a person for the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airmend.records.model import Fact
from airmend.review.annexes import DoraAnnex, DoraDeadline, DoraField, DoraReport, DoraSource
from airmend.review.dora.annex import build_annex, word_due
from airmend.review.dora.fields import FIELDS
from airmend.review.model import DoraEntity, DoraRules, ReportFacts
from airmend.review.report import build_report, settle
from tests.unit.review.contexts import classified, make_context, make_past, recur, submitted
from tests.unit.review.scenarios import (
    BASE_URL,
    SCENARIOS,
    approved_on_three_hosts,
    later,
    refused_with_nothing_known,
    rejected,
    resolved_standard,
    rolled_back,
)

HOUR = 3600


def annex(facts: ReportFacts, *statements: Fact, **rules: Any) -> DoraAnnex:
    told = settle(replace(facts, story=[*facts.story, *statements]))
    return build_annex(
        told, DoraRules(applies=True, **rules), zone=ZoneInfo("UTC"), as_of=later(90_000)
    )


def field(found: DoraAnnex, number: str) -> DoraField:
    return {each.number: each for each in found.fields}[number]


def deadline(found: DoraAnnex, report: DoraReport) -> DoraDeadline:
    return {each.report: each for each in found.deadlines}[report]


def test_the_template_is_whole_and_in_order() -> None:
    numbers = [spec.number for spec in FIELDS]
    assert numbers == [
        *(f"1.{n}" for n in range(1, 16)),
        *(f"2.{n}" for n in range(1, 11)),
        *(f"3.{n}" for n in range(1, 36)),
        *(f"4.{n}" for n in range(1, 17)),
    ]
    assert all(spec.ask and spec.name for spec in FIELDS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_field_has_a_value_or_is_a_persons_and_says_what_is_asked(name: str) -> None:
    for each in annex(SCENARIOS[name]()).fields:
        assert (each.value is None) == (each.source is DoraSource.PERSON)
        assert each.ask


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_needs_judgement_is_never_filled(name: str) -> None:
    found = annex(SCENARIOS[name](), classified(later(60)))
    for number in ("2.5", "2.6", "2.9", "3.4", "3.5", "3.16", "3.22", "3.23", "4.1", "4.7", "4.13"):
        assert field(found, number).source is DoraSource.PERSON


def test_what_is_on_record_stands_with_where_to_look_it_up() -> None:
    found = annex(resolved_standard())
    assert field(found, "2.1").value == "inc-0001"
    assert field(found, "2.2").value == "2026-03-02 09:00:00 UTC"
    assert [c.label for c in field(found, "2.2").citations] == ["fact"]
    assert field(found, "2.7").value == "monitoring systems: alertmanager"
    assert field(found, "3.15").value == "00:00:00 (days, hours, minutes)"
    assert field(found, "3.29").value == "the change worked on web1"
    assert field(found, "3.29").citations[0].value == "2"
    assert field(found, "4.5").source is DoraSource.DRAFT


def test_where_records_are_silent_a_person_is_asked() -> None:
    found = annex(refused_with_nothing_known())
    filled = {each.number for each in found.fields if each.value is not None}
    assert filled == {"1.1", "2.1", "2.2", "2.4", "2.7"}


def test_a_repair_that_did_not_help_is_no_resolution() -> None:
    found = annex(rolled_back())
    assert field(found, "3.33").value == "yes"
    for number in ("4.6", "4.8", "3.3", "3.15"):
        assert field(found, number).value is None


@pytest.mark.parametrize("source", ["jira", "servicenow", "generic", "my-own-sender"])
def test_what_may_be_a_persons_ticket_is_not_called_monitoring(source: str) -> None:
    facts = resolved_standard()
    ticket = replace(facts, incident=facts.incident.model_copy(update={"source": source}))
    assert field(annex(ticket), "2.7").value is None


def test_the_policy_names_the_entity() -> None:
    found = annex(resolved_standard(), entity=DoraEntity(name="A Bank", currency="EUR"))
    assert (field(found, "1.5").value, field(found, "1.5").source) == ("A Bank", DoraSource.POLICY)
    assert field(found, "1.15").value == "EUR"
    assert field(found, "1.6").value is None


def test_before_anybody_classifies_the_annex_says_what_would_follow() -> None:
    found = annex(resolved_standard())
    initial = deadline(found, DoraReport.INITIAL)
    assert found.is_major is None
    assert (initial.due_at, initial.latest_at) == (None, later(24 * HOUR))
    assert word_due(initial) == (
        "4 hours after somebody classifies it as major; 2026-03-03 09:00:00 UTC at the latest, "
        "unless that is later"
    )
    assert "Nobody has classified" in found.notes[0]
    assert field(found, "2.3").value is None


def test_one_deadline_follows_from_the_other() -> None:
    story = [classified(later(HOUR))]
    assert deadline(annex(resolved_standard(), *story), DoraReport.INITIAL).due_at == later(
        5 * HOUR
    )
    story.append(submitted("initial", later(2 * HOUR), 102))
    found = annex(resolved_standard(), *story)
    assert deadline(found, DoraReport.INTERMEDIATE).due_at == later(74 * HOUR)
    assert deadline(found, DoraReport.FINAL).due_at is None
    story.append(submitted("intermediate", later(10 * HOUR), 103))
    found = annex(resolved_standard(), *story)
    assert deadline(found, DoraReport.FINAL).due_at == datetime.fromisoformat("2026-04-02T19:00Z")
    assert field(found, "1.1").value == "final report, the next one that is not recorded as sent"


def test_an_updated_intermediate_report_moves_the_final_one_and_was_not_late_for_it() -> None:
    story = [
        classified(later(HOUR)),
        submitted("initial", later(2 * HOUR), 102),
        submitted("intermediate", later(10 * HOUR), 103),
        submitted("intermediate", later(200 * HOUR), 104),
    ]
    found = annex(resolved_standard(), *story)
    intermediate = deadline(found, DoraReport.INTERMEDIATE)
    assert (intermediate.submitted_at, intermediate.is_late) == (later(10 * HOUR), False)
    assert deadline(found, DoraReport.FINAL).due_at == datetime.fromisoformat("2026-04-10T17:00Z")


@pytest.mark.parametrize(("minutes", "is_late"), [(239, False), (240, False), (241, True)])
def test_what_is_sent_after_its_deadline_is_late(minutes: int, is_late: bool) -> None:
    sent = later(HOUR) + timedelta(minutes=minutes)
    found = annex(resolved_standard(), classified(later(HOUR)), submitted("initial", sent))
    assert deadline(found, DoraReport.INITIAL).is_late is is_late


def test_what_is_not_major_has_no_deadline() -> None:
    found = annex(resolved_standard(), classified(later(HOUR), is_major=False))
    assert found.is_major is False
    assert found.deadlines == []
    assert "no report is due" in found.notes[0]


def test_the_latest_classification_counts() -> None:
    first = classified(later(HOUR))
    taken_back = classified(later(5 * HOUR), is_major=False)
    found = annex(resolved_standard(), first, taken_back, submitted("initial", later(2 * HOUR)))
    assert found.is_major is False
    assert "tell the authority so" in found.notes[0]


def test_people_who_knew_before_the_alert_start_the_24_hours() -> None:
    told = classified(later(23.5 * HOUR), aware_at=later(-HOUR))
    found = annex(resolved_standard(), told)
    assert found.aware_at == later(-HOUR)
    assert deadline(found, DoraReport.INITIAL).due_at == later(27.5 * HOUR)  # after 24 hours
    assert field(found, "2.2").value == "2026-03-02 08:00:00 UTC"


SATURDAY = [classified(later(HOUR)), submitted("initial", datetime.fromisoformat("2026-03-04T10Z"))]


@pytest.mark.parametrize(
    ("relief", "expected"),
    [("none", None), ("final", None), ("all", datetime.fromisoformat("2026-03-09T12Z"))],
)
def test_a_weekend_helps_only_whom_the_policy_says(relief: str, expected: datetime | None) -> None:
    found = annex(resolved_standard(), *SATURDAY, weekend_relief=relief)
    intermediate = deadline(found, DoraReport.INTERMEDIATE)
    assert intermediate.due_at == datetime.fromisoformat("2026-03-07T10Z")
    assert intermediate.relief_at == expected


def test_bank_holidays_of_the_policy_count_and_are_told() -> None:
    found = annex(
        resolved_standard(),
        *SATURDAY,
        weekend_relief="all",
        bank_holidays=[date(2026, 3, 9)],
    )
    intermediate = deadline(found, DoraReport.INTERMEDIATE)
    assert intermediate.relief_at == datetime.fromisoformat("2026-03-10T12Z")
    assert word_due(intermediate).endswith("a day off, so 2026-03-10 12:00:00 UTC is enough")
    assert "up to 2026-03-09" in found.notes[0]


def test_the_report_has_the_annex_only_where_the_policy_says_so() -> None:
    facts, applies = approved_on_three_hosts(), make_context()
    silent = make_context(dora=DoraRules())
    reports = [
        build_report(facts, made_at=later(99), base_url=BASE_URL, context=context)
        for context in (applies, silent, None)
    ]
    assert [report.dora is not None for report in reports] == [True, False, False]


def test_what_is_due_is_left_for_a_person() -> None:
    facts = rejected()
    told = replace(facts, story=[*facts.story, classified(later(HOUR))])
    texts = [
        [
            item.text
            for item in build_report(
                each, made_at=later(99), base_url=BASE_URL, context=make_context()
            ).follow_ups
        ]
        for each in (facts, told)
    ]
    assert "Classify incident inc-0001, as DORA asks for: major or not." in texts[0]
    assert "Send the initial report to the authority until 2026-03-02 14:00:00 UTC." in texts[1]


def test_a_policy_that_cannot_be_read_is_left_for_a_person() -> None:
    context = make_context(dora=DoraRules(), problem="policy.yaml:3: 'reprot' is not known")
    report = build_report(rejected(), made_at=later(99), base_url=BASE_URL, context=context)
    assert any("Whether DORA applies is not known" in item.text for item in report.follow_ups)


def test_recurrence_is_a_hint_and_alone_it_is_none() -> None:
    def recurring(*past: Any) -> str | None:
        found = build_annex(
            settle(resolved_standard()),
            DoraRules(applies=True),
            zone=ZoneInfo("UTC"),
            as_of=later(99),
            recurrence=[recur(*past)],
        )
        return field(found, "4.15").value

    assert recurring(make_past(1, 0)) is None
    assert recurring(make_past(1, 0), make_past(2, 9)) == (
        "known error KE-0001: 2 incidents in 90 days, this one included"
    )
