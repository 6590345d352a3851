"""Who was last to change each runbook version, as git said it when the version was published."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from airmend.records.standard_model import Authorship
from airmend.records.standard_tables import AuthorshipRow


def save_authorship(session: Session, authorship: Authorship) -> None:
    """Keep who changed a version; what is known of the same commit already stays as it is."""
    known = session.scalar(
        select(AuthorshipRow.id).where(
            AuthorshipRow.digest == authorship.digest,
            AuthorshipRow.commit == authorship.commit,
            AuthorshipRow.unknown == authorship.unknown,
        )
    )
    if known is None:
        session.add(AuthorshipRow(**authorship.model_dump()))
        session.flush()


def list_authorship(session: Session, digest: str) -> list[Authorship]:
    """Everything that git ever said of a version, oldest first."""
    rows = session.scalars(
        select(AuthorshipRow).where(AuthorshipRow.digest == digest).order_by(AuthorshipRow.id)
    )
    return [Authorship.model_validate(row, from_attributes=True) for row in rows]


def known_authorship(session: Session) -> set[tuple[str, str]]:
    """The digests whose authors were taken, each with the committed folder that was looked at."""
    rows = session.execute(select(AuthorshipRow.digest, AuthorshipRow.tree))
    return {(digest, tree) for digest, tree in rows}
