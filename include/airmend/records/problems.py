"""Problems: an error that came back after it was repaired is one, until a person closes it.

ITIL: a problem is a cause, or a possible cause, of incidents. What is automatic treats the
symptom; that it comes back within the horizon says that the cause is still there.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind, Problem, Recurrence
from airmend.records.problem_tables import ProblemRow, RecurrenceRow
from airmend.records.runbooks import get_version
from airmend.records.tables import ChangeRow

_PREFIX = "PRB"


def open_problem(
    session: Session, change: ChangeRequest, recurrence: Recurrence, *, at: datetime
) -> str:
    """Write down what came back, under the open problem of its runbook; gives its number.

    A problem is opened where there is none. To be called once a change.

    Args:
        session: The transaction.
        change: The success that did not last.
        recurrence: What came back.
        at: Now; aware.
    """
    row = session.scalars(
        select(ProblemRow).where(
            ProblemRow.runbook_id == change.runbook_id, ProblemRow.closed_at.is_(None)
        )
    ).first()
    if row is None:
        known_error = get_version(session, change.runbook_digest).runbook.known_error
        row = ProblemRow(
            id=f"{_PREFIX}-{change.id.partition('-')[2] or change.id}",
            runbook_id=change.runbook_id,
            known_error_id=known_error.id,
            opened_at=at,
            closed_at=None,
            closed_by="",
            close_reason="",
        )
        session.add(row)
        session.flush()
        kind, text = FactKind.PROBLEM_OPENED, "is opened: the cause is still there"
    else:
        kind, text = FactKind.PROBLEM_SEEN, "is seen once more"
    session.add(
        RecurrenceRow(
            change_id=change.id,
            incident_id=recurrence.incident_id,
            at=recurrence.at,
            problem_id=row.id,
        )
    )
    append_fact(
        session,
        kind,
        f"Problem {row.id} of known error {row.known_error_id} {text}. Change {change.id} had "
        f"succeeded, and its incident came back {recurrence.at:%Y-%m-%d %H:%M:%S} UTC",
        at=at,
        incident_id=recurrence.incident_id,
        change_id=change.id,
        digest=change.runbook_digest,
    )
    return row.id


def list_problems(session: Session, *, closed: bool = False) -> list[Problem]:
    """The open problems, or all of them, newest first, each with the changes that speak of it."""
    query = select(ProblemRow).order_by(ProblemRow.opened_at.desc(), ProblemRow.id)
    if not closed:
        query = query.where(ProblemRow.closed_at.is_(None))
    return [_to_model(session, row) for row in session.scalars(query)]


def close_problem(
    session: Session, problem_id: str, *, by: str, reason: str, at: datetime
) -> Problem | None:
    """Close a problem, and say in the stories of its changes who did and why.

    Returns:
        The problem; None where none of this number is open.
    """
    row = session.get(ProblemRow, problem_id)
    if row is None or row.closed_at is not None:
        return None
    problem = _to_model(session, row)
    row.closed_at, row.closed_by, row.close_reason = at, by, reason
    for change_id, incident_id in problem.changes.items():
        append_fact(
            session,
            FactKind.PROBLEM_CLOSED,
            f"Problem {row.id} is closed by {by}: {reason}",
            at=at,
            incident_id=incident_id,
            change_id=change_id,
        )
    return problem.model_copy(update={"closed_at": at, "closed_by": by, "close_reason": reason})


def _to_model(session: Session, row: ProblemRow) -> Problem:
    query = (
        select(ChangeRow.id, ChangeRow.incident_id)
        .join(RecurrenceRow, RecurrenceRow.change_id == ChangeRow.id)
        .where(RecurrenceRow.problem_id == row.id)
        .order_by(RecurrenceRow.at, ChangeRow.id)
    )
    return Problem(
        id=row.id,
        runbook_id=row.runbook_id,
        known_error_id=row.known_error_id,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        close_reason=row.close_reason,
        changes={row.id: row.incident_id for row in session.execute(query)},
    )
