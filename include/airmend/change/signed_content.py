"""Whether what a runbook holds may be run as far as its signatures go, by the records.

In the caller's transaction. A trusted key has to have signed the content, and no newer content
of the runbook may have been signed before: what was signed once would otherwise come back
whenever somebody puts it back, with whatever was mended since. Called by the tasks of a change
and by whoever approves a template.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from airmend.change.signing import (
    RunbooksPolicy,
    find_refusal,
    judge_signatures,
    name_version,
)
from airmend.records.runbooks import get_version, list_contents
from airmend.records.signatures import list_signatures
from airmend.runbook.model import RunbookVersion


def find_signature_refusal(
    session: Session, version: RunbookVersion, policy: RunbooksPolicy, *, until: datetime
) -> str | None:
    """Why nothing of a version may run, since it is not signed or superseded; None where it may.

    Args:
        session: The transaction.
        version: What would be run.
        policy: Whose keys are trusted now, and whether a signature is required.
        until: Newer content that was signed by then supersedes it; aware.
    """
    if not policy.is_required:
        return None
    verdict = judge_signatures(version, list_signatures(session, version.digest), policy)
    refusal = find_refusal(version, verdict, policy)
    return refusal or _find_superseding(session, version, policy, until)


def _find_superseding(
    session: Session, version: RunbookVersion, policy: RunbooksPolicy, until: datetime
) -> str | None:
    """Say which signed content is newer: by its version, and by when it was first on record."""
    contents = list_contents(session, version.runbook.id)
    own = next(each for each in contents if each.digest == version.digest)
    for content in sorted(contents, reverse=True):
        if content <= own:
            break
        newer = get_version(session, content.digest)
        texts = list_signatures(session, content.digest, until=until)
        verdict = judge_signatures(newer, texts, policy)
        if verdict.is_signed:
            return (
                f"runbook {name_version(version)} is superseded by {name_version(newer)}, on "
                f"record since {content.stored_at:%Y-%m-%d %H:%M} UTC and {verdict.told}. To run "
                f"it again, give it a version above {newer.runbook.version} and sign it with "
                "`airmend runbook sign`"
            )
    return None
