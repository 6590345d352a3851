"""Runbook versions by digest, the published catalogs made of them, and locks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Dialect, select
from sqlalchemy.orm import Session

from airmend.errors import UnknownRunbookError
from airmend.records.database import insert_into
from airmend.records.ledger import append_fact
from airmend.records.model import Catalog, FactKind, RunbookLock
from airmend.records.prepared import Read, connection_of
from airmend.records.runbook_tables import CatalogRow, RunbookLockRow, RunbookVersionRow
from airmend.records.tables import ChangeRow, Table
from airmend.runbook.model import RunbookVersion


def save_version(
    session: Session, version: RunbookVersion, archive: bytes, *, at: datetime
) -> None:
    """Keep a runbook version with its whole folder; the same digest again changes nothing."""
    _insert_once(
        session,
        RunbookVersionRow,
        digest=version.digest,
        runbook_id=version.runbook.id,
        version=version.runbook.version,
        document=version.model_dump(mode="json", by_alias=True),
        archive=archive,
        stored_at=at,
    )


@dataclass(frozen=True, order=True)
class StoredContent:
    """One content that a runbook had; a newer one is greater."""

    version: tuple[int, ...]
    stored_at: datetime
    digest: str = field(compare=False)


def list_contents(session: Session, runbook_id: str) -> list[StoredContent]:
    """Every content that a runbook ever had when it was published, in no order."""
    rows = session.execute(
        select(
            RunbookVersionRow.version, RunbookVersionRow.stored_at, RunbookVersionRow.digest
        ).where(RunbookVersionRow.runbook_id == runbook_id)
    )
    return [
        StoredContent(tuple(map(int, version.split("."))), stored_at, digest)
        for version, stored_at, digest in rows
    ]


def known_digests(session: Session) -> set[str]:
    """The digests of all versions that are kept."""
    return set(session.scalars(select(RunbookVersionRow.digest)))


def get_version(session: Session, digest: str) -> RunbookVersion:
    """The runbook with this digest, as it was.

    Raises:
        UnknownRunbookError: No such version is kept.
    """
    document = session.scalar(
        select(RunbookVersionRow.document).where(RunbookVersionRow.digest == digest)
    )
    if document is None:
        raise UnknownRunbookError(f"no runbook version has the digest {digest}")
    return RunbookVersion.model_validate(document)


def get_archive(session: Session, digest: str) -> bytes:
    """The folder of a runbook version, packed.

    Raises:
        UnknownRunbookError: No such version is kept.
    """
    archive = session.scalar(
        select(RunbookVersionRow.archive).where(RunbookVersionRow.digest == digest)
    )
    if archive is None:
        raise UnknownRunbookError(f"no runbook version has the digest {digest}")
    return archive


def publish_catalog(session: Session, catalog: Catalog, *, at: datetime) -> None:
    """Make a catalog the current one; publishing an earlier one again makes it current again."""
    row = session.get(CatalogRow, catalog.version)
    if row is None:
        document = catalog.model_dump(mode="json")
        session.add(CatalogRow(version=catalog.version, document=document, published_at=at))
    else:
        row.published_at = at
    session.flush()


def get_catalog(session: Session, version: str) -> Catalog:
    """A published catalog.

    Raises:
        UnknownRunbookError: No catalog has this version.
    """
    row = session.get(CatalogRow, version)
    if row is None:
        raise UnknownRunbookError(f"no catalog has the version {version}")
    return Catalog.model_validate(row.document)


def current_catalog_version(session: Session) -> str | None:
    """The version of the catalog that was published last; None before the first."""
    connection = connection_of(session)
    rows = _newest_catalog(connection.dialect).rows(connection)
    return rows[0][0] if rows else None


@lru_cache(maxsize=8)
def _newest_catalog(dialect: Dialect) -> Read:
    return Read(
        select(CatalogRow.version)
        .order_by(CatalogRow.published_at.desc(), CatalogRow.version)
        .limit(1),
        dialect,
    )


def lock_runbook(
    session: Session, runbook_id: str, *, reason: str, change_id: str, at: datetime
) -> None:
    """Let no new change of a runbook begin until a person unlocks it; the first reason stays."""
    _insert_once(
        session,
        RunbookLockRow,
        runbook_id=runbook_id,
        reason=reason,
        change_id=change_id,
        locked_at=at,
    )


def unlock_runbook(
    session: Session, runbook_id: str, *, by: str, reason: str, at: datetime
) -> RunbookLock | None:
    """Take a lock away, and add to the story of the change that left it who did and why.

    Returns:
        The lock that was taken away; None when there was none.
    """
    row = session.get(RunbookLockRow, runbook_id)
    if row is None:
        return None
    lock = RunbookLock.model_validate(row, from_attributes=True)
    change = session.get_one(ChangeRow, lock.change_id)
    session.delete(row)
    append_fact(
        session,
        FactKind.RUNBOOK_UNLOCKED,
        f"Runbook {runbook_id} is unlocked by {by}: {reason}",
        at=at,
        incident_id=change.incident_id,
        change_id=change.id,
    )
    return lock


def list_locks(session: Session) -> list[RunbookLock]:
    """All locks, oldest first."""
    rows = session.scalars(select(RunbookLockRow).order_by(RunbookLockRow.locked_at))
    return [RunbookLock.model_validate(row, from_attributes=True) for row in rows]


def lock_reason(session: Session, runbook_id: str) -> str | None:
    """Why a runbook is locked; None when it is not."""
    row = session.get(RunbookLockRow, runbook_id)
    return row.reason if row else None


def _insert_once(session: Session, table: type[Table], **values: object) -> None:
    session.execute(insert_into(session, table).values(**values).on_conflict_do_nothing())
