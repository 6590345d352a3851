"""A bad night in the records: forty incidents of every status, grouped, held back, unmatched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from airmend.change.model import ChangeStatus, ChangeType
from airmend.change.topology import Service, Topology
from airmend.incident.model import (
    Alert,
    AlertStatus,
    Incident,
    IncidentStatus,
    MatchRejection,
    Member,
    Severity,
    Suppression,
)
from airmend.records.changes import change_values
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.tables import AlertRow, ChangeRow, DeliveryRow, IncidentMemberRow, ReportRow
from tests.builders import make_alert, make_change, make_incident, make_member

SERVICES = {
    "web-portal": (1, "frontend"),
    "mobile-app": (1, "frontend"),
    "frontend": (1, "ad cart checkout currency product-catalog recommendation shipping"),
    "partner-api": (3, "checkout"),
    "checkout": (1, "cart payment currency shipping email product-catalog"),
    "cart": (2, "redis-cart"),
    "recommendation": (3, "product-catalog"),
    "product-catalog": (2, "postgres"),
    "payment": (1, "postgres"),
    "shipping": (2, ""),
    "email": (3, ""),
    "ad": (4, ""),
    "currency": (2, ""),
    "redis-cart": (2, ""),
    "postgres": (1, ""),
}

TEXTS = (
    ("HighRequestLatency", "p99 of /checkout is 4.2 s, the objective is 0.5 s"),
    ("DiskFillingUp", "/var is 91 % full and will be full in about 3 hours"),
    ("CertificateExpiresSoon", "the certificate of shop.example ends in 6 days"),
    ("PodCrashLooping", "restarted 9 times within 10 minutes: OOMKilled"),
    ("磁盘空间不足", "数据库服务器的磁盘空间即将用尽,剩余 4%"),
    ("تحذير: الذاكرة ممتلئة", "استخدام الذاكرة أعلى من 95% على الخادم"),
    ("ΥπηρεσίαΕκτόςΛειτουργίας", "Η υπηρεσία πληρωμών δεν απαντά εδώ και 5 λεπτά"),  # noqa: RUF001
    ("A" * 180, "a very long name " * 25),
    ("<script>alert(1)</script>", "</td></table><img src=x onerror=alert(1)> {{ 7 * 7 }}"),
)


def make_topology() -> Topology:
    """A web shop of fifteen services."""
    return Topology(
        Service(name=name, tier=tier, owner=f"{name}-team", depends_on=tuple(needed.split()))
        for name, (tier, needed) in SERVICES.items()
    )


def fill_storm(session: Session, now: datetime, count: int = 40) -> None:
    """Write `count` incidents, the newest one a group of the shop's checkout."""
    for number in range(count):
        _write(session, number, now)
    session.flush()


