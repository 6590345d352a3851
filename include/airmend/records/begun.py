"""Changes that have begun and have not ended, with what each is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.change.model import FINAL_CHANGE_STATUSES, ChangeRequest, ChangeStatus
from airmend.records.runbook_tables import RunbookVersionRow
from airmend.records.tables import ChangeRow, StartRow

AT_WORK = frozenset({ChangeStatus.EXECUTING, ChangeStatus.VERIFYING, ChangeStatus.ROLLING_BACK})


@dataclass(frozen=True)
class Begun:
    """A change that passed its guard and has not ended."""

    change: ChangeRequest
    service: str  # the one that its runbook changes
    length: timedelta  # how long its steps may take

    @property
    def is_at_work(self) -> bool:
        """Whether its steps have begun; otherwise it is assessed, or waits."""
        return self.change.status in AT_WORK

    @property
    def hosts(self) -> Sequence[str]:
        """Where it works."""
        return [target.name for target in self.change.targets]


def list_begun(session: Session, *, without: str = "") -> list[Begun]:
    """Changes that have begun and have not ended, by their ids.

    Args:
        session: The transaction.
        without: The id of a change to leave out: the one that asks.
    """
    rows = session.execute(
        select(ChangeRow, StartRow.service, RunbookVersionRow.document)
        .join(StartRow, StartRow.change_id == ChangeRow.id)
        .join(RunbookVersionRow, RunbookVersionRow.digest == ChangeRow.runbook_digest)
        .where(
            ChangeRow.id != without,
            ChangeRow.status.not_in([status.value for status in FINAL_CHANGE_STATUSES]),
        )
        .order_by(ChangeRow.id)
    )
    return [
        Begun(
            change=ChangeRequest.model_validate(row, from_attributes=True),
            service=service,
            length=timedelta(seconds=document["runbook"]["change"]["timeout_seconds"]),
        )
        for row, service, document in rows
    ]
