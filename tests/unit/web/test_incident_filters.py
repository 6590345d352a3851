"""The filter as an address says it: any address in, a filter out, and what was not understood."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from airmend.incident.model import OPEN_INCIDENT_STATUSES, IncidentStatus
from airmend.web.incident_filters import PERIODS, STATUS_WORDS, Choice, read_choice
from tests.builders import AT


def test_without_a_word_the_open_incidents_are_shown() -> None:
    choice = read_choice({})

    assert choice.to_filter(AT).statuses == OPEN_INCIDENT_STATUSES
    assert choice.query() == ""
    assert not choice.is_narrowed


def test_every_status_can_be_chosen_and_so_can_all() -> None:
    assert {status.value for status in IncidentStatus} < set(STATUS_WORDS)
    assert read_choice({"status": "all"}).to_filter(AT).statuses is None
    assert read_choice({"status": "escalated"}).to_filter(AT).statuses == frozenset(
        {IncidentStatus.ESCALATED}
    )


def test_a_period_counts_back_from_now() -> None:
    assert read_choice({"period": "24h"}).to_filter(AT).since == AT - timedelta(hours=24)


def test_a_word_that_is_not_known_is_named() -> None:
    choice = read_choice({"status": "broken", "period": "century", "service": "shop"})

    assert choice.mistakes == (
        "There is no status 'broken'; open incidents are shown.",
        "There is no period 'century'; incidents of any time are shown.",
    )
    assert (choice.status, choice.period, choice.service) == ("open", "", "shop")


def test_too_many_words_are_said_so() -> None:
    choice = read_choice({"text": "a b c d e f g"})

    assert choice.to_filter(AT).words == ("a", "b", "c", "d", "e", "f")
    assert choice.mistakes == ("Only the first 6 words are looked for.",)


@given(
    st.dictionaries(st.sampled_from(["status", "service", "runbook", "text", "period"]), st.text())
)
def test_any_address_gives_a_filter_that_both_databases_take(parameters: dict[str, str]) -> None:
    wanted = read_choice(parameters).to_filter(AT)

    texts = [*wanted.words, wanted.service or "", wanted.runbook or ""]
    assert not any(
        letter == "\x00" or "\ud800" <= letter <= "\udfff" for t in texts for letter in t
    )


@given(
    st.builds(
        Choice,
        status=st.sampled_from(list(STATUS_WORDS)),
        service=st.text(max_size=20).map(str.strip),
        period=st.sampled_from(list(PERIODS)),
        text=st.text("abc &=?#+%", max_size=10).map(str.strip),
    )
)
def test_an_address_that_is_made_is_read_as_the_same_filter(choice: Choice) -> None:
    again = read_choice(dict(parse_qsl(choice.query().removeprefix("?"))))

    assert again.to_filter(AT) == read_choice(vars(choice) | {"mistakes": ""}).to_filter(AT)
