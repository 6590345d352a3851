"""Intake is put together here: the records, the published runbooks, and a way to start runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.incident.ids import new_id
from airmend.incident.intake import Intake
from airmend.orchestration.services import open_records, utc_now
from airmend.records.runbooks import current_catalog_version, get_catalog, get_version
from airmend.runbook.matching import match_runbooks
from airmend.runbook.model import RunbookVersion
from airmend.settings import get_settings


class PublishedRunbooks:
    """The runbooks that new runs may start from, as the DAG processor published them last.

    Read again only when another catalog was published; a runbook that is locked still matches,
    so that its incident says why nothing was done.
    """

    def __init__(self) -> None:
        self._version: str | None = None
        self._runbooks: Sequence[RunbookVersion] = ()

    def __call__(self, session: Session) -> Sequence[RunbookVersion]:
        """The runbooks of the current catalog; none before the first was published."""
        version = current_catalog_version(session)
        if version is None:
            return ()
        if version != self._version:
            entries = get_catalog(session, version).entries
            usable = [entry for entry in entries if not entry.refused]
            self._runbooks = [get_version(session, entry.digest) for entry in usable]
            self._version = version
        return self._runbooks


def compose_intake(start_run: Callable[[ChangeRequest], str]) -> Intake:
    """The intake of this process.

    Args:
        start_run: Creates the Airflow run of a change; see `Intake`.
    """
    return Intake(
        database=open_records(),
        catalog=PublishedRunbooks(),
        match=match_runbooks,
        start_run=start_run,
        clock=utc_now,
        new_id=new_id,
        base_url=get_settings().base_url,
    )
