"""Signatures of runbook versions, kept by digest, so that a worker needs no runbooks folder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.records.database import insert_into
from airmend.records.signature_tables import RunbookSignatureRow
from airmend.runbook.model import RunbookVersion
from airmend.ssh_signatures import Signature


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


def list_signatures(session: Session, digest: str) -> list[str]:
    """Every signature that lay beside a version, armoured, oldest first."""
    return list(
        session.scalars(
            select(RunbookSignatureRow.signature)
            .where(RunbookSignatureRow.digest == digest)
            .order_by(RunbookSignatureRow.id)
        )
    )
