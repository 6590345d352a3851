"""CloudEvents 1.0 over HTTP whose data is an alert in our generic form (see `generic.py`).

Source of the form: https://github.com/cloudevents/spec, `spec.md`, `formats/json-format.md`
and `bindings/http-protocol-binding.md`. Structured mode has the attributes beside `data` in
the body; batched mode (`application/cloudevents-batch+json`) has a list of such events; binary
mode has the attributes in `ce-*` headers and the data as the body. Instead of `data`, an event
may carry its JSON as `data_base64`.

The event's `source` is a label of the alert, `ce_source`: the same name from two producers is
two alerts. The event's `time` is when this event was made, which differs from one repeat to
the next, so that it does not stand for the alert's start.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from airmend.errors import MalformedBodyError, PayloadError
from airmend.incident import fields
from airmend.incident.model import Alert
from airmend.incident.sources import generic

NAME = "cloudevents"
PROOFS = ("standard_webhooks", "bearer", "basic")

_REQUIRED = ("specversion", "id", "source", "type")
_DATA, _ENCODED = "data", "data_base64"
_STRUCTURED = "application/cloudevents"
_BATCHED = "application/cloudevents-batch"


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn an event, or a batch of them, into the alerts of their data; see `Source.parse`."""
    if _is_binary(headers):
        attributes = _attributes_of_headers(headers)
        _check_attributes(attributes, "ce-", "")
        return _read_alerts(attributes, body, "")
    if not isinstance(body, list) and not _media_type(headers).startswith(_BATCHED):
        return _read_event(body, "")
    events = enumerate(fields.read_alert_list(body, ""))
    alerts = [alert for at, event in events for alert in _read_event(event, f"[{at}]")]
    return fields.read_alert_list(alerts, "")


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The event's `source` and `id`, which are one event's alone; of a batch, those of all."""
    if _is_binary(headers):
        return _identify(_attributes_of_headers(headers))
    events = body[: fields.MAX_ALERTS + 1] if isinstance(body, list) else [body]
    given = [_identify(_attributes_of(event)) for event in events]
    known = [identity for identity in given if identity]
    return "\n".join(known) if known and len(known) == len(given) else None


def _identify(attributes: Mapping[str, Any]) -> str | None:
    producer, event = (fields.read_text(attributes.get(name)) for name in ("source", "id"))
    return f"{producer} {event}" if producer and event else None


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").strip().lower()


def _is_binary(headers: Mapping[str, str]) -> bool:
    return not _media_type(headers).startswith(_STRUCTURED) and "ce-specversion" in headers


def _attributes_of_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        name.removeprefix("ce-"): fields.storable(unquote(value))
        for name, value in headers.items()
        if name.startswith("ce-")
    }


def _attributes_of(event: object) -> dict[str, Any]:
    if not isinstance(event, Mapping):
        return {}
    return {
        key: fields.storable(value) for key, value in event.items() if key not in {_DATA, _ENCODED}
    }


def _read_event(value: object, place: str) -> list[Alert]:
    """An event in structured mode, alone or in a batch."""
    event = fields.read_object(value, place)
    inside = f"{place}." if place else ""
    attributes = _attributes_of(event)
    _check_attributes(attributes, inside, inside)
    if _ENCODED not in event:
        return _read_alerts(attributes, event.get(_DATA), f"{inside}{_DATA}")
    if event.get(_DATA) is not None:
        raise PayloadError(f"{inside}{_ENCODED}", f"stands beside '{_DATA}'; send one of them")
    field = f"{inside}{_ENCODED}"
    return _read_alerts(attributes, _decode(event[_ENCODED], field), field)


def _check_attributes(attributes: Mapping[str, Any], prefix: str, place: str) -> None:
    for name in _REQUIRED:
        if not fields.read_text(attributes.get(name)):
            raise PayloadError(f"{prefix}{name}", "is missing")
    version = fields.read_text(attributes["specversion"])
    if version != "1.0":
        raise PayloadError(f"{place}specversion", f"is '{version[:20]}'; only '1.0' is read")


def _decode(value: object, field: str) -> object:
    try:
        return fields.decode_json(base64.b64decode(fields.read_text(value), validate=True))
    except (binascii.Error, ValueError, MalformedBodyError) as error:
        raise PayloadError(field, "is no JSON in base64; send the alert as JSON") from error


def _read_alerts(attributes: Mapping[str, Any], data: object, field: str) -> list[Alert]:
    producer = fields.cut(fields.read_text(attributes["source"]), fields.LABEL_LIMIT)
    alerts = generic.read_alerts(data, source=NAME, field=field, labels={"ce_source": producer})
    context = fields.without_empty(attributes)
    return [
        alert.model_copy(
            update={"unmapped": fields.without_empty(alert.unmapped | {"cloudevent": context})}
        )
        for alert in alerts
    ]
