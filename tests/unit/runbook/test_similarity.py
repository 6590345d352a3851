"""Free text finds the known error that it speaks of, and nothing when it speaks of none."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.runbook.similarity import MIN_SCORE, KnownErrorEntry, KnownErrorIndex
from tests.texts import KNOWN_ERRORS, UNRELATED

INDEX = KnownErrorIndex(KNOWN_ERRORS)

WORDS = "disk full pod node clock memory shop please certificate 42 the"
words = st.sampled_from(WORDS.split())
texts = st.lists(words, max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("disk full on db01", "disk-filling-up"),
        ("No space left on the filesystem of web3", "disk-filling-up"),
        ("no inodes left on the volume", "inodes-running-out"),
        ("our k8s pods keep restarting", "pod-crash-looping"),
        ("CrashLoopBackOff", "pod-crash-looping"),
        ("worker 7 is unready", "node-not-ready"),
        ("the clock of web1 drifts, chronyd is stopped", "clock-skew"),
        ("TLS certficate expires on Friday", "certificate-expiring"),
        ("FATAL: sorry, too many connections to postgres", "database-connections"),
        ("the replica lags behind", "replication-lag"),
        ("OOM on app-12, mem exhausted", "memory-exhausted"),
        ("messages pile up in the queue", "queue-growing"),
    ],
)
def test_people_are_understood_in_words_of_their_own(text: str, expected: str) -> None:
    first = INDEX.suggest(text, 1)
    assert [suggestion.known_error_id for suggestion in first] == [expected]


def test_the_words_that_spoke_for_it_stand_in_the_text() -> None:
    text = "Since 9 the Disk of web1 is nearly Full"
    (suggestion,) = INDEX.suggest(text, 1)
    assert set(suggestion.words) >= {"Disk", "Full"}
    assert all(word in text for word in suggestion.words)


@pytest.mark.parametrize("text", [*UNRELATED, "", "   ", "42", "web1 web2", "the alert fires"])
def test_a_text_about_something_else_gets_no_suggestion(text: str) -> None:
    assert INDEX.suggest(text) == []


def test_an_alert_is_known_by_its_name_alone() -> None:
    for entry in KNOWN_ERRORS:
        name = entry.name.splitlines()[0]
        assert INDEX.suggest(name, 1)[0].known_error_id == entry.id


def test_a_name_says_more_than_the_same_words_in_a_cause() -> None:
    index = KnownErrorIndex(
        [
            KnownErrorEntry(id="a", name="QueueGrowing", cause="a full disk"),
            KnownErrorEntry(id="b", name="DiskFull", cause="a growing queue"),
        ]
    )
    assert index.rank("disk full") == ["b", "a"]
    assert index.rank("queue growing") == ["a", "b"]


def test_without_known_errors_there_is_nothing_to_suggest() -> None:
    assert KnownErrorIndex([]).suggest("disk full") == []
    assert len(KnownErrorIndex([])) == 0


def test_a_known_error_without_words_is_never_suggested_and_harms_nothing() -> None:
    index = KnownErrorIndex([*KNOWN_ERRORS, KnownErrorEntry(id="empty", name="")])
    assert index.suggest("disk full", 1)[0].known_error_id == "disk-filling-up"


@given(texts, st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_the_order_of_the_known_errors(
    text: str, rng: random.Random
) -> None:
    shuffled = rng.sample(KNOWN_ERRORS, len(KNOWN_ERRORS))
    assert KnownErrorIndex(shuffled).suggest(text) == INDEX.suggest(text)


@given(st.one_of(texts, st.text(max_size=300)), st.integers(0, 5))
def test_suggestions_are_few_good_enough_and_best_first(text: str, limit: int) -> None:
    suggestions = INDEX.suggest(text, limit)
    scores = [suggestion.score for suggestion in suggestions]
    assert len(suggestions) <= limit
    assert scores == sorted(scores, reverse=True)
    assert all(MIN_SCORE <= score < 1 for score in scores)
    assert all(suggestion.words for suggestion in suggestions)
    ranked = INDEX.rank(text)
    assert [suggestion.known_error_id for suggestion in suggestions] == [
        key for key in ranked if key in {each.known_error_id for each in suggestions}
    ]


@given(st.lists(st.sampled_from(UNRELATED), max_size=3))
def test_what_stands_around_it_does_not_hide_what_is_out_of_order(noise: list[str]) -> None:
    text = "\n".join(["The file system of web1 is full, no space left.", *noise])
    assert INDEX.rank(text)[0] == "disk-filling-up"


@given(texts, st.integers(2, 5))
def test_a_line_that_is_quoted_again_says_nothing_new(text: str, times: int) -> None:
    assert INDEX.suggest("\n ".join([text] * times)) == INDEX.suggest(text)


def test_a_thousand_known_errors_are_counted_in_seconds_and_asked_in_milliseconds() -> None:
    rng = random.Random(7)  # noqa: S311 - words for a test
    vocabulary = [f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}" for n in range(600)]
    entries = [
        KnownErrorEntry(
            id=f"e{number}",
            name=" ".join(rng.choices(vocabulary, k=4)),
            symptom=" ".join(rng.choices(vocabulary, k=150)),
        )
        for number in range(1000)
    ]
    begun = time.perf_counter()
    index = KnownErrorIndex(entries)
    built = time.perf_counter()
    assert index.suggest(entries[500].symptom, 1)[0].known_error_id == "e500"
    asked = time.perf_counter()
    assert built - begun < 10  # a second on a quiet machine
    assert asked - built < 1  # some ten milliseconds
