"""Sealing: what was committed gets its place in the log, and the log is signed.

Whoever records something knows nothing of the log: no lock, no chain, no further statement.
Once a minute what has no leaf yet is taken in, some hundred records a transaction. Leaves,
nodes and the signed checkpoint over them are one transaction, so that a sealer that is killed
has done a whole batch or nothing, and the next one goes on from there; one works at a time,
under a lock of the database.

Numbers of rows are drawn before a commit, so a lower one may appear later. So a record is not
taken for being higher than the last one, but for having no leaf; only those far below what was
seen an hour ago are passed over, since no transaction is open for so long.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from airmend.audit.canonical import SALT_SIZE, hash_document, hash_personal, leaf_document
from airmend.audit.checkpoints import Checkpoint, read_checkpoint, sign_checkpoint
from airmend.audit.contents import Content, read_contents, unsealed
from airmend.audit.kinds import KINDS
from airmend.audit.merkle import Frontier, find_peaks
from airmend.audit.notes import Signer, Verifier, find_signer
from airmend.audit.store import (
    StoredTree,
    count_leaves,
    lock_sealing,
    newest_checkpoint,
    store_checkpoint,
    store_nodes,
)
from airmend.errors import AuditError, TouchedLogError
from airmend.records.audit_tables import CheckpointRow, LeafRow, PersonalFieldRow
from airmend.records.database import Database

BATCH = 500
"""Records a transaction: SQLite lets nobody else write meanwhile."""

LATE_COMMIT = timedelta(hours=1)
"""No transaction that records something is open for longer."""

_REMEDY = "See docs/audit.md, 'When the log was touched'"


@dataclass(frozen=True)
class Sealed:
    """What a seal did: how many records, and how the log stands; None while it is empty."""

    count: int
    checkpoint: Checkpoint | None


def seal(
    database: Database,
    signer: Signer,
    *,
    earlier_keys: Sequence[Verifier] = (),
    now: Callable[[], datetime],
    draw_salt: Callable[[int], bytes] = secrets.token_bytes,
    observe: Callable[[str], None] = lambda _step: None,
    batch: int = BATCH,
) -> Sealed:
    """Seal everything that was committed and has no place in the log.

    Args:
        database: The records.
        signer: The key of this log.
        earlier_keys: Those that it was signed with before.
        now: The clock.
        draw_salt: Gives so many random bytes.
        observe: Told the name of each step as it is passed.
        batch: Records a transaction.

    Raises:
        TouchedLogError: The log is not what was signed last; nothing is sealed.
    """
    count, checkpoint = 0, None
    at = now()  # of the whole seal: what is committed later than this may be left to the next one
    floors: dict[str, int] = {}
    while True:
        with database.session() as session:
            lock_sealing(session)
            size, last = count_leaves(session), newest_checkpoint(session)
            frontier = check_head(session, size, last, [signer.verifier, *earlier_keys])
            if sealed := _seal_batch(session, frontier, floors, at, draw_salt, observe, batch):
                is_complete = len(sealed) < batch
                checkpoint = _sign(session, signer, frontier, at, sealed, is_complete)
                observe("checkpoint written")
            elif last is not None:
                checkpoint = read_checkpoint(last.note)
        count += len(sealed)
        if len(sealed) < batch:
            return Sealed(count, checkpoint)
        floors |= _highest(sealed)
        observe("batch committed")


def _seal_batch(
    session: Session,
    frontier: Frontier,
    floors: Mapping[str, int],
    at: datetime,
    draw_salt: Callable[[int], bytes],
    observe: Callable[[str], None],
    batch: int,
) -> list[tuple[str, str]]:
    """Give the next records their leaves; gives kind and key of each."""
    leaves: list[dict[str, Any]] = []
    fields: list[dict[str, Any]] = []
    nodes: list[tuple[int, int, bytes]] = []
    for name, key, content in _take(session, floors, batch):
        position, digests = frontier.size, {}
        for field, value in content.personal.items():
            salt = draw_salt(SALT_SIZE)
            digests[field] = hash_personal(salt, field, value)
            fields.append(
                {"position": position, "field": field, "digest": digests[field], "salt": salt}
            )
        document = leaf_document(position, name, key, at, content.record, digests)
        leaf = {"position": position, "kind": name, "key": key, "sealed_at": at}
        leaves.append(leaf | {"hash": hash_document(document)})
        nodes += frontier.append(leaves[-1]["hash"])
    observe("batch hashed")
    if leaves:
        session.execute(insert(LeafRow), leaves)
        if fields:
            session.execute(insert(PersonalFieldRow), fields)
        store_nodes(session, nodes)
        observe("leaves written")
    return [(leaf["kind"], leaf["key"]) for leaf in leaves]


def _sign(
    session: Session,
    signer: Signer,
    frontier: Frontier,
    at: datetime,
    sealed: Sequence[tuple[str, str]],
    is_complete: bool,
) -> Checkpoint:
    checkpoint = sign_checkpoint(signer, frontier.size, frontier.root())
    taken = _highest(sealed)
    last = newest_checkpoint(session)
    before: dict[str, int] = last.marks if last else {}
    marks = {kind: max(taken.get(kind, 0), before.get(kind, 0)) for kind in {*taken, *before}}
    store_checkpoint(
        session,
        checkpoint,
        at=at,
        marks=marks,
        is_complete=is_complete,
    )
    return checkpoint


def _highest(sealed: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The highest numbers of rising kinds; they were sealed in their order."""
    return {kind: int(key) for kind, key in sealed if KINDS[kind].is_rising}


