"""Jira Service Management: changes and incidents as issues, through Jira's REST API, version 3.

Source of the API: https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/.

An issue is found again by a label with the number of the change or the incident. A comment is
internal, and has the numbers of its facts in its text and in a property, which is written with
it at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from airmend.errors import TicketBusyError, TicketRefusedError
from airmend.itsm.configuration import Jira
from airmend.itsm.exchange import Answer, Http, take
from airmend.itsm.jira_transitions import (
    Status,
    choose_transition,
    read_status,
    read_transitions,
)
from airmend.itsm.model import DesiredTicket, Stage, TicketKind, TicketReference
from airmend.itsm.notes import find_facts, make_plain, write_notes
from airmend.itsm.rich_document import read_document_text, write_document

MOST_STEPS = 10
FACTS_PROPERTY = "airmend.facts"
INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}
"""Keeps a comment from the customers of the portal; without meaning outside of a service desk."""

RISK_WORDS = {"low": "Low", "moderate": "Medium", "high": "High"}

_PAGE = 100
_MOST_PAGES = 20
_KEY = re.compile(r"[A-Z][A-Z0-9_]{1,39}-[0-9]{1,18}")
_RESOLUTIONS = {Stage.CANCELED: "Won't Do"}


class JiraTickets:
    """See `system.TicketSystem`.

    Args:
        words: Project, types and statuses of the site.
        http: The way to it.
        base_url: Where people reach it.
    """

    name, title = "jira", "Jira"

    def __init__(self, words: Jira, http: Http, base_url: str) -> None:
        self._words, self._http, self._base_url = words, http, base_url.rstrip("/")

    def find(self, desired: DesiredTicket) -> TicketReference | None:
        """The issue with this label, the oldest should there be two; or the one it came from.

        Jira's search may not know an issue yet that was made a moment ago: the caller waits
        before it makes one a second time.
        """
        if desired.origin:
            path = f"/rest/api/3/issue/{_checked_key(desired.origin)}"
            answer = self._http("GET", path, query={"fields": "status"})
            return self._refer(take(answer, f"looking for {desired.origin}"))
        jql = f'project = "{self._words.project}" AND labels = "{label_of(desired)}"'
        answer = self._http(
            "POST",
            "/rest/api/3/search/jql",
            body={"jql": f"{jql} ORDER BY created ASC", "fields": ["status"], "maxResults": 1},
        )
        issues = _part(take(answer, f"looking for {desired.subject_id}"), "issues")
        return self._refer(issues[0]) if isinstance(issues, list) and issues else None

    def create(self, desired: DesiredTicket) -> TicketReference:
        """A new issue."""
        words = self._words
        is_change = desired.kind is TicketKind.CHANGE
        fields: dict[str, Any] = {
            "project": {"key": words.project},
            "issuetype": {"name": words.change_type if is_change else words.incident_type},
            "summary": make_plain(desired.title).replace("\n", " ")[:250],
            "description": write_document(_describe(desired)),
            "labels": ["airmend", label_of(desired)],
        }
        fields |= words.change_fields if is_change else words.incident_fields
        body: dict[str, Any] = {"fields": fields}
        if is_change and desired.related:
            link = {"type": {"name": "Relates"}, "outwardIssue": {"key": desired.related}}
            body["update"] = {"issuelinks": [{"add": link}]}
        answer = self._http("POST", "/rest/api/3/issue", body=body)
        return self._refer(take(answer, "creating an issue"))

    def bring(
        self,
        reference: TicketReference,
        desired: DesiredTicket,
        *,
        held: Collection[int],
        told_stage: Stage | None,
        told: Callable[[Collection[int]], None],
    ) -> None:
        """Comments first, so that people read what happened even where a status is refused."""
        path = f"/rest/api/3/issue/{_checked_key(reference.external_id)}"
        known = set(held)
        if not {note.fact for note in desired.notes} <= known:
            for comment in self._comments(path, reference.number):
                known |= _facts_of(desired, comment)
        if known != set(held):
            told(known)
        for text, facts in write_notes(desired, known):
            body = {
                "body": write_document(text),
                "properties": [
                    {"key": FACTS_PROPERTY, "value": {desired.subject_id: facts}},
                    INTERNAL,
                ],
            }
            answer = self._http("POST", f"{path}/comment", body=body)
            take(answer, f"commenting on {reference.number}")
            known.update(facts)
            told(known)
        self._set_risk(path, reference, desired)
        self._walk(path, reference, desired, told_stage)

    def _comments(self, path: str, number: str) -> Iterator[Any]:
        """All comments, the newest first."""
        for page in range(_MOST_PAGES):
            query = {
                "startAt": str(page * _PAGE),
                "maxResults": str(_PAGE),
                "orderBy": "-created",
                "expand": "properties",
            }
            body = take(self._http("GET", f"{path}/comment", query=query), f"reading {number}")
            comments = _part(body, "comments")
            if not isinstance(comments, list):
                return
            yield from comments
            if len(comments) < _PAGE:
                return

    def _set_risk(self, path: str, reference: TicketReference, desired: DesiredTicket) -> None:
        name = self._words.risk_field
        if not name or desired.risk is None:
            return
        word = RISK_WORDS[desired.risk.value]
        asked = f"reading {reference.number}"
        fields = _part(take(self._http("GET", path, query={"fields": name}), asked), "fields")
        if _part(_part(fields, name), "value") == word:
            return
        answer = self._http("PUT", path, body={"fields": {name: {"value": word}}})
        take(answer, f"setting the risk of {reference.number}")

    def _walk(
        self,
        path: str,
        reference: TicketReference,
        desired: DesiredTicket,
        told_stage: Stage | None,
    ) -> None:
        number = reference.number
        for _ in range(MOST_STEPS):
            now = self._status(path, number)
            query = {"expand": "transitions.fields"}
            answer = self._http("GET", f"{path}/transitions", query=query)
            offered = read_transitions(take(answer, f"reading the transitions of {number}"))
            chosen = choose_transition(desired, now, offered, self._words, told_stage)
            if chosen is None:
                if desired.stage.is_end and not now.is_done:
                    ways = ", ".join(each.to.name for each in offered) or "none"
                    raise TicketRefusedError(
                        f"{number} is '{now.name}' and offers no way to an end for "
                        f"'{desired.outcome}'; it offers: {ways}. Name its status under "
                        "'statuses' in the file of the ticket system, or give the user the "
                        "permission to transition issues"
                    )
                return
            body: dict[str, Any] = {"transition": {"id": chosen.id}}
            if "resolution" in chosen.fields and chosen.to.is_done:
                body["fields"] = {"resolution": {"name": _RESOLUTIONS.get(desired.stage, "Done")}}
            asked = f"moving {number} from '{now.name}' to '{chosen.to.name}'"
            take(self._http("POST", f"{path}/transitions", body=body), asked)
        raise TicketBusyError(f"{number} was moved {MOST_STEPS} times and is not where it should")

    def _status(self, path: str, number: str) -> Status:
        answer: Answer = self._http("GET", path, query={"fields": "status"})
        fields = _part(take(answer, f"reading {number}"), "fields")
        return read_status(_part(fields, "status"))

    def _refer(self, issue: Any) -> TicketReference:
        key = _checked_key(str(_part(issue, "key") or ""))
        link = f"{self._base_url}/browse/{quote(key, safe='')}"
        return TicketReference(external_id=key, number=key, link=link)


def label_of(desired: DesiredTicket) -> str:
    """The label by which an issue is found again; Jira's labels have no spaces."""
    return f"airmend-{desired.subject_id}"


def _describe(desired: DesiredTicket) -> str:
    plans = desired.plans
    parts = [
        desired.description,
        *(
            f"{title}:\n{text}"
            for title, text in (
                ("Implementation plan", plans.implementation),
                ("Backout plan", plans.backout),
                ("Test plan", plans.test),
            )
            if text
        ),
    ]
    return make_plain("\n\n".join(parts))


def _facts_of(desired: DesiredTicket, comment: Any) -> set[int]:
    facts = find_facts(desired, read_document_text(_part(comment, "body")))
    properties = _part(comment, "properties")
    for each in properties if isinstance(properties, list) else []:
        numbers = _part(_part(each, "value"), desired.subject_id)
        if _part(each, "key") == FACTS_PROPERTY and isinstance(numbers, list):
            facts |= {number for number in numbers if isinstance(number, int)}
    return facts


def _checked_key(text: str) -> str:
    """An issue's key, which becomes a part of a path."""
    if not _KEY.fullmatch(text):
        raise TicketRefusedError(f"'{text[:40]}' is no key of an issue")
    return text


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None
