"""The table of the signatures of runbook versions; rows are added, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class RunbookSignatureRow(Table):
    """One signature that lay beside a runbook version when it was published.

    What it is worth is judged each time that it is asked for; keys come and go.
    """

    __tablename__ = "runbook_signatures"

    id: Mapped[int] = mapped_column(primary_key=True)
    runbook_id: Mapped[str]
    digest: Mapped[str]
    fingerprint: Mapped[str]  # of the key that it names
    signature: Mapped[str]  # armoured, so that `ssh-keygen -Y verify` reads it as it is
    taken_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("digest", "signature", name="uq_runbook_signatures_digest"),)
