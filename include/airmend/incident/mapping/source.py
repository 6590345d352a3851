"""An alert source that a file describes: payload in, alerts out.

Has what every source has (`incident/sources/__init__.py`), as an object instead of a module. A
value that an optional field cannot take is left out and said in `unmapped`; what identifies an
alert, and whether it goes on, must be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags
from airmend.incident.document import fingerprint_key
from airmend.incident.labels import join_values, only_word, read_machine
from airmend.incident.mapping.expressions import Budget, MappingExpressionError, evaluate
from airmend.incident.mapping.form import AlertForm, SenderForm
from airmend.incident.mapping.reader import Reader, simple_path
from airmend.incident.model import Alert, AlertStatus, Severity, fingerprint_labels


class MappedSource:
    """A source by a file.

    Args:
        name: The name of the file without its ending; part of the address.
        form: What the file says.
    """

    def __init__(self, name: str, form: SenderForm) -> None:
        self.name, self._form = name, form
        self.PROOFS: tuple[str, ...] = tuple(form.proofs)
        self._status = _table(form.alert.status.words())
        severity = form.alert.severity
        self._severity = _table(severity.words()) if severity else {}
        self._mapped = {
            path[1] for text in _expressions(form.alert) if (path := simple_path(text, "alert"))
        }

    def parse(self, body: object, headers: Mapping[str, str]) -> list[Alert]:
        """Turn a delivery into alerts; see `Source.parse`."""
        budget, clean = Budget(), fields.storable(body)
        seen = {"body": clean, "headers": dict(headers)}
        items, place = self._find_alerts(seen, budget)
        # bounded once for the delivery: every alert repeats it
        around = fields.without_empty(self._rest_of_body(clean))
        alerts = []
        for at, item in enumerate(items):
            where = f"{place}[{at}]" if place else ""
            document = fields.read_object(item, where)
            reader = Reader(seen | {"alert": document}, budget, where)
            if (alert := self._read_alert(reader, document, around)) is not None:
                alerts.append(alert)
        return alerts

    def delivery_id(self, headers: Mapping[str, str], body: object) -> str | None:
        """The header `webhook-id`, or what the file names; see `Source.delivery_id`."""
        given = headers.get("webhook-id")
        if given or self._form.delivery_id is None:
            return given
        seen = {"body": fields.storable(body), "headers": dict(headers)}
        try:
            value = evaluate(self._form.delivery_id, seen, Budget())
        except MappingExpressionError:
            return None
        return join_values(value) or None

    def _find_alerts(self, seen: dict[str, object], budget: Budget) -> tuple[list[Any], str]:
        """The alerts, and where they are; one alert may stand where a list does."""
        text = self._form.alerts
        if text is None:
            return [seen["body"]], ""
        found = Reader(seen, budget, "").require(text)
        path = simple_path(text, "body")
        place = ".".join(path[1:]) if path else text
        listed = [found] if isinstance(found, dict) else found
        return fields.read_alert_list(listed, place), place

    def _read_alert(
        self, reader: Reader, document: dict[str, Any], around: dict[str, Any]
    ) -> Alert | None:
        form = self._form.alert
        word = reader.word(form.status.source)
        status = self._status.get(word.lower())
        if status is None:
            known = ", ".join(self._status) or "none"
            raise PayloadError(
                reader.field(form.status.source),
                f"is '{word[:40]}', which stands for no status in the file of '{self.name}'; "
                f"it knows {known}",
            )
        if status == "ignored":
            return None
        name = tags.read_word(reader.word(form.name))
        if not name:
            raise PayloadError(reader.field(form.name), "is missing; it is the name of the alert")
        labels, other = reader.labels("labels", form.labels)
        annotations, more = reader.labels("annotations", form.annotations, fields.TEXT_LIMIT)
        service = only_word(reader.value("service", form.service))
        host = read_machine(reader.value("host", form.host))
        return Alert(
            source=self.name,
            name=fields.cut(name, fields.NAME_LIMIT),
            status=AlertStatus(status),
            severity=self._read_severity(reader),
            fingerprint=self._read_fingerprint(reader, name, labels, service, host),
            service=fields.cut(service, fields.NAME_LIMIT) or None,
            host=host,
            summary=reader.text("summary", form.summary, fields.SUMMARY_LIMIT),
            description=reader.text("description", form.description, fields.TEXT_LIMIT),
            labels=labels,
            annotations=annotations,
            starts_at=reader.time("starts_at", form.starts_at),
            ends_at=reader.time("ends_at", form.ends_at),
            link=fields.read_link(reader.value("link", form.link)),
            links=reader.links(form.links),
            is_test=reader.value("is_test", form.is_test) is True,
            # last: by now every field was read
            unmapped=self._read_rest(
                document,
                {"labels": other, "annotations": more, "body": around, "not_read": reader.not_read},
            ),
        )

    def _read_rest(self, document: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
        """What no expression takes as a whole, and what belongs to no field."""
        left = {key: value for key, value in document.items() if key not in self._mapped}
        return fields.without_empty(left | {name: value for name, value in beside.items() if value})

    def _read_severity(self, reader: Reader) -> Severity:
        table = self._form.alert.severity
        if table is None:
            return Severity.UNKNOWN
        word = only_word(reader.value("severity", table.source))
        known = self._severity.get(word.lower())
        return Severity(known) if known else fields.read_priority(word)

    def _read_fingerprint(
        self, reader: Reader, name: str, labels: dict[str, str], service: str, host: str | None
    ) -> str:
        given = self._form.alert.fingerprint
        if given is None:
            parts = {"alert.service": service, "alert.host": host or ""}
            return f"{self.name}:{fingerprint_labels(self.name, name, labels | parts)}"
        listed = [given] if isinstance(given, str) else given
        found = [reader.word(text) for text in listed]
        if not any(found):
            raise PayloadError(reader.field(listed[0]), "is missing; it identifies the alert")
        return fingerprint_key(self.name, *found)

    def _rest_of_body(self, body: object) -> dict[str, Any]:
        """What stands around the list of alerts."""
        if self._form.alerts is None or not isinstance(body, dict):
            return {}
        path = simple_path(self._form.alerts, "body")
        return {key: value for key, value in body.items() if not path or key != path[1]}


def _table(words: Mapping[str, list[str]]) -> dict[str, str]:
    return {word: name for name, listed in words.items() for word in listed}


def _expressions(form: AlertForm) -> list[str]:
    """The expressions that take a whole value out of an alert."""
    found = [form.name, form.status.source, *form.links.values()]
    optional = (form.summary, form.description, form.service, form.host, form.link)
    found += [text for text in optional if text is not None]
    found += [form.severity.source] if form.severity else []
    for labels in (form.labels, form.annotations):
        found += [labels] if isinstance(labels, str) else list((labels or {}).values())
    return found
