"""Airmend's own form, for scripts and for senders that let their webhook's JSON be written.

The body is one alert, or several below `alerts`:

    {
      "name": "ServiceDown",
      "status": "firing",
      "severity": "critical",
      "service": "shop",
      "host": "web1",
      "summary": "The shop does not answer.",
      "labels": {"team": "web"},
      "starts_at": "2026-03-02T09:00:00Z",
      "link": "https://monitoring.example/alerts/17"
    }

    {"delivery_id": "7d1c", "alerts": [{"name": "DiskFull", "status": "resolved", "host": "db1"}]}

`delivery_id` is the id of this one HTTP call: the same id again is the same delivery, and
starts nothing. It is not the id of the alert, which stays the same from firing to resolved;
that is `fingerprint`. The header `webhook-id` of Standard Webhooks goes before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from airmend.errors import PayloadError
from airmend.incident import fields, times
from airmend.incident.model import Alert, AlertStatus, Severity, fingerprint_labels

NAME = "generic"


def _require_time(value: object) -> datetime | None:
    moment = times.read_time(value)
    if moment is None and not times.is_unset_time(value):
        raise ValueError("is not a time; write it as 2026-03-02T09:00:00Z")
    return moment


def _text(limit: int) -> BeforeValidator:
    return BeforeValidator(lambda value: fields.cut(fields.read_text(value), limit))


Labels = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)]
Time = Annotated[datetime | None, BeforeValidator(_require_time)]


class GenericAlert(BaseModel):
    """One alert in Airmend's own form; other keys are kept as `unmapped`.

    Only `name` and `status` are required. Send a `fingerprint`, or labels that stay the same
    from firing to resolved: without a fingerprint, an alert is known by its name, service,
    host and labels. Send `starts_at` where it is known: an alert that comes again with the
    same start is the same trouble, also after its incident was closed.
    """

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, _text(fields.NAME_LIMIT)] = Field(min_length=1, examples=["ServiceDown"])
    status: AlertStatus = Field(examples=["firing", "resolved"])
    severity: Annotated[Severity, BeforeValidator(fields.read_severity)] = Field(
        default=Severity.UNKNOWN, examples=["critical", "warning"]
    )
    fingerprint: Annotated[str, BeforeValidator(fields.read_text)] = Field(
        default="", max_length=100, examples=["shop-web1-down"]
    )
    service: Annotated[str, _text(fields.NAME_LIMIT)] = Field(default="", examples=["shop"])
    host: Annotated[str | None, BeforeValidator(fields.read_host)] = Field(
        default=None, description="A port is dropped.", examples=["web1", "web1:9100"]
    )
    summary: Annotated[str, _text(fields.SUMMARY_LIMIT)] = ""
    description: Annotated[str, _text(fields.TEXT_LIMIT)] = ""
    labels: Labels = Field(default_factory=dict, examples=[{"team": "web"}])
    annotations: Labels = Field(default_factory=dict)
    starts_at: Time = Field(default=None, examples=["2026-03-02T09:00:00Z"])
    ends_at: Time = None
    link: Annotated[str | None, BeforeValidator(fields.read_link)] = Field(
        default=None, description="Only http and https.", examples=["https://monitoring.example/17"]
    )


def parse(body: object, headers: Mapping[str, str]) -> list[Alert]:
    """Turn one or several generic alerts into alerts; see `Source.parse`."""
    return read_alerts(body, source=NAME, field="")


def delivery_id(headers: Mapping[str, str], body: object) -> str | None:
    """The header `webhook-id`, or the body's `delivery_id`."""
    given = body.get("delivery_id") if isinstance(body, Mapping) else None
    return headers.get("webhook-id") or fields.read_text(given) or None


def read_alerts(
    value: object, *, source: str, field: str, labels: dict[str, str] | None = None
) -> list[Alert]:
    """Read the generic form where it stands inside another one.

    Args:
        value: The decoded JSON.
        source: Name of the source that asks.
        field: Where the value stands, for messages; "" for the whole document.
        labels: Labels that the envelope gives to every alert; they go before its own.

    Raises:
        PayloadError: It is not the generic form.
    """
    document = fields.read_object(value, field)
    document.pop("delivery_id", None)
    place = f"{field}." if field else ""
    if "alerts" not in document:
        return [_read_alert(document, source, place, labels or {})]
    several = fields.read_alert_list(document["alerts"], f"{place}alerts")
    return [
        _read_alert(
            fields.read_object(item, f"{place}alerts[{at}]"),
            source,
            f"{place}alerts[{at}].",
            labels or {},
        )
        for at, item in enumerate(several)
    ]


def _read_alert(
    document: dict[str, Any], source: str, place: str, envelope: dict[str, str]
) -> Alert:
    try:
        alert = GenericAlert.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise PayloadError(f"{place}{name}", first["msg"].removeprefix("Value error, ")) from error
    labels, other_labels = fields.read_labels(alert.labels, f"{place}labels")
    annotations, other_annotations = fields.read_labels(
        alert.annotations, f"{place}annotations", fields.TEXT_LIMIT
    )
    return Alert(
        source=source,
        name=alert.name,
        status=alert.status,
        severity=alert.severity,
        fingerprint=f"{source}:{alert.fingerprint or _identify(alert, source, envelope)}",
        service=alert.service or None,
        host=alert.host,
        summary=alert.summary,
        description=alert.description,
        labels=labels | envelope,
        annotations=annotations,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        link=alert.link,
        unmapped=fields.without_empty(
            {"labels": other_labels, "annotations": other_annotations} | (alert.model_extra or {})
        ),
    )


def _identify(alert: GenericAlert, source: str, envelope: dict[str, str]) -> str:
    """The computed fingerprint: service and host count, which need not be among the labels."""
    as_sent = {key: str(item) for key, item in alert.labels.items()} | envelope
    parts = {"alert.service": alert.service, "alert.host": alert.host or ""}
    return fingerprint_labels(source, alert.name, as_sent | parts)
