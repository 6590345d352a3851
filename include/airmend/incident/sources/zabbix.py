"""Zabbix: what a webhook media type sends, whose script and keys people write themselves.

Sources of the form: https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook
and https://www.zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location.
The script and its parameters stand in docs/senders.md.

Zabbix sends nothing of its own; the documented script sends its parameters, with the macros
replaced:

    {
      "event_id": "10528", "event_value": "1", "event_update_status": "0", "event_source": "0",
      "event_name": "Load is high on web1", "event_severity": "Average", "event_nseverity": "3",
      "event_date": "2026.03.02", "event_time": "09:00:00", "event_timestamp": "1772442000",
      "event_recovery_date": "...", "event_recovery_time": "...", "event_opdata": "7.5",
      "event_tags": [{"tag": "service", "value": "shop"}], "trigger_id": "14032",
      "trigger_description": "...", "host": "web1", "host_name": "Web server 1",
      "host_ip": "192.0.2.11", "host_groups": "Web", "item": "Load", "link": "https://..."
    }

A key counts by the name of its macro whatever its case, with points, underscores or neither
(`EVENT.VALUE`, `eventvalue`), and so do the short ones of older alert scripts: `hostname`,
`severity`, `status` (PROBLEM, OK, RESOLVED), `trigger`, `item`, `link`. Zabbix's own default
parameters, `Subject` and `Message`, are read by their words.

The trigger identifies: it stays when the same problem comes back, which the event's id does not.
A trigger that makes several problems at once needs the parameter `fingerprint`, with {EVENT.ID}.
Problem and recovery share both. An update (acknowledged, commented, closed by hand, another
severity) gives no alert: the recovery follows by itself. Events of discovery and registration
give none. The button "Test" of the media type replaces no macro: that is a test message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from airmend.errors import MalformedBodyError, PayloadError
from airmend.incident import fields, tags, times
from airmend.incident.document import Document, fingerprint_key, first_word
from airmend.incident.model import Alert, AlertStatus, Severity, fingerprint_labels

NAME = "zabbix"
PROOFS = ("bearer", "basic", "standard_webhooks")

_STATUSES = {
    "1": AlertStatus.FIRING,
    "problem": AlertStatus.FIRING,
    "0": AlertStatus.RESOLVED,
    "ok": AlertStatus.RESOLVED,
    "resolved": AlertStatus.RESOLVED,
    "recovery": AlertStatus.RESOLVED,
}
_UPDATES = {"update", "updated", "updated problem", "acknowledged", "acknowledgement"}
_STATES = ("event_value", "trigger_value", "event_status", "trigger_status", "status")
_IDS = ("event_id", "original_problem_id", "problem_id", "trigger_id")
_WITHOUT_PROBLEMS = {"1", "2"}  # sources of events: discovery, registration
_SEVERITIES = {
    "0": Severity.UNKNOWN,  # not classified
    "1": Severity.INFO,
    "2": Severity.WARNING,
    "3": Severity.WARNING,  # average
    "4": Severity.ERROR,
    "5": Severity.CRITICAL,
}
_SUBJECT = re.compile(r"\s*(updated problem|[a-z]+)\b[^:]{0,60}:\s*(.+)", re.IGNORECASE | re.DOTALL)
_MESSAGE_TIME = re.compile(r"(started|resolved).{0,60}? at (\S+) on (\d{4}\.\d\d\.\d\d)")
_DATE = re.compile(r"(\d{4})[./-](\d\d)[./-](\d\d)([ T].+)")


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an event into an alert; see `Source.parse`."""
    event = Document(body)
    if event.holds_placeholder(*_STATES) and event.holds_placeholder(*_IDS):
        return [_test_alert(event)]
    message = _read_message(event)
    status = _read_status(event, message)
    if status is None or event.word("event_source") in _WITHOUT_PROBLEMS:
        return []
    return [_read_event(event, message, status)]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy or a script of one's own gave; Zabbix itself gives none."""
    return headers.get("webhook-id")


def _test_alert(event: Document) -> Alert:
    return Alert(
        source=NAME,
        name="test of the media type",
        status=AlertStatus.FIRING,
        fingerprint=fingerprint_key(NAME, "test"),
        is_test=True,
        unmapped=event.rest(),
    )


def _read_message(event: Document) -> Document:
    """What the subject and the message of Zabbix's default templates say, by their words."""
    found: dict[str, str] = {}
    for line in fields.read_text(event.peek("message", "alert_message")).splitlines()[:100]:
        key, _, text = line.partition(":")
        if moment := _MESSAGE_TIME.search(line):
            found[moment[1]] = f"{moment[3]} {moment[2]}"
        elif len(key) <= 40:
            found.setdefault(key.strip(), text.strip())
    subject = _SUBJECT.fullmatch(fields.read_text(event.peek("subject", "alert_subject")))
    if subject and subject[1].lower() in {*_STATUSES, *_UPDATES}:
        found |= {"subject_status": subject[1], "subject_name": subject[2]}
    return Document(found)


