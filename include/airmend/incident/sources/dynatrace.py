"""Dynatrace: a problem notification of its custom integration, whose payload people write.

Sources of the form: https://docs.dynatrace.com/docs/analyze-explore-automate/notifications-and-alerting/problem-notifications/webhook-integration,
and for `ProblemDetailsJSONv2` and `ProblemDetailsJSON` the Problems API, versions 2 and 1,
https://docs.dynatrace.com/docs/dynatrace-api/environment-api/problems-v2.

Dynatrace replaces placeholders; the keys are mostly named after them, `Problem URL` with a space
in Dynatrace's own example:

    {
      "PID": "-4423...V2", "ProblemID": "P-2309", "State": "OPEN", "ProblemTitle": "CPU saturation",
      "ProblemSeverity": "RESOURCE_CONTENTION", "ProblemImpact": "INFRASTRUCTURE",
      "ProblemURL": "https://...", "ProblemDetailsText": "...", "Tags": "env:prod, service:shop",
      "ImpactedEntity": "...", "ImpactedEntities":
        [{"type": "HOST", "name": "web1", "entity": "HOST-06F2..."}],
      "ProblemDetailsJSONv2": {"problemId": "...", "displayId": "P-2309", "status": "OPEN",
        "startTime": 1772442000000, "endTime": -1, "rootCauseEntity": {"entityId":
        {"id": "HOST-06F2...", "type": "HOST"}, "name": "web1"}, "impactedEntities": [...],
        "affectedEntities": [...], "entityTags": [...], "managementZones": [...]}
    }

The payload may also be such a problem by itself: `{ProblemDetailsJSONv2}` and nothing else. The
state and an id are required. OPEN fires; RESOLVED (CLOSED in the API) is over, and so is
MERGED: what goes on is told under the other problem's id. No placeholder gives a time, so that
the start is known only where the details come along.

The host is the root cause where that is one; else the only host among the entities. Of several,
none: which of them to repair is not for the order of a list to say. Services likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import (
    Document,
    fingerprint_key,
    first_host,
    first_word,
    read_host_word,
)
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "dynatrace"
PROOFS = ("bearer", "basic", "standard_webhooks")

_STATUSES = {
    "open": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
    "closed": AlertStatus.RESOLVED,
    "merged": AlertStatus.RESOLVED,
}
_SEVERITIES = {
    "AVAILABILITY": Severity.CRITICAL,
    "ERROR": Severity.ERROR,
    "PERFORMANCE": Severity.WARNING,
    "RESOURCE_CONTENTION": Severity.WARNING,
    "CUSTOM_ALERT": Severity.WARNING,
    "MONITORING_UNAVAILABLE": Severity.WARNING,
    "INFO": Severity.INFO,
}
_TEST_TITLE = "dynatrace problem notification test"
_DETAILS = ("ProblemDetailsJSONv2", "ProblemDetailsJSON", "ProblemDetails")
_LISTS = ("impactedEntities", "affectedEntities", "rankedEvents", "rankedImpacts")


@dataclass(frozen=True)
class _Entity:
    """A monitored thing that a problem is about."""

    kind: str
    name: str
    is_root: bool


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a problem into an alert; see `Source.parse`."""
    problem = Document(body)
    details = problem.part(*_DETAILS)
    both = (problem, details)
    display_id = _first(both, "displayId", "ProblemID")
    identity = _first(both, "PID", "problemId") or details.word("id") or display_id
    if not identity and "severityLevel" in problem:  # a problem of version 1 by itself
        identity = problem.word("id")
    if not identity:
        raise PayloadError("PID", 'is missing; put "PID": "{PID}" into the payload')
    state = _first(both, "State", "ProblemStatus", "status")
    status = _read_status(state)
    title = problem.text("ProblemTitle") or _first(both, "title", "displayName")
    name = title or f"problem {display_id or identity}"
    tagged = {key: text for part in both for key, text in _read_tags(part).items()}
    entities = list(dict.fromkeys(entity for part in both for entity in _entities_of(part)))
    kind = _first(both, "ProblemSeverity", "severityLevel").upper()
    own = {
        "problem_id": display_id,
        "problem_severity": kind,
        "problem_impact": _first(both, "ProblemImpact", "impactLevel"),
        "impacted_entity": problem.word(
            "ImpactedEntityNames", "NamesOfImpactedEntities", "ImpactedEntity"
        ),
        "management_zone": ",".join(_names_of(details.peek("managementZones"))),
        "state": state.upper(),
    }
    started_at = details.moment("startTime") or problem.moment("ProblemStartTime", "startTime")
    ended_at = details.moment("endTime") or problem.moment("ProblemEndTime", "endTime")
    service = _only(entities, "SERVICE") or _only(entities, "APPLICATION")
    return [
        Alert(
            source=NAME,
            name=fields.cut(name, fields.NAME_LIMIT),
            status=status,
            severity=_SEVERITIES.get(kind, Severity.UNKNOWN),
            fingerprint=fingerprint_key(NAME, identity),
            service=fields.cut(service, fields.NAME_LIMIT) or first_word(tagged, "service") or None,
            host=read_host_word(_only(entities, "HOST")) or first_host(tagged, "host"),
            summary=fields.cut(name, fields.SUMMARY_LIMIT),
            description=fields.cut(
                problem.text("ProblemDetailsText", "ProblemDetailsMarkdown", "ProblemDetails"),
                fields.TEXT_LIMIT,
            ),
            labels=tagged
            | {key: fields.cut(text, fields.LABEL_LIMIT) for key, text in own.items() if text},
            starts_at=started_at,
            ends_at=ended_at if status is AlertStatus.RESOLVED else None,
            link=problem.link("ProblemURL", "url"),
            is_test=title.lower().startswith(_TEST_TITLE) or display_id == "TESTID",
            unmapped=problem.rest(),
        )
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; Dynatrace itself gives none."""
    return headers.get("webhook-id")


def _first(parts: tuple[Document, ...], *names: str) -> str:
    return next((word for part in parts if (word := part.word(*names))), "")


def _read_status(state: str) -> AlertStatus:
    if not state:
        raise PayloadError("State", 'is missing; put "State": "{State}" into the payload')
    if state.lower() not in _STATUSES:
        raise PayloadError("State", f"is '{state[:40]}', and none of OPEN, RESOLVED and MERGED")
    return _STATUSES[state.lower()]


def _read_tags(part: Document) -> dict[str, str]:
    """The tags of the placeholder, one text with commas; or of the API, a list of objects."""
    several = part.take("Tags", "entityTags", "tagsOfAffectedEntities")
    if isinstance(several, list):
        several = [
            {"key": each.get("key"), "value": each.get("value")}
            if isinstance(each, dict) and "key" in each
            else each
            for each in several
        ]
    return tags.read_tags(several)


def _entities_of(part: Document) -> Iterator[_Entity]:
    """The entities of a notification or of a problem; the lists stay in the rest."""
    root = part.peek("rootCauseEntity")
    if isinstance(root, dict):
        yield _read_entity(root, is_root=True)
    for name in _LISTS:
        several = part.peek(name)
        for each in several if isinstance(several, list) else []:
            if isinstance(each, dict):
                yield _read_entity(each, is_root=each.get("isRootCause") is True)


def _read_entity(value: dict[str, Any], *, is_root: bool) -> _Entity:
    entity = Document(value)
    identity = entity.part("entityId", "entity")
    key = identity.word("id") or entity.word("entityId", "entity")
    kind = entity.word("type") or identity.word("type") or key.rpartition("-")[0]
    return _Entity(kind.upper(), entity.word("name", "entityName"), is_root)


def _only(entities: list[_Entity], kind: str) -> str:
    """The name of the root cause of this kind; else of the only entity of it; else ""."""
    for wanted in (True, False):
        names = {
            entity.name
            for entity in entities
            if entity.kind == kind and entity.name and (entity.is_root or not wanted)
        }
        if len(names) == 1:
            return names.pop()
    return ""


def _names_of(value: object) -> list[str]:
    several = value if isinstance(value, list) else []
    return [
        word for each in several if isinstance(each, dict) and (word := Document(each).word("name"))
    ]
