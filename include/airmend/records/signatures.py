"""Signatures of runbook versions, kept by digest, so that a worker needs no runbooks folder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.openssh.signatures import Signature
from airmend.records.database import insert_into
from airmend.records.signature_tables import RunbookSignatureRow
from airmend.runbook.model import RunbookVersion


def save_signatures(
    session: Session, version: RunbookVersion, signatures: Iterable[Signature], *, at: datetime
) -> None:
    """Keep what lies beside a version; what is kept already changes nothing."""
    for signature in signatures:
        values = {
            "runbook_id": version.runbook.id,
            "digest": version.digest,
            "fingerprint": signature.key.fingerprint,
            "signature": str(signature),
            "taken_at": at,
        }
        statement = insert_into(session, RunbookSignatureRow).values(values)
        session.execute(statement.on_conflict_do_nothing())


def list_signatures(session: Session, digest: str, *, until: datetime | None = None) -> list[str]:
    """Every signature that lay beside a version, armoured, oldest first.

    Args:
        session: The transaction.
        digest: Of the version.
        until: Those alone that were on record by then; all by default.
    """
    asked = select(RunbookSignatureRow.signature).where(RunbookSignatureRow.digest == digest)
    if until is not None:
        asked = asked.where(RunbookSignatureRow.taken_at <= until)
    return list(session.scalars(asked.order_by(RunbookSignatureRow.id)))