def _read_status(event: Document, message: Document) -> AlertStatus | None:
    """Whether it goes on; None for an update. Of two words that differ, the end counts."""
    given = {name: word.lower() for name in _STATES if (word := event.word(name))}
    words = [*given.values(), message.word("trigger_status"), message.word("subject_status")]
    words = [word.lower() for word in words if word]
    is_update = event.word("event_update_status") == "1" or event.word("event_update_action")
    if is_update or _UPDATES & set(words):
        return None
    found = {_STATUSES[word] for word in words if word in _STATUSES}
    if not found:
        name, word = next(iter(given.items()), ("event_value", ""))
        fact = f"is '{word[:40]}'" if word else "is missing"
        raise PayloadError(name, f"{fact}; send {{EVENT.VALUE}}, which is 1 or 0")
    return AlertStatus.RESOLVED if AlertStatus.RESOLVED in found else AlertStatus.FIRING


def _read_event(event: Document, message: Document, status: AlertStatus) -> Alert:
    tagged = _read_tags(event)
    host = event.host("host", "host_host", "host_name", "host_dns", "host_conn", "host_ip")
    host = host or message.host("host")
    name = event.word("event_name", "trigger_name", "trigger", "problem_name", "problem")
    name = name or message.word("problem_name", "trigger", "subject_name")
    link = event.link("link", "event_url", "url")
    own = {
        "trigger_id": event.word("trigger_id") or _id_in(link, "triggerid"),
        "event_id": event.word("event_id", "original_problem_id", "problem_id")
        or message.word("original_problem_id", "original_event_id")
        or _id_in(link, "eventid"),
        "zabbix_severity": event.word("event_severity", "trigger_severity", "severity")
        or message.word("severity", "trigger_severity"),
        "host_group": event.word("host_groups", "trigger_hostgroup_name", "host_group"),
        "host_name": event.word("host_name"),
        "item": event.word("item", "item_name"),
    }
    number = event.word("event_nseverity", "trigger_nseverity") or own["zabbix_severity"]
    fingerprint = _read_fingerprint(event, own, name, host)
    title = name or f"trigger {own['trigger_id'] or own['event_id']}"
    data = event.text("event_opdata", "opdata")
    over = status is AlertStatus.RESOLVED
    recovery = ("event_recovery_timestamp", "event_recovery_date", "event_recovery_time")
    ended_at = _read_moment(event, *recovery) or _read_date(message.text("resolved"))
    return Alert(
        source=NAME,
        name=fields.cut(title, fields.NAME_LIMIT),
        status=status,
        severity=_SEVERITIES.get(number, fields.read_severity(number)),
        fingerprint=fingerprint,
        service=first_word(tagged, "service") or event.word("service_name", "service") or None,
        host=host,
        summary=fields.cut(title, fields.SUMMARY_LIMIT),
        description=fields.cut(
            event.text("trigger_description", "description", "message", "alert_message"),
            fields.TEXT_LIMIT,
        ),
        labels=tagged
        | {key: fields.cut(text, fields.LABEL_LIMIT) for key, text in own.items() if text},
        annotations={"opdata": fields.cut(data, fields.TEXT_LIMIT)} if data else {},
        starts_at=_read_moment(event, "event_timestamp", "event_date", "event_time")
        or _read_date(message.text("started")),
        ends_at=ended_at if over else None,
        link=link,
        links={"trigger": url} if (url := event.link("trigger_url")) else {},
        unmapped=event.rest(),
    )


def _read_fingerprint(event: Document, own: Mapping[str, str], name: str, host: str | None) -> str:
    if given := event.word("fingerprint"):
        return fingerprint_key(NAME, given)
    for key in ("trigger_id", "event_id"):
        if own[key]:
            return fingerprint_key(NAME, key.removesuffix("_id"), own[key])
    if not name:
        raise PayloadError("event_name", "is missing, and so is 'trigger_id'; send one of them")
    return f"{NAME}:{fingerprint_labels(NAME, name, {'host': host or ''})}"


def _id_in(link: str | None, name: str) -> str:
    """An id that the address of an event's page asks for."""
    given = parse_qs(urlsplit(link or "").query).get(name, [""])[0]
    return given if given.isascii() and given.isdecimal() else ""


def _read_tags(event: Document) -> dict[str, str]:
    """The tags as JSON, which an old script sends as a text, or as `name:value, name:value`."""
    names = ("event_tags", "event_tags_json", "tags")
    value = event.peek(*names)
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = fields.decode_json(value.encode())
        except MalformedBodyError:
            return {}
    event.take(*names)
    return tags.read_tags(value)


def _read_moment(event: Document, stamp: str, date: str, time: str) -> datetime | None:
    """A time from its number, or from Zabbix's date and time, which say no zone."""
    if (moment := event.moment(stamp)) is not None:
        return moment
    parts = [fields.read_text(event.peek(name)) for name in (date, time)]
    moment = _read_date(" ".join(part for part in parts if part))
    if moment is None:
        return event.moment(time)
    event.take(date)
    event.take(time)
    return moment


def _read_date(text: str) -> datetime | None:
    """`2026.03.02 09:00:00` as UTC; a day without a time is none."""
    found = _DATE.fullmatch(text.strip())
    return times.read_time(f"{found[1]}-{found[2]}-{found[3]}{found[4]}") if found else None
