"""Authors are taken when runbooks are published, and asked for when people approve.

Imports nothing of Airflow. Git is asked outside of every transaction: it may take seconds.
"""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from airmend.change.authors import Authors
from airmend.change.granting import read_authors
from airmend.change.policy import Policy
from airmend.errors import ChangeRefusedError
from airmend.orchestration.change_run import ChangeRun
from airmend.records.authorship import known_authorship, save_authorship
from airmend.records.database import Database
from airmend.records.runbooks import current_catalog_version, get_catalog
from airmend.runbook.authorship import read_authorship, read_commits
from airmend.runbook.catalog import LoadedCatalog

_log = logging.getLogger(__name__)


class AuthorsTaker:
    """Looks up who changed the runbooks, as often as they or their commits change.

    Args:
        runbooks_dir: The folder with the runbooks.
    """

    def __init__(self, runbooks_dir: Path) -> None:
        self._folder = runbooks_dir
        self._seen: dict[str, tuple[str, str]] = {}

    def take(self, database: Database, loaded: LoadedCatalog, *, at: datetime) -> None:
        """Keep the authors of what is about to be published.

        The authors of a version are known before any change can begin with it. Safe to repeat:
        what is known stays.
        """
        commits = read_commits(self._folder)
        now = {
            each.version.runbook.id: (
                each.version.digest,
                commits.trees.get(each.version.runbook.id, ""),
            )
            for each in loaded.runbooks
        }
        news = {name for name, state in now.items() if self._seen.get(name) != state}
        if news and not self._seen:
            news -= self._unchanged(database, now)
        found = [
            read_authorship(
                self._folder / each.version.runbook.id,
                each.version,
                each.files,
                commits,
                at=at,
            )
            for each in loaded.runbooks
            if each.version.runbook.id in news
        ]
        if found:
            with database.session() as session:
                for authorship in found:
                    save_authorship(session, authorship)
            for authorship in found:
                if authorship.unknown:
                    _log.warning("authors of %s: %s", authorship.runbook_id, authorship.unknown)
        self._seen = now

    def _unchanged(self, database: Database, now: dict[str, tuple[str, str]]) -> set[str]:
        """Runbooks that are as they were when this process's predecessor published them."""
        with database.session() as session:
            known = known_authorship(session)
            current = current_catalog_version(session)
            entries = get_catalog(session, current).entries if current else []
        published = {entry.runbook_id: entry.digest for entry in entries}
        return {
            name
            for name, (digest, tree) in now.items()
            if (digest, tree) in known and published.get(name) == digest
        }


def excluded_authors(run: ChangeRun, session: Session, policy: Policy) -> Authors:
    """Who may not approve a change since he or she wrote its runbook.

    Raises:
        ChangeRefusedError: Somebody may be missing, and the policy requires that runbooks are
            committed: an author who is not known could approve his or her own work.
    """
    authors = read_authors(session, run.version, policy)
    if authors.unknown and policy.authors.require_committed:
        raise ChangeRefusedError(
            f"the authors of runbook {run.runbook.id} are not known: {authors.unknown}. Commit it; "
            "the policy requires that"
        )
    return authors
