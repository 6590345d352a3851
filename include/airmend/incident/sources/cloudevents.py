"""CloudEvents 1.0 over HTTP whose data is an alert in our generic form (see `generic.py`).

Source of the form: https://github.com/cloudevents/spec, `spec.md`, `formats/json-format.md`
and `bindings/http-protocol-binding.md`. Structured mode has the attributes beside `data` in
the body; binary mode has them in `ce-*` headers and the data as the body.

The event's `source` is a label of the alert, `ce_source`: the same name from two producers is
two alerts. The event's `time` is when this event was made, which differs from one repeat to
the next, so that it does not stand for the alert's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from airmend.errors import PayloadError
from airmend.incident import fields
from airmend.incident.model import Alert
from airmend.incident.sources import generic

NAME = "cloudevents"
_REQUIRED = ("specversion", "id", "source", "type")
_ALERT_PARTS = {"data", "data_base64"}


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an event into the alerts of its data; see `Source.parse`."""
    if isinstance(body, list):
        raise PayloadError("", "is a batch; send each event in a request of its own")
    binary = _is_binary(headers, body)
    attributes = _read_attributes(headers, body)
    for name in _REQUIRED:
        if not fields.read_text(attributes.get(name)):
            raise PayloadError(f"ce-{name}" if binary else name, "is missing")
    version = fields.read_text(attributes["specversion"])
    if version != "1.0":
        raise PayloadError("specversion", f"is '{version[:20]}'; only '1.0' is read")
    data = body if binary else _read_data(body)
    producer = fields.cut(fields.read_text(attributes["source"]), fields.LABEL_LIMIT)
    alerts = generic.read_alerts(
        data, source=NAME, field="" if binary else "data", labels={"ce_source": producer}
    )
    context = fields.without_empty(attributes)
    return [
        alert.model_copy(
            update={"unmapped": fields.without_empty(alert.unmapped | {"cloudevent": context})}
        )
        for alert in alerts
    ]


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The event's `source` and `id`, which are one event's alone."""
    attributes = _read_attributes(headers, body)
    producer, event = (fields.read_text(attributes.get(name)) for name in ("source", "id"))
    return f"{producer} {event}" if producer and event else None


def _is_binary(headers: Mapping[str, str], body: object) -> bool:
    structured = headers.get("content-type", "").lower().startswith("application/cloudevents")
    return not structured and "ce-specversion" in headers


def _read_attributes(headers: Mapping[str, str], body: object) -> dict[str, Any]:
    if _is_binary(headers, body):
        return {
            name.removeprefix("ce-"): fields.storable(unquote(value))
            for name, value in headers.items()
            if name.startswith("ce-")
        }
    if not isinstance(body, Mapping):
        return {}
    return {key: fields.storable(value) for key, value in body.items() if key not in _ALERT_PARTS}


def _read_data(body: object) -> object:
    document = fields.read_object(body, "")
    if "data_base64" in document:
        raise PayloadError("data_base64", "is not read; send the alert as JSON in 'data'")
    return document.get("data")
