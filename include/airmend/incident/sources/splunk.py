"""Splunk: the document of the alert action "Webhook".

Source of the form:
https://help.splunk.com/splunk-enterprise/alert-and-respond/alerting-manual/10.0/configure-alert-actions/use-a-webhook-alert-action.

One document a triggered search, with the first row of its results; or one a row, where the
alert triggers "for each result":

    {
      "search_name": "Shop does not answer",
      "result": {
        "host": "web1", "service": "shop", "severity": "critical", "count": "8",
        "_time": "1772442000", "_raw": "Mar  2 09:00:00 web1 shop[7]: no answer",
        "_si": ["indexer1", "main"], "date_hour": "9"
      },
      "sid": "scheduler__admin__search__RMD5abc_at_1772442000_17",
      "results_link": "https://splunk.example:8000/app/search/@go?sid=...",
      "owner": "admin", "app": "search"
    }

The row has what the search leaves in it: text, or lists of text. `_time` is there unless the
search sums up; then the second in which the search ran stands for it, which is part of `sid`.
`search_name` is null where nothing was saved by a name; `sid` without its end then is the
same from one run to the next.

Splunk never says that it is over: every document is an alert that fires. Two documents are
the same alert when search, host and service are the same. The rows of one run have the same
`sid`, so that it is no id of a delivery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags, times
from airmend.incident.document import Document, fingerprint_key
from airmend.incident.labels import first_machine, join_values, merge_labels, only_word
from airmend.incident.model import Alert, AlertStatus, Severity

NAME = "splunk"
PROOFS = ("query_token", "basic", "bearer", "standard_webhooks")

_RUN_OF_A_SEARCH = re.compile(r"(?P<search>\S+)_at_(?P<second>\d+)_[\d.]+(?:_[0-9A-F-]+)?")
_DIGITS_OF_A_SECOND = 9  # since 1973; the example of the documentation has fewer
_HOSTS = ("host", "hostname", "orig_host", "dest_host", "dest", "dvc", "computer", "computername")
_SERVICES = ("service", "service_name", "servicename", "application", "app")
_SEVERITIES = ("severity", "urgency", "priority", "level", "log_level")
_SUMMARIES = ("summary", "message", "description", "title")
_INTERNAL = re.compile(r"_.*|date_.*|timestartpos|timeendpos|punct|linecount|eventtype", re.DOTALL)


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn a triggered search into an alert; see `Source.parse`."""
    document = Document(body)
    row = _read_row(document)
    name, second = _read_search(document)
    known = {str(key).casefold(): value for key, value in row.items()}
    host = first_machine(known.get(key) for key in _HOSTS)
    service = next((word for key in _SERVICES if (word := only_word(known.get(key)))), "")
    raw = fields.read_text(row.get("_raw"))
    summary = next((text for key in _SUMMARIES if (text := _say(known.get(key)))), "")
    return [
        Alert(
            source=NAME,
            name=fields.cut(name, fields.NAME_LIMIT),
            status=AlertStatus.FIRING,
            severity=_read_severity(known),
            fingerprint=fingerprint_key(NAME, name, host or "", service),
            service=fields.cut(service, fields.NAME_LIMIT) or None,
            host=host,
            summary=fields.cut(summary or _first_line(raw), fields.SUMMARY_LIMIT),
            description=fields.cut(raw, fields.TEXT_LIMIT),
            labels=merge_labels(
                {"search_name": name},
                {"search_app": document.word("app"), "search_owner": document.word("owner")},
                {key: value for key, value in row.items() if not _INTERNAL.fullmatch(key)},
            ),
            starts_at=_read_time(row.get("_time")) or times.read_epoch(second),
            link=document.link("results_link"),
            unmapped=fields.without_empty(
                {key: value for key, value in row.items() if _is_left(key, value)} | document.rest()
            ),
        )
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The id that a signing proxy gave; the rows of one run share Splunk's own `sid`."""
    return headers.get("webhook-id")


def _read_row(document: Document) -> dict[str, Any]:
    """The first row of the results; a search may trigger since it has none."""
    row = document.take("result")
    return fields.read_object({} if row is None else row, "result")


def _read_search(document: Document) -> tuple[str, str]:
    """The name of the search, and the second in which it ran where `sid` tells it."""
    sid = document.text("sid")
    run = _RUN_OF_A_SEARCH.fullmatch(sid)
    name = document.word("search_name") or (run["search"] if run else "")
    if not name:
        raise PayloadError(
            "search_name", "is missing, and 'sid' tells no saved search; save the search by a name"
        )
    second = run["second"] if run else ""
    return name, second if len(second) >= _DIGITS_OF_A_SECOND else ""


def _read_severity(row: Mapping[str, Any]) -> Severity:
    """The first word for severity. A number counts up in one product and down in the next."""
    found = (fields.read_severity(only_word(row.get(key))) for key in _SEVERITIES)
    return next((each for each in found if each is not Severity.UNKNOWN), Severity.UNKNOWN)


def _read_time(value: object) -> datetime | None:
    return times.read_epoch(value) or times.read_time(value)


def _say(value: object) -> str:
    """A column of words; "" for a placeholder that nothing took the place of."""
    text = join_values(value)
    return "" if tags.is_placeholder(text) else text


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _is_left(key: str, value: object) -> bool:
    """Whether a column is no label, and has not found another place."""
    if key == "_raw" or (key == "_time" and _read_time(value)):
        return False
    return _INTERNAL.fullmatch(key) is not None or not join_values(value)
