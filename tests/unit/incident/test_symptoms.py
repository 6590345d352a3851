"""Symptoms are what a ticket states: not what it denies, fears, or says to be over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import ConfigurationError
from airmend.incident.phrases import Kind, Reading, load_phrases, parse_phrases
from airmend.incident.symptoms import find_symptoms
from airmend.incident.words import read_words


def _symptoms(text: str) -> list[str]:
    return [symptom.value for symptom in find_symptoms(Reading(read_words(text)))]


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ("the shop is down", "down"),
        ("web1 does not respond", "unreachable"),
        ("cannot connect to the database", "unreachable"),
        ("checkout is very slow", "slow"),
        ("Disk on web1 is full", "disk full"),
        ("full disk", "disk full"),
        ("No space left on device", "disk full"),
        ("OOM killed", "out of memory"),
        ("java.lang.OutOfMemoryError", "out of memory"),
        ("CPU of app7 at 100%", "high cpu"),
        ("high CPU load", "high cpu"),
        ("the certificate of the portal has expired", "certificate expired"),
        ("the certificate expires on Friday", "certificate expiring"),
        ("pod is in CrashLoopBackOff", "crash"),
        ("too many open files", "too many open files"),
        ("the replication of db2 is broken", "replication"),
        ("node is not ready", "not ready"),
        ("queue is growing", "backlog"),
        ("Festplatte von web1 ist voll", "disk full"),
        ("Shop nicht erreichbar", "unreachable"),
    ],
)
def test_a_symptom_is_found_in_the_words_of_people(text: str, symptom: str) -> None:
    assert _symptoms(text) == [symptom]


@pytest.mark.parametrize(
    "text",
    [
        "the disk is not full",
        "the disk is not full any more",
        "the shop is no longer down",
        "it never crashed",
        "no crash was seen",
        "without errors or timeouts",
        "Please check if the disk is full",
        "in case the shop is down, call us",
        "wenn die Festplatte voll ist",
        "web1 was down, it is back up",
        "The disk was full. It has been fixed.",
        "scale down the cluster",
        "I need full access to the folder",
        "the full backup took an hour",
        "the load balancer has a new name",
        "die Festplatte ist nicht voll",
        "",
        "?!.,;\n\n",
    ],
)
def test_what_is_denied_feared_over_or_harmless_is_no_symptom(text: str) -> None:
    assert _symptoms(text) == []


@pytest.mark.parametrize(
    ("text", "symptoms"),
    [
        ("not full but slow", ["slow"]),
        ("it is not only slow", ["slow"]),
        ("it was back up, and is down again", ["down"]),
        ("please tell me when it is resolved: the shop is down", ["down"]),
        ("the shop is down, please call me until it is fixed", ["down"]),
        ("it has not recovered: the disk is full", ["disk full"]),
        ("the disk is full and the shop is down", ["disk full", "down"]),
    ],
)
def test_what_a_negation_or_a_recovery_does_not_mean_stays(text: str, symptoms: list[str]) -> None:
    assert _symptoms(text) == symptoms


def test_the_longer_phrase_says_more() -> None:
    (symptom,) = find_symptoms(Reading(read_words("out of disk space")))
    assert (symptom.value, symptom.weight) == ("disk full", 4)


@given(st.text(max_size=400))
def test_symptoms_lie_in_the_text_and_do_not_overlap(text: str) -> None:
    words = read_words(text)
    end = -1
    for symptom in find_symptoms(Reading(words)):
        assert end < symptom.first <= symptom.last < len(words)
        end = symptom.last


def test_every_shipped_phrase_is_found_where_it_stands() -> None:
    for phrases in load_phrases().by_start.values():
        for phrase in phrases:
            text = " ".join(phrase.words).replace("*", "")
            reading = Reading(read_words(text))
            assert any(phrase == found for found in reading.at[0]), phrase


@pytest.mark.parametrize(
    "text", ["down", "[symptom]\ndown: down", "[symptoms]\ndown | dead", "[negations]\nno: not"]
)
def test_a_mistake_in_the_phrases_is_named_with_its_line(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"x:\d: .*symptoms, not symptoms"):
        parse_phrases(text, "x")


def test_phrases_of_another_file_are_read_in_the_same_way() -> None:
    book = parse_phrases("[symptoms]\nhot: too hot | fan + dead  # said\n\n[negations]\nnot", "x")
    reading = Reading(read_words("the fan of web1 is dead, it is not too hot"), book)
    assert [symptom.value for symptom in find_symptoms(reading)] == ["hot"]
    assert any(phrase.kind is Kind.NEGATION for found in reading.at for phrase in found)
