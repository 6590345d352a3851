"""What a ticket is about: the service, the host and the symptom that its words name.

Called for alerts of ticket systems, which say in sentences what monitoring says in labels. Pure,
in a time that grows with the text. Where two candidates stand equal there is no answer, and both
are named. Source: docs/adr/0009-free-text.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from airmend.incident.mentions import KNOWN, SHAPED, Mention, find_hosts, find_services
from airmend.incident.model import Alert, AlertStatus, inferred_key
from airmend.incident.names import KnownNames
from airmend.incident.phrases import Reading
from airmend.incident.symptoms import Symptom, find_symptoms, is_over
from airmend.incident.words import read_words

MIN_CONFIDENCE_TO_FILL = SHAPED
"""What only looks like a host's name is shown, and never put in the place of one."""

SYMPTOM = "symptom"
"""The annotation that holds the symptom of a ticket."""

_WEIGHT_OF_ONE_WORD, _WEIGHT_OF_MORE = 0.7, 0.9


class Place(StrEnum):
    """Where in a ticket something was said."""

    SUMMARY = "summary"
    DESCRIPTION = "description"


@dataclass(frozen=True)
class Finding:
    """One thing that the words of a ticket name.

    `words` are those words exactly, from character `start` up to `end` of the summary or the
    description. `confidence` is between 0 and 1, and orders findings; it is no probability.
    """

    value: str
    words: str
    place: Place
    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class Intent:
    """What a ticket is about; None where its words do not say it, or say two things.

    `unclear` has a sentence for each thing that is missing because two candidates stand equal.
    """

    service: Finding | None
    host: Finding | None
    symptom: Finding | None
    unclear: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Everything as plain data, without what was not found."""
        found = {name: getattr(self, name) for name in ("service", "host", SYMPTOM)}
        document: dict[str, Any] = {name: asdict(each) for name, each in found.items() if each}
        return document | ({"unclear": list(self.unclear)} if self.unclear else {})


def read_intent(summary: str, description: str, names: KnownNames) -> Intent:
    """Find out what a ticket is about.

    A known name goes before a word that looks like one, a longer phrase before a shorter one,
    and the summary before the description. Of those that are still equal none is taken, unless
    all of them say the same: how a name is written does not make it the right one.

    Args:
        summary: Its short description.
        description: Its description; plain text of any length.
        names: The services and hosts that are known.
    """
    services: list[Finding] = []
    hosts: list[Finding] = []
    symptoms: list[Finding] = []
    over = False
    for place, text in ((Place.SUMMARY, summary), (Place.DESCRIPTION, description)):
        words = read_words(text)
        services += _findings(text, place, find_services(words, names))
        hosts += _findings(text, place, find_hosts(text, words, names))
        if not over:
            reading = Reading(words)
            symptoms += [
                _symptom_finding(text, place, reading, it) for it in find_symptoms(reading)
            ]
            over = is_over(reading)  # a summary that says so speaks for the whole ticket
    unclear: list[str] = []
    return Intent(
        service=_choose("service", services, unclear),
        host=_choose("host", hosts, unclear),
        symptom=_choose(SYMPTOM, symptoms, unclear),
        unclear=tuple(unclear),
    )


def fill_from_text(alert: Alert, names: KnownNames) -> Alert:
    """Fill in what a ticket's fields do not say from what its words do.

    Service and host are filled in where the sender gave none, and marked: an annotation
    `inferred_host` or `inferred_service` holds the words, `Incident.inferred` names the fields,
    and a change that rests on one of them is never approved without a person. The symptom
    becomes the annotation `symptom`. Everything that was found, with its place, is kept in
    `unmapped` under `intent`. What the sender gave is not changed.

    Safe to repeat: a second time nothing is left to fill in.
    """
    if alert.status is AlertStatus.RESOLVED:
        return alert
    intent = read_intent(alert.summary or alert.name, alert.description, names)
    found = {"service": intent.service, "host": intent.host}
    filled = {
        name: finding
        for name, finding in found.items()
        if finding is not None
        and getattr(alert, name) is None
        and finding.confidence >= MIN_CONFIDENCE_TO_FILL
    }
    annotations = dict(alert.annotations)
    annotations |= {inferred_key(name): finding.words for name, finding in filled.items()}
    if intent.symptom is not None:
        annotations.setdefault(SYMPTOM, intent.symptom.value)
    document = intent.document()
    unmapped = alert.unmapped | ({"intent": document} if document else {})
    values = {name: finding.value for name, finding in filled.items()}
    return alert.model_copy(update=values | {"annotations": annotations, "unmapped": unmapped})


def _findings(text: str, place: Place, mentions: Sequence[Mention]) -> list[Finding]:
    """A finding for each value that a mention may mean."""
    return [
        Finding(
            value=value,
            words=text[mention.start : mention.end],
            place=place,
            start=mention.start,
            end=mention.end,
            confidence=mention.confidence,
        )
        for mention in mentions
        for value in sorted(mention.values)
    ]


def _symptom_finding(text: str, place: Place, reading: Reading, symptom: Symptom) -> Finding:
    start, end = reading.words[symptom.first].start, reading.words[symptom.last].end
    confidence = _WEIGHT_OF_ONE_WORD if symptom.weight == 1 else _WEIGHT_OF_MORE
    return Finding(symptom.value, text[start:end], place, start, end, confidence)


def _choose(what: str, findings: Sequence[Finding], unclear: list[str]) -> Finding | None:
    """The best finding; None, and a sentence, where the best ones say different things."""
    if not findings:
        return None
    best = max(map(_rank, findings))
    rivals: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if _rank(finding) == best:
            rivals[finding.value].append(finding)
    if len(rivals) == 1:
        return next(iter(rivals.values()))[0]
    said = " and ".join(f"'{value}' ('{each[0].words}')" for value, each in sorted(rivals.items()))
    unclear.append(f"{what}: {said} stand equal, so none is taken")
    return None


def _rank(finding: Finding) -> tuple[float, bool]:
    return min(finding.confidence, KNOWN), finding.place is Place.SUMMARY
