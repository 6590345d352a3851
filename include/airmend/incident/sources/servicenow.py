"""ServiceNow: an incident record, as a business rule sends it through an outbound REST message.

Sources of the form: ServiceNow's documentation of the incident table and of the Table API,
https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html, and of RESTMessageV2,
https://www.servicenow.com/docs/r/api-reference/server-api-reference/c_RESTMessageV2API.html.
The rule that sends it stands in docs/senders.md.

ServiceNow sends nothing by itself: what comes is what the rule makes. The columns have their
own names; a value is a text, or an object with `display_value` and `value`:

    {
      "sys_id": "a9e30c7dc61122760116894de7bcc7bd", "number": "INC0000046",
      "sys_class_name": "incident", "sys_mod_count": "4", "active": "true",
      "state": {"value": "1", "display_value": "New"},
      "priority": {"value": "1", "display_value": "1 - Critical"},
      "short_description": "The shop does not answer", "description": "...",
      "cmdb_ci": {"value": "a9c0...", "display_value": "web1", "sys_class_name": "cmdb_ci_server"},
      "business_service": {"value": "27d3...", "display_value": "shop"},
      "opened_at": "2026-03-02 09:00:00", "reopened_time": "", "resolved_at": "",
      "link": "https://instance.service-now.com/incident.do?sys_id=..."
    }

A record of the Table API is read too: below `result`, alone or as a list, and with references
as `{"link", "value"}`, of which the value is an id and no name. Times are in UTC and say no
zone. States: 1 New, 2 In Progress, 3 On Hold (4 and 5 in old instances) fire; 6 Resolved, 7
Closed and 8 Canceled are over, and so is what is not active. Resolved and opened again, it
starts when it was reopened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from airmend.errors import PayloadError
from airmend.incident import fields
from airmend.incident.document import Document, fingerprint_key, read_host_word
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "servicenow"
PROOFS = ("bearer", "basic", "standard_webhooks")
IS_TICKET_SYSTEM = True

_WRAPPERS = ("result", "records", "record", "incident")
_STATES = {
    AlertStatus.FIRING: "1|2|3|4|5|new|active|in progress|work in progress|on hold|pending"
    "|awaiting problem|awaiting user info|awaiting evidence|awaiting caller|awaiting vendor"
    "|awaiting change|reopened",
    AlertStatus.RESOLVED: "6|7|8|resolved|closed|closed complete|canceled|cancelled",
}
_STATUS_OF = {word: status for status, words in _STATES.items() for word in words.split("|")}
_ACTIVE = {"true": True, "1": True, "false": False, "0": False}
_OTHER_TABLES = frozenset(
    {"change_request", "change_task", "problem", "problem_task", "sc_request", "sc_req_item"}
    | {"sc_task", "kb_knowledge", "em_event", "em_alert"}
)
_SEVERITIES = {"1": Severity.ERROR, "2": Severity.WARNING, "3": Severity.INFO}
"""The column `severity`: high, medium, low. It counts where there is no priority."""

_LABELS = (
    "number",
    "category",
    "subcategory",
    "assignment_group",
    "contact_type",
    "company",
    "location",
    "correlation_id",
    "priority",
    "impact",
    "urgency",
)
_SYS_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_SERVICE_CLASS = re.compile("service|_appl|business")


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a record, or several, into alerts; see `Source.parse`."""
    return [_read_record(record) for record in _records_of(body)]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """A proxy's id; else the record's id, how often it was changed, and its state."""
    if given := headers.get("webhook-id"):
        return given
    try:
        records = _records_of(body)
    except PayloadError:
        return None
    if len(records) != 1:
        return None
    names = ("sys_id", "sys_mod_count", "state")
    parts = [_value_of(records[0], name) for name in names]
    return " ".join(parts) if all(parts) else None


def _records_of(body: object) -> list[Document]:
    document = Document(body)
    if "sys_id" in document or "number" in document:
        return [document]
    name = next((each for each in _WRAPPERS if each in document), None)
    if name is None:
        return [document]
    value = document.take(name)
    if isinstance(value, list):
        return [Document(each, f"{name}[{at}]") for at, each in enumerate(document.items(name))]
    return [Document(value, name)]