def _write(session: Session, number: int, now: datetime) -> None:
    name, summary = TEXTS[number % len(TEXTS)]
    service = list(SERVICES)[number * 7 % len(SERVICES)]
    opened = now - timedelta(seconds=40 + 97 * number * (1 + number // 8))
    statuses = list(IncidentStatus)
    status = statuses[number % len(statuses)] if number else IncidentStatus.REMEDIATING
    incident = make_incident(
        id=f"INC-20260302-{number:08d}",
        fingerprint=f"alertmanager:{number:032x}",
        name=name if number else "CheckoutErrors",
        summary=summary if number else "31 % of the orders fail: cart does not answer",
        status=status,
        severity=list(Severity)[number % 4],
        service=service if number else "checkout",
        host=f"{service if number else 'checkout'}-{number % 5}.prod.example",
        alert_count=1 if number % 6 else 4 if number else 17,
        labels={"alertname": name, "job": service, "env": "prod"},
        opened_at=opened,
        started_at=opened - timedelta(seconds=15),
        closed_at=None if status.is_open else opened + timedelta(seconds=200 + number),
        recovered_at=(
            opened + timedelta(seconds=180) if status is IncidentStatus.RECOVERED else None
        ),
        **_extras(status, number),
    )
    create_incident(session, incident)
    append_fact(
        session,
        FactKind.INCIDENT_OPENED,
        f"alertmanager reports {incident.name} on {incident.host}",
        at=opened,
        incident_id=incident.id,
        delivery=number,
    )
    if status is IncidentStatus.ESCALATED:
        append_fact(
            session,
            FactKind.INCIDENT_ESCALATED,
            "it flaps: 4 firings within 60 minutes, so nothing is started",
            at=opened,
            incident_id=incident.id,
        )
    _write_alert(session, incident, incident.fingerprint, opened, number)
    if status in {IncidentStatus.REMEDIATING, IncidentStatus.REMEDIATED}:
        _write_change(session, incident, number)
    if number % 6 == 0:
        _write_members(session, incident, 9 if number == 0 else 3, opened)


def _extras(status: IncidentStatus, number: int) -> dict[str, Any]:
    if status is IncidentStatus.SUPPRESSED:
        held = Suppression(
            rule_id="MUT-20260302-QWERTZUI",
            author="olivia",
            reason="muted until 2026-03-02 12:00 UTC: the rack is being moved",
        )
        return {"suppression": held}
    if status is IncidentStatus.UNMATCHED:
        return {
            "rejections": [
                MatchRejection(runbook_id="disk-full", reason="the name is not 'DiskFull'"),
                MatchRejection(runbook_id="service-down", reason="label 'job' is not there"),
            ],
            "suggestions": [
                {
                    "known_error_id": "KE-1003",
                    "title": "The open file limit is reached",
                    "score": 0.8213,
                    "words": ["open", "files", "limit"],
                },
                {"runbook_id": "disk-filling-up", "score": 0.41, "words": ["disk"]},
            ],
        }
    return {}


def _write_change(session: Session, incident: Incident, number: int) -> None:
    ended = incident.status is IncidentStatus.REMEDIATED
    change = make_change(
        id=f"CHG-{number:08d}",
        incident_id=incident.id,
        runbook_id=("service-down", "disk-filling-up", "file-descriptor-limit")[number % 3],
        change_type=ChangeType.NORMAL if number % 2 == 0 else ChangeType.STANDARD,
        status=ChangeStatus.SUCCEEDED
        if ended
        else (ChangeStatus.AWAITING_APPROVAL, ChangeStatus.EXECUTING)[number % 2],
        run_id=f"airmend__{incident.id}",
        requested_at=incident.opened_at,
        ended_at=incident.closed_at,
    )
    session.add(ChangeRow(**change_values(change)))
    session.flush()
    if ended:
        session.add(
            ReportRow(
                change_id=change.id,
                incident_id=incident.id,
                made_at=incident.closed_at,
                document={"outcome": "resolved"},
            )
        )


def _write_members(session: Session, incident: Incident, count: int, opened: datetime) -> None:
    reach = ["cart", "redis-cart", "frontend", "payment", "email", "currency"]
    for number in range(count):
        service = reach[number % len(reach)]
        over = number % 4 == 3
        at = opened + timedelta(seconds=2 + number)
        member = make_member(
            incident,
            fingerprint=f"alertmanager:{incident.id}-{number}",
            name=("HighErrorRate", "RedisDown", "HighRequestLatency")[number % 3],
            service=service,
            host=f"{service}-{number}.prod.example",
            is_primary=False,
            is_firing=incident.status.is_open and not over,
            fired_at=at,
            resolved_at=at + timedelta(seconds=20) if over else None,
            evidence=[
                f"{service} is 1 step from checkout, {2 + number} s after it",
                "no runbook takes it by itself",
            ],
            alert_count=1 + number % 3,
        )
        _add_member(session, member)
        _write_alert(session, incident, member.fingerprint, at, number, member)


def _add_member(session: Session, member: Member) -> None:
    fields = member.model_dump(mode="python")
    fields["firings"] = [at.isoformat() for at in member.firings]
    session.add(IncidentMemberRow(**fields))
    session.flush()


def _write_alert(
    session: Session,
    incident: Incident,
    fingerprint: str,
    at: datetime,
    number: int,
    member: Member | None = None,
) -> None:
    alert: Alert = make_alert(
        name=member.name if member else incident.name,
        status=AlertStatus.FIRING,
        fingerprint=fingerprint,
        service=member.service if member else incident.service,
        host=member.host if member else incident.host,
        summary=incident.summary,
        labels=incident.labels,
        link="https://prometheus.example/graph?g0.expr=up",
        links={"dashboard": "https://grafana.example/d/shop", "odd": "javascript:alert(1)"},
        unmapped={"groupKey": "{}:{alertname='X'}", "truncatedAlerts": number},
    )
    delivery = DeliveryRow(
        source="alertmanager",
        key=f"{incident.id}-{fingerprint}",
        received_at=at,
        body_sha256="0" * 64,
        body=b"{}",
        answer=None,
    )
    session.add(delivery)
    session.flush()
    session.add(
        AlertRow(
            delivery_id=delivery.id,
            incident_id=incident.id,
            fingerprint=fingerprint,
            status=alert.status.value,
            document=alert.model_dump(mode="json"),
        )
    )
    session.flush()
