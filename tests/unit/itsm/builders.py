"""Tickets of which a test overrides one thing."""

from __future__ import annotations

from typing import Any

from airmend.itsm.model import DesiredTicket, Note, Stage, TicketKind
from tests.builders import AT


def make_desired(**override: Any) -> DesiredTicket:
    """The ticket of a change that waits for its approval."""
    fields: dict[str, Any] = {
        "kind": TicketKind.CHANGE,
        "subject_id": "CHG-1",
        "incident_id": "INC-1",
        "title": "Restart the service",
        "description": "",
        "link": "https://airflow.example/airmend/incidents/INC-1",
        "stage": Stage.AUTHORIZE,
    }
    return DesiredTicket(**(fields | override))


def make_note(fact: int, text: str = "The guard passed") -> Note:
    """A fact as a note."""
    return Note(fact=fact, at=AT, text=text)
