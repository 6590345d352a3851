"""Mutes, maintenance windows and the log of the kill switch; nothing is ever removed.

A rule is written once and ended early at most once, with who and why. The kill switch is a log:
its newest entry is how it stands, so that stopping needs one row and no lock. Nothing is kept in
memory: whoever asks within a transaction sees every stop that was committed before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Dialect, bindparam, or_, select, text, update
from sqlalchemy.orm import Session

from airmend.incident.model import KillSwitch, Scope, ScopeKind, SuppressionKind, SuppressionRule
from airmend.records.prepared import Read, connection_of
from airmend.records.suppression_tables import KillSwitchRow, SuppressionRow


def create_suppression(session: Session, rule: SuppressionRule) -> None:
    """Store a new rule.

    Raises:
        sqlalchemy.exc.IntegrityError: Its id is used.
    """
    fields = rule.model_dump(mode="python", exclude={"scope", "kind"})
    session.add(
        SuppressionRow(
            **fields,
            kind=rule.kind.value,
            scope_kind=rule.scope.kind.value,
            scope_value=rule.scope.value,
        )
    )
    session.flush()


def end_suppression(
    session: Session, rule_id: str, *, by: str, reason: str, at: datetime
) -> SuppressionRule | None:
    """End a rule before its time; one that is over or was ended stays as it ended.

    Returns:
        The rule as it stands afterwards; None when there is no such rule.
    """
    session.execute(
        update(SuppressionRow)
        .where(
            SuppressionRow.id == rule_id,
            SuppressionRow.ended_at.is_(None),
            SuppressionRow.ends_at > at,
        )
        .values(ended_at=at, ended_by=by, end_reason=reason)
    )
    return find_rule(session, rule_id)


def find_rule(session: Session, rule_id: str) -> SuppressionRule | None:
    """One rule by its id, or None."""
    row = session.get(SuppressionRow, rule_id, populate_existing=True)
    return _to_model(row) if row else None


def active_suppressions(session: Session, at: datetime) -> list[SuppressionRule]:
    """The rules that hold incidents back at a time, oldest first."""
    return [rule for rule in coming_suppressions(session, at) if rule.starts_at <= at]


def coming_suppressions(session: Session, at: datetime) -> list[SuppressionRule]:
    """The rules that hold incidents back at a time or will, in the order of their starts."""
    connection = connection_of(session)
    rows = _queries(connection.dialect).coming.rows(connection, at=at)
    names = [column.name for column in _rule]
    return [_to_model(SimpleNamespace(**dict(zip(names, row, strict=True)))) for row in rows]


def past_suppressions(session: Session, at: datetime, *, limit: int) -> list[SuppressionRule]:
    """The rules that are over, those that were made last first."""
    rows = session.scalars(
        select(SuppressionRow)
        .where(or_(SuppressionRow.ends_at <= at, SuppressionRow.ended_at <= at))
        .order_by(SuppressionRow.created_at.desc(), SuppressionRow.id.desc())
        .limit(limit)
    )
    return [_to_model(row) for row in rows]


def set_kill_switch(session: Session, entry: KillSwitch) -> bool:
    """Add an entry to the log of the kill switch; switching off what is off adds none.

    A second stop is added: it has a reason of its own.

    Returns:
        Whether it was added.
    """
    if session.get_bind().dialect.name == "postgresql":
        # numbers are drawn before a commit: of two at once, the one that commits last must have
        # the higher one. SQLite has one writer at a time anyway
        session.execute(text("LOCK TABLE kill_switch IN SHARE ROW EXCLUSIVE MODE"))
    state = kill_switch_state(session)
    if not entry.is_on and (state is None or not state.is_on):
        return False
    session.add(KillSwitchRow(**entry.model_dump(mode="python")))
    session.flush()
    return True


def kill_switch_state(session: Session) -> KillSwitch | None:
    """How the kill switch stands: its newest entry; None where it was never used."""
    connection = connection_of(session)
    rows = _queries(connection.dialect).newest.rows(connection)
    if not rows:
        return None
    return KillSwitch.model_validate(dict(zip(_SWITCH_NAMES, rows[0], strict=True)))


def kill_switch_log(session: Session, *, limit: int) -> list[KillSwitch]:
    """Who stopped and resumed all remediations, when and why; the newest first."""
    rows = session.scalars(select(KillSwitchRow).order_by(KillSwitchRow.id.desc()).limit(limit))
    return [KillSwitch.model_validate(row) for row in rows]


_rule, _switch = SuppressionRow.__table__.c, KillSwitchRow.__table__.c
_SWITCH_NAMES = tuple(KillSwitch.model_fields)


@dataclass(frozen=True)
class _Queries:
    coming: Read
    newest: Read


@lru_cache(maxsize=8)
def _queries(dialect: Dialect) -> _Queries:
    """What is asked once a batch of alerts, compiled."""
    at = bindparam("at", type_=_rule.ends_at.type)
    return _Queries(
        coming=Read(
            select(*_rule)
            .where(_rule.ends_at > at, or_(_rule.ended_at.is_(None), _rule.ended_at > at))
            .order_by(_rule.starts_at, _rule.id),
            dialect,
        ),
        newest=Read(
            select(*(_switch[name] for name in _SWITCH_NAMES)).order_by(_switch.id.desc()).limit(1),
            dialect,
        ),
    )


def _to_model(row: Any) -> SuppressionRule:
    """A rule from its row, or from a query's values under the same names."""
    return SuppressionRule(
        id=row.id,
        kind=SuppressionKind(row.kind),
        scope=Scope(kind=ScopeKind(row.scope_kind), value=row.scope_value),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        author=row.author,
        reason=row.reason,
        created_at=row.created_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_reason=row.end_reason,
    )
