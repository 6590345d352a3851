"""ServiceNow: change requests and incidents through the Table API.

Source of the API: https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html, and
of standard changes from a template: the Change Management API, `/sn_chg_rest/change/standard`.

A record is found again by `correlation_id`, which is the number of the change or the incident.
Work notes are read back with the record: each line has the number of its fact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import quote

from airmend.change.model import ChangeType
from airmend.errors import TicketBusyError, TicketRefusedError
from airmend.itsm.configuration import ServiceNow
from airmend.itsm.exchange import Http, take
from airmend.itsm.model import DesiredTicket, Stage, TicketKind, TicketReference
from airmend.itsm.notes import find_facts, write_notes
from airmend.itsm.servicenow_states import first_columns, next_columns

TABLES = {TicketKind.CHANGE: "change_request", TicketKind.INCIDENT: "incident"}
MOST_STEPS = 12
"""Changes of one record in one go; a normal change passes seven states."""

_COLUMNS = "sys_id,number,state,risk,impact,approval,rfc,work_notes"
_READ = {"sysparm_display_value": "all", "sysparm_fields": _COLUMNS}
_SYSTEM_ID = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[A-Z]{2,8}[0-9]{1,20}")


class ServiceNowTickets:
    """See `system.TicketSystem`.

    Args:
        words: Fields and close codes of the instance.
        http: The way to it.
        base_url: Where people reach it.
    """

    name, title = "servicenow", "ServiceNow"

    def __init__(self, words: ServiceNow, http: Http, base_url: str) -> None:
        self._words, self._http, self._base_url = words, http, base_url.rstrip("/")

    def find(self, desired: DesiredTicket) -> TicketReference | None:
        """The record with this correlation id; the oldest, should there be two."""
        table = TABLES[desired.kind]
        query = f"correlation_id={desired.subject_id}"
        if desired.origin:
            if not _NUMBER.fullmatch(desired.origin):
                raise TicketRefusedError(f"'{desired.origin[:40]}' is no number of ServiceNow's")
            query = f"number={desired.origin}"
        answer = self._http(
            "GET",
            f"/api/now/table/{table}",
            query={
                "sysparm_query": f"{query}^ORDERBYsys_created_on",
                "sysparm_fields": "sys_id,number",
                "sysparm_limit": "1",
            },
        )
        rows = _result(take(answer, f"looking for {desired.subject_id}"))
        if isinstance(rows, list) and rows:
            return self._refer(table, rows[0])
        if desired.origin:
            raise TicketRefusedError(
                f"the incident came from {desired.origin}, which this ServiceNow does not have "
                "or does not show to us"
            )
        return None

    def create(self, desired: DesiredTicket) -> TicketReference:
        """A new record."""
        table = TABLES[desired.kind]
        path = f"/api/now/table/{table}"
        more = self._words.incident_fields
        columns = first_columns(desired)
        if desired.kind is TicketKind.CHANGE:
            more = self._words.change_fields
            if desired.change_type is ChangeType.STANDARD and self._words.standard_template:
                path = f"/api/sn_chg_rest/change/standard/{self._words.standard_template}"
                columns.pop("type")
        answer = self._http("POST", path, body={**columns, **more})
        return self._refer(table, _result(take(answer, f"creating {table}")))

    def bring(
        self,
        reference: TicketReference,
        desired: DesiredTicket,
        *,
        held: Collection[int],
        told_stage: Stage | None,
        told: Callable[[Collection[int]], None],
    ) -> None:
        """Notes first, so that people read what happened even where a state is refused."""
        table = TABLES[desired.kind]
        path = f"/api/now/table/{table}/{_checked_id(reference.external_id)}"
        about = f"{table} {reference.number}"
        record = _result(take(self._http("GET", path, query=_READ), f"reading {about}"))
        known = set(held) | find_facts(desired, _shown(record, "work_notes"))
        if known != set(held):
            told(known)
        for text, facts in write_notes(desired, known):
            asked = f"writing work notes of {about}"
            answer = self._http("PATCH", path, query=_READ, body={"work_notes": text})
            record = _result(take(answer, asked))
            if not set(facts) <= find_facts(desired, _shown(record, "work_notes")):
                raise _not_taken(asked, "the work notes are not there")
            known.update(facts)
            told(known)
        self._walk(path, about, record, desired, told_stage)

    def _walk(
        self, path: str, about: str, record: Any, desired: DesiredTicket, told_stage: Stage | None
    ) -> None:
        """One change after the other, each decided by what the record says after the last one.

        A rule of the instance may set risk or approval to something of its own, and answer 200;
        that stays. A state that was not taken is told to people.
        """
        left: dict[str, str] = {}
        for _ in range(MOST_STEPS):
            values = {name: _value(record, name) for name in _COLUMNS.split(",")} | left
            columns = next_columns(desired, values, self._words, told_stage)
            if columns is None:
                return
            asked = f"setting {', '.join(columns)} of {about}, which is in state {values['state']}"
            answer = self._http("PATCH", path, query=_READ, body=columns)
            record = _result(take(answer, asked))
            state = columns.get("state")
            if state is None:
                left |= columns
            elif (seen := _value(record, "state")) != state:
                raise _not_taken(asked, f"the state is '{seen[:40]}' and not '{state}'")
        raise TicketBusyError(f"{about} was changed {MOST_STEPS} times and is not where it should")

    def _refer(self, table: str, record: Any) -> TicketReference:
        external_id = _checked_id(_value(record, "sys_id"))
        page = quote(f"{table}.do?sys_id={external_id}", safe="")
        return TicketReference(
            external_id=external_id,
            number=_value(record, "number"),
            link=f"{self._base_url}/nav_to.do?uri={page}",
        )


def _not_taken(asked: str, fact: str) -> TicketRefusedError:
    """An access rule for one column leaves it as it was, and the answer is 200 all the same."""
    return TicketRefusedError(
        f"{asked}: answered well, but {fact}. Look at the roles of the user and the rules of the "
        "instance"
    )


def _checked_id(text: str) -> str:
    """A sys_id, which becomes a part of a path."""
    if not _SYSTEM_ID.fullmatch(text):
        raise TicketRefusedError(f"'{text[:40]}' is no sys_id")
    return text


def _result(body: Any) -> Any:
    return body.get("result") if isinstance(body, Mapping) else None


def _value(record: Any, name: str) -> str:
    """A column's own value; it may stand alone or beside what people are shown."""
    value = record.get(name) if isinstance(record, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("value")
    return "" if value is None else str(value)


def _shown(record: Any, name: str) -> str:
    """A column as people are shown it: a journal has all its entries there."""
    value = record.get(name) if isinstance(record, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("display_value")
    return "" if value is None else str(value)