def check_head(
    session: Session, size: int, last: CheckpointRow | None, trusted: Sequence[Verifier]
) -> Frontier:
    """The right edge of the tree, as it was signed last.

    Raises:
        TouchedLogError: It is not: to sign on would make the forgery ours.
    """
    try:
        signed = read_checkpoint(last.note) if last is not None else None
    except AuditError as error:
        raise TouchedLogError(
            f"the newest checkpoint: {error}; nothing more is sealed. {_REMEDY}"
        ) from error
    if size != (signed.size if signed else 0):
        raise TouchedLogError(
            f"the log has {size} records, and {signed.size if signed else 0} were signed; nothing "
            f"more is sealed. {_REMEDY}"
        )
    try:
        frontier = Frontier(size, find_peaks(StoredTree(session), size))
    except LookupError as error:
        raise TouchedLogError(f"{error}; nothing more is sealed. {_REMEDY}") from error
    if signed is None:
        return frontier
    if frontier.root() != signed.root:
        raise TouchedLogError(
            f"the log's {size} records are not those that were signed; nothing more is sealed. "
            f"{_REMEDY}"
        )
    if find_signer(signed.note, trusted) is None:
        raise TouchedLogError(
            f"the checkpoint of {size} records is signed by another key than "
            f"{', '.join(map(str, trusted))}; nothing more is sealed. Restore the key file. "
            f"{_REMEDY}"
        )
    return frontier


def _take(
    session: Session, floors: Mapping[str, int], limit: int
) -> Iterator[tuple[str, str, Content]]:
    """The next records without a leaf: kind, key, content.

    `floors` are the numbers that this seal has come to; the next one begins further down again.
    """
    marks = {**_settled_marks(session), **floors}
    for kind in KINDS.values():
        found = unsealed(session, kind, above=marks.get(kind.name), limit=limit)
        contents = read_contents(session, kind, [key for key, _ in found])
        for key, _ in found:
            yield kind.name, key, contents[key]
        limit -= len(found)
        if limit == 0:
            return


def _settled_marks(session: Session) -> dict[str, int]:
    """Below which numbers everything has a leaf, or never comes.

    Those are the numbers that had been seen an hour before everything was looked through last:
    what was under way then had been committed by that time, and was taken.
    """
    looked_through = select(func.max(CheckpointRow.at)).where(CheckpointRow.is_complete)
    last = session.scalar(looked_through)
    if last is None:
        return {}
    marks = session.scalar(
        select(CheckpointRow.marks)
        .where(CheckpointRow.is_complete, CheckpointRow.at < last - LATE_COMMIT)
        .order_by(CheckpointRow.size.desc())
        .limit(1)
    )
    return marks or {}
