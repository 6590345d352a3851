"""The log as the database has it: each leaf with the record that it names, as it is now.

Read some hundred leaves a transaction, so that nobody waits for whoever reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.audit.canonical import leaf_document
from airmend.audit.contents import read_leaf_contents, unsealed
from airmend.audit.kinds import KINDS
from airmend.audit.model import Disclosed, SealedRecord
from airmend.audit.store import newest_checkpoint
from airmend.errors import AuditError
from airmend.records.audit_tables import LeafRow, PersonalFieldRow
from airmend.records.database import Database

CHUNK = 500


def read_log(database: Database, size: int) -> Iterator[SealedRecord]:
    """The first `size` records of the log, in order.

    Raises:
        AuditError: The database holds something that was never written there.
    """
    for start in range(0, size, CHUNK):
        end = min(start + CHUNK, size)
        with database.session() as session:
            place = LeafRow.position
            leaves = session.scalars(
                select(LeafRow).where(place >= start, place < end).order_by(place)
            ).all()
            try:
                records = show_leaves(session, leaves)
            except ValueError as error:
                raise AuditError(
                    f"one of the records {start} to {end - 1} cannot be read: {error}"
                ) from error
        yield from records


def show_leaves(session: Session, leaves: Sequence[LeafRow]) -> list[SealedRecord]:
    """Leaves with their records."""
    contents = read_leaf_contents(session, leaves)
    fields: dict[int, list[PersonalFieldRow]] = {}
    for row in session.scalars(
        select(PersonalFieldRow)
        .where(PersonalFieldRow.position.in_([leaf.position for leaf in leaves]))
        .order_by(PersonalFieldRow.field)
    ):
        fields.setdefault(row.position, []).append(row)
    shown = []
    for leaf in leaves:
        content = contents.get((leaf.kind, leaf.key))
        document, disclosed = None, {}
        if content is not None:
            kept = fields.get(leaf.position, [])
            digests = {row.field: row.digest for row in kept}
            document = leaf_document(
                leaf.position, leaf.kind, leaf.key, leaf.sealed_at, content.record, digests
            )
            disclosed = {
                row.field: Disclosed(salt=row.salt.hex(), value=content.personal.get(row.field))
                for row in kept
                if row.salt is not None
            }
        shown.append(
            SealedRecord(
                position=leaf.position,
                kind=leaf.kind,
                key=leaf.key,
                hash=leaf.hash.hex(),
                leaf=document,
                disclosed=disclosed,
            )
        )
    return shown


def find_waiting(database: Database) -> list[tuple[str, str, datetime]]:
    """Records that have no place in the log yet: kind, key, and when they were final."""
    waiting = []
    for kind in KINDS.values():
        with database.session() as session:
            waiting += [(kind.name, key, at) for key, at in unsealed(session, kind)]
    return waiting


def time_of_last_checkpoint(database: Database) -> datetime | None:
    """When the log was signed last."""
    with database.session() as session:
        row = newest_checkpoint(session)
        return row.at if row else None
