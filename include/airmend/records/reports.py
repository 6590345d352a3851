"""Reports in the records: one document a change, replaced when it is made again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from airmend.records.database import insert_into
from airmend.records.tables import ChangeRow, ReportRow


@dataclass(frozen=True)
class ReportSummary:
    """One line of the list of reports; a field that the document lacks is None."""

    change_id: str
    incident_id: str
    made_at: datetime
    outcome: str | None
    headline: str | None
    incident_name: str | None
    severity: str | None
    service: str | None
    runbook_id: str | None
    runbook_version: str | None
    change_type: str | None


def store_report(
    session: Session,
    report_document: dict[str, Any],
    change_id: str,
    incident_id: str,
    at: datetime,
) -> None:
    """Keep the report of a change; the same change again replaces it, also at the same instant."""
    values = {"incident_id": incident_id, "made_at": at, "document": report_document}
    session.execute(
        insert_into(session, ReportRow)
        .values(change_id=change_id, **values)
        .on_conflict_do_update(index_elements=["change_id"], set_=values)
    )


def list_reports(
    session: Session, limit: int = 50, before: str | None = None
) -> list[ReportSummary]:
    """Reports newest first, without their documents, which may be large.

    Args:
        session: A session of the records.
        limit: At most so many.
        before: The change id of the last report already seen: only older ones follow. One that
            is not known gives an empty list.
    """
    document = ReportRow.document
    query = select(
        ReportRow.change_id,
        ReportRow.incident_id,
        ReportRow.made_at,
        document["outcome"].as_string(),
        document["headline"].as_string(),
        document[("incident", "name")].as_string(),
        document[("incident", "severity")].as_string(),
        document[("incident", "service")].as_string(),
        document[("runbook", "id")].as_string(),
        document[("runbook", "version")].as_string(),
        document[("change", "type")].as_string(),
    )
    if before is not None:
        seen = session.get(ReportRow, before)
        if seen is None:
            return []
        place = tuple_(ReportRow.made_at, ReportRow.change_id)
        query = query.where(place < tuple_(seen.made_at, seen.change_id))
    query = query.order_by(ReportRow.made_at.desc(), ReportRow.change_id.desc()).limit(limit)
    return [ReportSummary(*row) for row in session.execute(query)]


def load_report(session: Session, change_id: str) -> dict[str, Any] | None:
    """The document of a change's report; None while there is none."""
    row = session.get(ReportRow, change_id)
    return row.document if row else None


def latest_reported(session: Session, incident_id: str) -> str | None:
    """The change of an incident that was requested last among those with a report; else None.

    When a report was made says nothing of it: each may be made again.
    """
    return session.scalar(
        select(ReportRow.change_id)
        .join(ChangeRow, ChangeRow.id == ReportRow.change_id)
        .where(ReportRow.incident_id == incident_id)
        .order_by(ChangeRow.requested_at.desc(), ChangeRow.id.desc())
        .limit(1)
    )


def load_incident_report(session: Session, incident_id: str) -> dict[str, Any] | None:
    """The document of the report about an incident's latest change that has one, else None."""
    change_id = latest_reported(session, incident_id)
    return load_report(session, change_id) if change_id else None