def _read_record(record: Document) -> Alert:
    table = _value_of(record, "sys_class_name").lower().replace(" ", "_")
    if table in _OTHER_TABLES:
        place = record.place_of("sys_class_name")
        raise PayloadError(place, f"is '{table}'; only incidents are read")
    identity = _value_of(record, "sys_id") or _value_of(record, "number")
    if not identity:
        raise PayloadError(record.place_of("sys_id"), "is missing, and so is 'number'; send one")
    status, state = _read_status(record)
    labels = {name: _name_of(record, name) for name in _LABELS} | {"state": state}
    title = record.text("short_description") or labels["number"] or identity
    service = _name_of(record, "business_service") or _name_of(record, "service_offering")
    host, item_service = _read_item(record)
    over = status is AlertStatus.RESOLVED
    return Alert(
        source=NAME,
        name=fields.cut(title, fields.NAME_LIMIT),
        status=status,
        severity=_read_severity(record, labels["priority"]),
        fingerprint=fingerprint_key(NAME, identity),
        service=fields.cut(service or item_service, fields.NAME_LIMIT) or None,
        host=host,
        summary=fields.cut(title, fields.SUMMARY_LIMIT),
        description=fields.cut(record.text("description"), fields.TEXT_LIMIT),
        labels={key: fields.cut(text, fields.LABEL_LIMIT) for key, text in labels.items() if text},
        starts_at=_moment_of(record, "reopened_time", "opened_at", "sys_created_on"),
        ends_at=_moment_of(record, "resolved_at", "closed_at") if over else None,
        link=record.link("link", "url", "u_link"),
        unmapped=record.rest(),
    )


def _read_status(record: Document) -> tuple[AlertStatus, str]:
    """Whether it goes on, and the state as people read it."""
    label = _name_of(record, "state") or _name_of(record, "incident_state")
    words = (
        _value_of(record, "state"),
        _value_of(record, "incident_state"),
        label,
    )
    status = next((_STATUS_OF[word.lower()] for word in words if word.lower() in _STATUS_OF), None)
    active = _ACTIVE.get(_value_of(record, "active").lower())
    if active is False:
        return AlertStatus.RESOLVED, label
    if status is None and active is None:
        place = record.place_of("state")
        if not label:
            raise PayloadError(place, "is missing, and so is 'active'; send one of them")
        raise PayloadError(place, f"is '{label[:40]}', which is not known; send 'active' too")
    return status or AlertStatus.FIRING, label


def _read_severity(record: Document, priority: str) -> Severity:
    severity = fields.read_priority(_value_of(record, "priority") or priority)
    if severity is Severity.UNKNOWN:
        return _SEVERITIES.get(_value_of(record, "severity")[:1], Severity.UNKNOWN)
    return severity


def _read_item(record: Document) -> tuple[str | None, str]:
    """The configuration item: a host, or a service where its class says so."""
    name = record.word("cmdb_ci.name") or _name_of(record, "cmdb_ci")
    kind = record.part("cmdb_ci").word("sys_class_name") or record.word("cmdb_ci.sys_class_name")
    if _SERVICE_CLASS.search(kind.lower().replace(" ", "_")):
        return None, name
    return read_host_word(name), ""


def _value_of(record: Document, name: str) -> str:
    """A column's own value, which is the same in every language."""
    return record.part(name).word("value") or record.word(name)


def _name_of(record: Document, name: str) -> str:
    """A column as people read it; "" for a reference of which only the id was sent."""
    for place, key in ((record.part(name), "display_value"), (record.part(name), "value")):
        word = place.peek(key)
        if not _SYS_ID.fullmatch(fields.read_text(word)) and (word := place.word(key)):
            return word
    return "" if _SYS_ID.fullmatch(fields.read_text(record.peek(name))) else record.word(name)


def _moment_of(record: Document, *names: str) -> datetime | None:
    found = (record.part(name).moment("value") or record.moment(name) for name in names)
    return next((moment for moment in found if moment is not None), None)
