"""Signatures are taken when runbooks are published, and judged before anything of them is run.

Imports nothing of Airflow. Asked by the guard, before check mode, before people are asked, before
every step and between its batches, each time with the policy as it is then. Never before a
rollback or a check: what a change has begun is put right in any case.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from airmend.change.signed_content import find_signature_refusal
from airmend.change.signing import SignatureVerdict, judge_signatures
from airmend.errors import RunbookError, UnsignedRunbookError
from airmend.openssh.signatures import Signature
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.services import read_policy
from airmend.records.database import Database
from airmend.records.signatures import list_signatures, save_signatures
from airmend.runbook.catalog import LoadedCatalog
from airmend.runbook.model import RunbookVersion
from airmend.runbook.signature_file import read_signature_file

TAKEN_UP_WITHIN = timedelta(minutes=10)
"""Airflow takes a new version up a little later than it is published; runs begin until then."""

_log = logging.getLogger(__name__)


class SignaturesTaker:
    """Keeps what lies beside the runbooks, as often as they or their signatures change.

    Args:
        runbooks_dir: The folder with the runbooks.
    """

    def __init__(self, runbooks_dir: Path) -> None:
        self._folder = runbooks_dir
        self._kept: set[tuple[str, Signature]] = set()
        self._told: dict[str, str] = {}

    def take(self, database: Database, loaded: LoadedCatalog, *, at: datetime) -> None:
        """Keep the signatures of what is about to be published.

        They are on record before any change can begin with the version. Safe to repeat. A file
        that cannot be read is told in the log once, and is no signature.
        """
        news: list[tuple[RunbookVersion, Signature]] = []
        for each in loaded.runbooks:
            version = each.version
            news += [
                (version, signature)
                for signature in self._read(version.runbook.id)
                if (version.digest, signature) not in self._kept
            ]
        if not news:
            return
        with database.session() as session:
            for version, signature in news:
                save_signatures(session, version, [signature], at=at)
        self._kept |= {(version.digest, signature) for version, signature in news}

    def _read(self, runbook_id: str) -> list[Signature]:
        try:
            found = read_signature_file(self._folder / runbook_id)
        except RunbookError as mistake:
            if self._told.get(runbook_id) != str(mistake):
                _log.warning("signatures of %s: %s", runbook_id, mistake)
            self._told[runbook_id] = str(mistake)
            return []
        self._told.pop(runbook_id, None)
        return found


def look_at_signatures(run: ChangeRun, session: Session) -> SignatureVerdict | None:
    """What the signatures of the run's version are worth now; None where no key is trusted.

    Raises:
        ConfigurationError: The policy cannot be read: no policy, no change.
    """
    policy = read_policy(run.settings).runbooks
    if not policy.trusted_keys:
        return None
    return judge_signatures(run.version, list_signatures(session, run.digest), policy)


def find_unsigned(run: ChangeRun, session: Session) -> str | None:
    """Why nothing of the run's version may run, by its signatures; None where it may.

    What was signed while the change was already asked for does not supersede the version that
    it was asked for with: a run goes on with what it began with.

    Raises:
        ConfigurationError: The policy cannot be read.
    """
    policy = read_policy(run.settings).runbooks
    if not policy.is_required:
        return None
    until = run.read_change(session).requested_at - TAKEN_UP_WITHIN
    return find_signature_refusal(session, run.version, policy, until=until)


def refuse_unsigned(run: ChangeRun, session: Session) -> None:
    """Return when the run's version may run as far as signatures go.

    Raises:
        UnsignedRunbookError: The policy requires one, and there is none that counts, or newer
            content was signed.
        ConfigurationError: The policy cannot be read.
    """
    refusal = find_unsigned(run, session)
    if refusal is not None:
        raise UnsignedRunbookError(refusal)
