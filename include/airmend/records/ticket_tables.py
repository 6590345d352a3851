"""The tables of the ticket sync: what a ticket system was told last, and how the system stands.

Nothing refers to these rows and they refer to nothing, so that no repair waits for them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import false
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class TicketRow(Table):
    """One change or incident in one ticket system.

    `intended_at` is written before a ticket is created, so that a process which died in between
    is known to have perhaps made one. `told_facts` are the numbers of the facts that the ticket
    holds; `told_version` is the state of the records that it was brought to.
    """

    __tablename__ = "tickets"

    system: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)  # of the change or the incident
    kind: Mapped[str]
    incident_id: Mapped[str] = mapped_column(index=True)
    enrolled_at: Mapped[datetime]
    external_id: Mapped[str] = mapped_column(default="")
    number: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    intended_at: Mapped[datetime | None]
    told_facts: Mapped[list[Any]] = mapped_column(default=list)
    told_version: Mapped[str] = mapped_column(default="")
    told_stage: Mapped[str] = mapped_column(default="")
    told_at: Mapped[datetime | None]
    is_settled: Mapped[bool] = mapped_column(default=False, server_default=false(), index=True)
    attempts: Mapped[int] = mapped_column(default=0)  # failed ones since the last that went well
    next_try_at: Mapped[datetime | None]
    is_refused: Mapped[bool] = mapped_column(default=False)
    last_error: Mapped[str] = mapped_column(default="")


class TicketSystemRow(Table):
    """One ticket system: since when it is told, who is telling it now, and when it is asked again.

    `fact_mark` is the highest number of a fact that was looked at.
    """

    __tablename__ = "ticket_systems"

    system: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    fact_mark: Mapped[int] = mapped_column(default=0)
    held_by: Mapped[str] = mapped_column(default="")
    held_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    paused_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")
    reached_at: Mapped[datetime | None]
