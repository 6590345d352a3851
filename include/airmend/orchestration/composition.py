"""Intake is put together here: the records, the published runbooks, and a way to start runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.change.policy import Policy, load_policy
from airmend.change.topology import Topology
from airmend.execution.listing import InventoryReader
from airmend.incident.ids import new_id
from airmend.incident.intake import Intake
from airmend.incident.model import IntakeLimits
from airmend.incident.neighbours import Grouping
from airmend.incident.ports import Suppressing
from airmend.incident.rules import load_rules
from airmend.incident.sources import use_senders
from airmend.incident.suppression import find_suppression
from airmend.orchestration.correlating import build_grouping
from airmend.orchestration.services import open_records, utc_now, watch_topology
from airmend.orchestration.ticket_names import TicketNames
from airmend.orchestration.watching import LastGood, WatchedFile
from airmend.records.runbooks import current_catalog_version, get_catalog, get_version
from airmend.records.standard import current_rungs
from airmend.records.standard_model import Autonomy
from airmend.runbook.known_errors import SuggestionsFromCatalog
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


class PolicyLimits:
    """What intake takes from the policy: its limits, and where runbooks begin on the ladder.

    Read again when the file has changed. A policy that cannot be used stops changes, later and
    elsewhere; alerts are taken in with what was read last.

    Args:
        path: The policy file; None for the defaults.
    """

    def __init__(self, path: Path | None) -> None:
        # a calendar that is broken stops changes; it says nothing about alerts
        default = Policy()
        read = WatchedFile(path, partial(load_policy, calendars=False)) if path else lambda: default
        self._look = LastGood(read, default, "the limits of intake stay as they were")

    def __call__(self) -> IntakeLimits:
        """The limits."""
        return self._look().intake

    def observers(self, session: Session) -> Callable[[str], bool]:
        """Whether a runbook only observes now."""
        rungs, default = current_rungs(session), self._look().autonomy.default
        return lambda runbook_id: rungs.get(runbook_id, default) is Autonomy.OBSERVE


class TopologyGrouping:
    """How alerts of one cause are recognised, by the topology as it stands now.

    One that cannot be used leaves the grouping as it was: by labels alone, where none could be
    used before. The same object as long as the topology is the same.

    Args:
        read: Gives the topology, the same object as long as it is the same.
    """

    def __init__(self, read: Callable[[], Topology | None]) -> None:
        self._read = LastGood(read, None, "alerts are grouped as before")
        self._topology: Topology | None = None
        self._grouping = build_grouping(None)

    def __call__(self) -> Grouping:
        """The grouping."""
        topology = self._read()
        if topology is not self._topology:
            self._topology, self._grouping = topology, build_grouping(topology)
        return self._grouping


def compose_intake(start_run: Callable[[ChangeRequest], str]) -> Intake:
    """The intake of this process, with the senders of its own that it has now.

    Args:
        start_run: Creates the Airflow run of a change; see `Intake`.
    """
    settings = get_settings()
    use_senders(settings.senders_dir)
    topology, policy = watch_topology(settings), PolicyLimits(settings.policy_file)
    return Intake(
        database=open_records(),
        catalog=PublishedRunbooks(),
        match=match_runbooks,
        start_run=start_run,
        clock=utc_now,
        new_id=new_id,
        base_url=settings.base_url,
        limits=policy,
        observers=policy.observers,
        grouping=TopologyGrouping(topology),
        names=TicketNames(
            topology,
            lambda: InventoryReader(settings.inventory, settings.inventory_cache).read(),
            utc_now,
        ),
        suggest=SuggestionsFromCatalog(),
        suppressing=Suppressing(
            load=partial(load_rules, calendars=settings.maintenance_dir), find=find_suppression
        ),
    )
