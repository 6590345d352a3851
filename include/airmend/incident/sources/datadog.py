"""Datadog: the document of its Webhooks integration, whose keys people write themselves.

Source of the form: https://docs.datadoghq.com/integrations/webhooks/.

Datadog replaces variables in a payload that everybody may change. The default one is

    {"body": "$EVENT_MSG", "last_updated": "$LAST_UPDATED", "event_type": "$EVENT_TYPE",
     "title": "$EVENT_TITLE", "date": "$DATE", "org": {"id": "$ORG_ID", "name": "$ORG_NAME"},
     "id": "$ID"}

and says in the title alone what happened: `[Triggered on {host:web1}] High CPU`. The one that
docs/senders.md recommends names more; with it the payload becomes, for example:

    {"id": "7716548234011234567", "date": "1772442000000", "event_type": "query_alert_monitor",
     "title": "[P1] [Triggered on {host:web1}] High CPU", "body": "...", "alert_id": "1234",
     "alert_title": "...", "alert_transition": "Triggered", "alert_type": "error",
     "alert_status": "avg(last_5m) ... was > 90", "alert_scope": "host:web1", "alert_metric":
     "system.cpu.user", "alert_priority": "P1", "alert_cycle_key": "...", "aggreg_key": "...",
     "hostname": "web1", "tags": "env:prod, service:shop", "link": "https://...", ...}

A key counts whatever its case and with or without underscores, by the name of the variable or
by a short one. What Datadog did not replace (`$HOSTNAME`, `{{host.name}}`) counts as not sent.

Triggered, Warn, No Data, their `Re-` forms and Renotify fire; Recovered is over. A payload that
tells no transition, no title with one and no `alert_type` is refused: nobody may act on an
alert of which it is not known whether it goes on. A monitor without data is named
`High CPU (no data)`, so that no runbook takes it for the trouble that could not be measured.

The monitor's id and its scope identify, and stay the same from one cycle to the next; then the
aggregation key, the cycle key, and for the default payload organisation, title and scope. The
`id` is that of one event. Datadog tries again after a 5xx alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import Document, fingerprint_key, first_host, first_word
from airmend.incident.model import Alert, AlertStatus, Severity, fingerprint_labels

NAME = "datadog"
PROOFS = ("bearer", "basic", "standard_webhooks")

_FIRING, _RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED
_TRANSITIONS = {
    "triggered": (_FIRING, Severity.ERROR),
    "warn": (_FIRING, Severity.WARNING),
    "nodata": (_FIRING, Severity.UNKNOWN),
    "renotify": (_FIRING, Severity.UNKNOWN),
    "recovered": (_RESOLVED, Severity.UNKNOWN),
}
"""Transitions without their `Re-`, and the harm that one tells where nothing else does."""

_STATUS_OF_TYPE = {"error": _FIRING, "warning": _FIRING, "success": _RESOLVED}
_BRACKET = re.compile(r"\s*\[([^\[\]]{1,2000})\]")
_ON_SCOPE = re.compile(r"(.+?) on \{(.*)\}", re.DOTALL)
_PRIORITY = re.compile(r"P[1-5]", re.IGNORECASE)


@dataclass(frozen=True)
class _Title:
    """A title taken apart: `[TEST] [P1] [Triggered on {host:web1}] High CPU`."""

    name: str = ""
    transition: str = ""
    scope: str = ""
    priority: str = ""
    is_test: bool = False


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a notification of a monitor into an alert; see `Source.parse`."""
    event = Document(body)
    title = _read_title(event)
    if not title.name:
        raise PayloadError("title", 'is missing; put "title": "$EVENT_TITLE" into the payload')
    kind = event.word("alert_type").lower()
    transition, status = _read_transition(event, title, kind)
    tagged = tags.read_tags(event.take("tags"))
    scope = tags.read_tags(event.take("alert_scope", "scope", "scopes") or title.scope)
    scope.pop("*", None)  # a monitor that is not grouped
    named = tagged | scope  # of a name in both, what the alert is about goes first
    host = event.host("hostname", "host") or first_host(named, "host", "instance")
    priority = event.word("alert_priority") or title.priority
    own = {
        "monitor_id": event.word("alert_id", "monitor_id"),
        "alert_type": kind,
        "alert_transition": event.word("alert_transition", "transition") or title.transition,
        "alert_metric": event.word("alert_metric", "metric"),
        "alert_priority": priority,
        "event_type": event.word("event_type"),
        "org": event.part("org").word("name") or event.word("org_name"),
    }
    word = own["alert_transition"].lower()
    tells_time = word and (status is _RESOLVED or not word.startswith("re"))  # Re-Warn, Renotify
    moment = event.moment("date", "date_posix") if tells_time else None
    links = {"snapshot": link} if (link := event.link("snapshot")) else {}
    return [
        Alert(
            source=NAME,
            name=_name_of(title, transition),
            status=status,
            severity=_read_severity(event, priority, kind, transition),
            fingerprint=_read_fingerprint(event, own, title.name, scope, host),
            service=first_word(named, "service") or None,
            host=host,
            summary=fields.cut(event.text("alert_status") or title.name, fields.SUMMARY_LIMIT),
            description=fields.cut(
                event.text("body", "text_only_msg", "event_msg", "message"), fields.TEXT_LIMIT
            ),
            labels=named
            | {key: fields.cut(text, fields.LABEL_LIMIT) for key, text in own.items() if text},
            annotations=_read_query(event),
            starts_at=moment if status is _FIRING else None,
            ends_at=moment if status is _RESOLVED else None,
            link=event.link("link", "url", "event_url"),
            links=links,
            is_test=title.is_test,
            unmapped=event.rest(),
        )
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """A proxy's id; else the event's, with what happened: one event is told once."""
    if given := headers.get("webhook-id"):
        return given
    if not isinstance(body, Mapping):
        return None
    event = Document(body)
    identity = event.word("id", "event_id")
    what = event.word("alert_transition", "transition") or event.text("title")
    return fields.cut(f"{identity} {what}".strip(), fields.SUMMARY_LIMIT) if identity else None


def _read_title(event: Document) -> _Title:
    """The first title that names something, and what any of them tells besides."""
    titles = [
        _split_title(fields.cut(text, fields.TEXT_LIMIT))
        for name in ("alert_title", "title", "event_title", "monitor_name")
        if (text := event.text(name))
    ]
    return _Title(
        name=next((title.name for title in titles if title.name), ""),
        transition=next((title.transition for title in titles if title.transition), ""),
        scope=next((title.scope for title in titles if title.scope), ""),
        priority=next((title.priority for title in titles if title.priority), ""),
        is_test=any(title.is_test for title in titles),
    )


def _split_title(text: str) -> _Title:
    found = {"transition": "", "scope": "", "priority": ""}
    is_test = False
    while (bracket := _BRACKET.match(text)) is not None:
        content = bracket[1].strip()
        scoped = _ON_SCOPE.fullmatch(content)
        word, scope = (scoped[1], scoped[2]) if scoped else (content, "")
        if content.upper() == "TEST":
            is_test = True
        elif _PRIORITY.fullmatch(content):
            found["priority"] = content
        elif _fold(word) in _TRANSITIONS:
            found |= {"transition": word, "scope": scope}
        else:
            break
        text = text[bracket.end() :]
    return _Title(name=text.strip(), is_test=is_test, **found)


def _fold(transition: str) -> str:
    """A transition without case, spaces and the `Re-` of a repeated one."""
    word = "".join(character for character in transition.lower() if character.isalpha())
    return word[2:] if word[2:] in _TRANSITIONS and word.startswith("re") else word


def _read_transition(event: Document, title: _Title, kind: str) -> tuple[str, AlertStatus]:
    """The transition and what it says; without one, what the type of the alert says."""
    given = event.word("alert_transition", "transition")
    if given and _fold(given) not in _TRANSITIONS:
        raise PayloadError("alert_transition", f"is '{given[:40]}', which is none of Datadog's")
    transition = _fold(given or title.transition)
    if transition:
        return transition, _TRANSITIONS[transition][0]
    if kind in _STATUS_OF_TYPE:
        return "", _STATUS_OF_TYPE[kind]
    raise PayloadError(
        "alert_transition",
        "is missing, so that nobody knows whether the alert goes on; put "
        '"alert_transition": "$ALERT_TRANSITION" into the payload',
    )


def _name_of(title: _Title, transition: str) -> str:
    ending = " (no data)" if transition == "nodata" else ""
    return fields.cut(title.name, fields.NAME_LIMIT - len(ending)) + ending


def _read_severity(event: Document, priority: str, kind: str, transition: str) -> Severity:
    """From the monitor's priority; then from what people put there; then from what happened."""
    severity = fields.read_priority(priority)
    if severity is Severity.UNKNOWN:
        given = event.word("severity") or event.word("priority")
        # $PRIORITY is the event's, normal or low, and says nothing of the harm
        severity = fields.read_priority("" if given.lower() == "low" else given)
    if severity is Severity.UNKNOWN and kind != "success":
        severity = fields.read_severity(kind)
    if severity is Severity.UNKNOWN and transition:
        severity = _TRANSITIONS[transition][1]
    return severity


def _read_fingerprint(
    event: Document, own: Mapping[str, str], name: str, scope: Mapping[str, str], host: str | None
) -> str:
    monitor, place = own["monitor_id"], ",".join(f"{key}:{scope[key]}" for key in sorted(scope))
    aggregation = event.word("aggreg_key", "aggregation_key", "agg_reg_key")
    cycle = event.word("alert_cycle_key", "cycle_key")
    if monitor:
        return fingerprint_key(NAME, monitor, place or aggregation or host or "")
    if aggregation or cycle:
        return fingerprint_key(NAME, aggregation or cycle)
    organisation = event.part("org").word("id") or event.word("org_id")
    parts = {"org": organisation, "scope": place or host or ""}
    return f"{NAME}:{fingerprint_labels(NAME, name, parts)}"


def _read_query(event: Document) -> dict[str, str]:
    query = event.text("alert_query", "query")
    return {"query": fields.cut(query, fields.TEXT_LIMIT)} if query else {}
