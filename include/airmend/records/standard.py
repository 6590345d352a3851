"""Templates of standard changes, and the ladder of autonomy: read and written, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from airmend.records.database import take_turn, updated_one
from airmend.records.standard_model import Autonomy, AutonomyStep, Template
from airmend.records.standard_tables import AutonomyRow, TemplateRow

_LADDER_LOCK = 0x41524D54
"""Any number of our own, for PostgreSQL's advisory locks."""


def queue_for_ladder(session: Session) -> None:
    """Let one transaction at a time move a runbook on the ladder or renew a template.

    Two that read the same rung would both step from it.
    """
    take_turn(session, _LADDER_LOCK)


def add_template(session: Session, **values: Any) -> Template:
    """Keep an approved template; an earlier one of its runbook has to be suspended before.

    Args:
        session: The transaction.
        values: The columns, without `id` and what belongs to a suspension.
    """
    row = TemplateRow(**values, suspended_at=None, suspended_by="", suspension_reason="")
    session.add(row)
    session.flush()
    return Template.model_validate(row, from_attributes=True)


def suspend_template(
    session: Session, template_id: int, *, by: str, reason: str, at: datetime
) -> bool:
    """Suspend a template for good; False where it was before, and the first reason stays."""
    result = session.execute(
        update(TemplateRow)
        .where(TemplateRow.id == template_id, TemplateRow.suspended_at.is_(None))
        .values(suspended_at=at, suspended_by=by, suspension_reason=reason)
    )
    return updated_one(result)


def latest_template(session: Session, runbook_id: str) -> Template | None:
    """The template of a runbook that was approved last, suspended or not."""
    row = session.scalars(
        select(TemplateRow)
        .where(TemplateRow.runbook_id == runbook_id)
        .order_by(TemplateRow.id.desc())
        .limit(1)
    ).first()
    return None if row is None else Template.model_validate(row, from_attributes=True)


def active_templates(session: Session) -> list[Template]:
    """Every template that is not suspended, by runbook."""
    rows = session.scalars(
        select(TemplateRow)
        .where(TemplateRow.suspended_at.is_(None))
        .order_by(TemplateRow.runbook_id)
    )
    return [Template.model_validate(row, from_attributes=True) for row in rows]


def list_templates(session: Session, runbook_id: str | None = None) -> list[Template]:
    """Every template, or those of one runbook, oldest first."""
    query = select(TemplateRow).order_by(TemplateRow.id)
    if runbook_id is not None:
        query = query.where(TemplateRow.runbook_id == runbook_id)
    return [Template.model_validate(row, from_attributes=True) for row in session.scalars(query)]


def latest_step(session: Session, runbook_id: str) -> AutonomyStep | None:
    """The last move of a runbook on the ladder; None where it stands where it began."""
    row = session.scalars(
        select(AutonomyRow)
        .where(AutonomyRow.runbook_id == runbook_id)
        .order_by(AutonomyRow.id.desc())
        .limit(1)
    ).first()
    return None if row is None else AutonomyStep.model_validate(row, from_attributes=True)


def list_steps(session: Session, runbook_id: str) -> list[AutonomyStep]:
    """Every move of a runbook on the ladder, oldest first."""
    rows = session.scalars(
        select(AutonomyRow).where(AutonomyRow.runbook_id == runbook_id).order_by(AutonomyRow.id)
    )
    return [AutonomyStep.model_validate(row, from_attributes=True) for row in rows]


def current_rungs(session: Session) -> Mapping[str, Autonomy]:
    """Where every runbook stands that was ever moved."""
    newest = select(func.max(AutonomyRow.id)).group_by(AutonomyRow.runbook_id)
    rows = session.execute(
        select(AutonomyRow.runbook_id, AutonomyRow.level).where(AutonomyRow.id.in_(newest))
    )
    return {runbook_id: Autonomy(level) for runbook_id, level in rows}


def add_step(session: Session, step: AutonomyStep) -> None:
    """Move a runbook on the ladder."""
    session.add(AutonomyRow(**step.model_dump()))
    session.flush()


def has_cost_a_rung(session: Session, change_id: str) -> bool:
    """Whether a change has cost its runbook a rung before."""
    found = session.scalar(select(AutonomyRow.id).where(AutonomyRow.change_id == change_id))
    return found is not None
