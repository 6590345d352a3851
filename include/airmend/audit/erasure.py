"""Erasing a person: their name is taken out of the records, and every proof stays.

The name is replaced in each column that the log covers by salted hashes alone, and in what the
log does not cover. The salts of the fields that held it are removed; what the log says of them
stays, and nobody can guess it any more. The erasure itself is recorded, without the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, Table, select, update
from sqlalchemy.orm import Session

from airmend.audit.contents import read_contents, unsealed
from airmend.audit.kinds import KINDS
from airmend.audit.store import lock_sealing
from airmend.errors import AuditError
from airmend.records.audit_tables import AuditActionRow, LeafRow, PersonalFieldRow
from airmend.records.tables import AlertRow, ReportRow
from airmend.records.tables import Table as Root

ERASED = "[erased]"

_KEPT = {
    *("runbook_versions", "catalogs"),  # named by digests: authors are changed in the file
    "role_snapshots",  # the accounts of Airflow as they are now: an account is removed there
    *("audit_leaves", "audit_personal_fields", "audit_nodes", "audit_checkpoints"),
}
"""Tables that are not looked through."""

Scrub = Callable[[Any], Any]


@dataclass
class Erasure:
    """What was, or would be, erased.

    Args:
        columns: Table and column, with the number of rows.
        fields: Position and name of fields of the log.
        reports: Changes whose report held the name; it stands in files besides.
    """

    columns: dict[str, int] = field(default_factory=dict)
    fields: list[tuple[int, str]] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)


def erase_person(
    session: Session, name: str, *, by: str, reason: str, at: datetime, dry_run: bool = False
) -> Erasure:
    """Take a person's name out of the records.

    Args:
        session: The transaction.
        name: As it stands in the records; compared without case, as a whole word.
        by: Who erases.
        reason: Why; it must not hold the name.
        at: The time.
        dry_run: Find, and change nothing.

    Raises:
        AuditError: The name is too short, or stands in the reason.
    """
    scrub = make_scrubber(name)
    if scrub(reason) != reason or scrub(by) != by:
        raise AuditError("the reason and who erases are recorded: leave the name out of them")
    lock_sealing(session)
    _refuse_waiting(session, scrub)
    erasure, fields = Erasure(), set[tuple[int, str]]()
    for table in Root.metadata.sorted_tables:
        if table.name in _KEPT:
            continue
        for key, changes in _scrub_table(session, table, scrub):
            for column in changes:
                place = f"{table.name}.{column}"
                erasure.columns[place] = erasure.columns.get(place, 0) + 1
            if table.name == ReportRow.__tablename__:
                erasure.reports.append(key)
            fields |= set(_leaf_fields(session, table.name, key, set(changes)))
            if not dry_run:
                _store(session, table, key, changes)
    erasure.fields = sorted(fields)
    if not dry_run and erasure.columns:
        for position, name_of_field in erasure.fields:
            session.get_one(PersonalFieldRow, (position, name_of_field)).salt = None
        session.add(
            AuditActionRow(
                kind="erasure",
                at=at,
                by=by,
                reason=reason,
                detail={"fields": erasure.fields, "columns": erasure.columns},
            )
        )
        session.flush()
    return erasure


def make_scrubber(name: str) -> Scrub:
    """Gives any value without the name; keys of JSON stay.

    Raises:
        AuditError: The name is too short, or nobody's.
    """
    if len(name.strip()) < 2 or name.strip() == "policy":
        raise AuditError(f"'{name}' is nobody's name. Give it as it stands in the records")
    pattern = re.compile(rf"(?<!\w){re.escape(name.strip())}(?!\w)", re.IGNORECASE)

    def scrub(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(ERASED, value)
        if isinstance(value, dict):
            return {key: scrub(each) for key, each in value.items()}
        return [scrub(each) for each in value] if isinstance(value, list) else value

    return scrub


def _refuse_waiting(session: Session, scrub: Scrub) -> None:
    """A record that waits for its seal would be sealed without the name, as if it had none."""
    for kind in KINDS.values():
        keys = [key for key, _ in unsealed(session, kind)]
        for key, content in read_contents(session, kind, keys).items():
            if scrub(content.personal) != content.personal:
                raise AuditError(
                    f"{kind.name} {key} holds the name and is not sealed. Run `airmend audit seal`"
                )


def _scrub_table(
    session: Session, table: Table, scrub: Scrub
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that hold the name: key, and the new values of their columns."""
    kinds = [kind for kind in KINDS.values() if kind.table.__table__ is table]
    covered = {column for kind in kinds for names in kind.personal.values() for column in names}
    (key,) = (column.name for column in table.primary_key) if _has_one_key(table) else ("",)
    if not key:
        return
    columns = [
        column
        for column in table.columns
        if isinstance(column.type, String | JSON) and not column.primary_key
        if not column.foreign_keys and (not kinds or column.name in covered)
    ]
    if table.name == "deliveries":
        columns += [column for column in table.columns if isinstance(column.type, LargeBinary)]
    if not columns:
        return
    for row in session.execute(select(table.c[key], *columns)).mappings():
        changes: dict[str, Any] = {}
        for column in columns:
            value = row[column.name]
            if isinstance(value, bytes):
                text = value.decode(errors="replace")
                if scrub(text) != text:  # the digest of a body would tell a guess
                    digest = f"{ERASED}#{row[key]}"
                    changes |= {"body": b"", "body_sha256": ERASED, "key": digest}
            elif (new := scrub(value)) != value:
                changes.setdefault(column.name, new)
        if changes:
            yield str(row[key]), changes


def _has_one_key(table: Table) -> bool:
    return len(table.primary_key.columns) == 1


def _leaf_fields(
    session: Session, table: str, key: str, columns: set[str]
) -> Iterator[tuple[int, str]]:
    """The fields of leaves that are made of these columns."""
    if table == "alerts":
        table, columns = "deliveries", {"alerts"}
        key = str(session.scalar(select(AlertRow.delivery_id).where(AlertRow.id == int(key))))
    for kind in KINDS.values():
        if kind.table.__tablename__ != table:
            continue
        position = session.scalar(
            select(LeafRow.position).where(LeafRow.kind == kind.name, LeafRow.key == key)
        )
        for name, made_of in kind.personal.items():
            if position is not None and columns & set(made_of):
                yield position, name


def _store(session: Session, table: Table, key: str, changes: Mapping[str, Any]) -> None:
    (column,) = table.primary_key.columns
    value = int(key) if column.type.python_type is int else key
    session.execute(update(table).where(column == value).values(**changes))
