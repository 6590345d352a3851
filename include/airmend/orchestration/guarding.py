"""The guard: may this change begin, where exactly, and are its targets free?

Imports nothing of Airflow. Safe to repeat: targets that were taken stay taken, and a change
that was refused stays refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from airmend.change.emergency import passes
from airmend.change.emergency_policy import Gate
from airmend.change.guard import check_may_start
from airmend.change.guard_rails import HOUR, Starts, check_budgets
from airmend.change.model import ChangeRequest, ChangeStatus, Target
from airmend.change.recurrence import settle_recurrences
from airmend.change.signing import name_version
from airmend.errors import ChangeRefusedError, TargetBusyError
from airmend.execution.inventory import resolve_targets
from airmend.incident.model import Incident
from airmend.orchestration.change_run import ChangeRun, refusing
from airmend.orchestration.clock_check import refuse_wrong_clock
from airmend.orchestration.emergencies import find_lock
from airmend.orchestration.opening import await_start, tell_what_it_passes
from airmend.orchestration.sealing_check import refuse_unsealed
from airmend.orchestration.services import read_policy
from airmend.orchestration.signatures import find_unsigned, look_at_signatures
from airmend.orchestration.standing import refuse_observer
from airmend.orchestration.suppressing import find_suppression_of
from airmend.records.changes import set_targets
from airmend.records.leases import Holder, acquire_leases, holds_leases
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.runbooks import current_catalog_version, get_catalog
from airmend.records.starts import list_starts, queue_for_start, record_start, was_started
from airmend.runbook.matching import match_runbooks

LEASE_MARGIN = timedelta(minutes=10)
"""Beyond the approval's and the steps' own limits: rollback, checks and Airflow's hops."""


class _BusyError(Exception):
    """Undoes a transaction in which not every target could be taken."""

    def __init__(self, holders: Sequence[Holder]) -> None:
        self.holders = holders
        super().__init__()


def guard_change(run: ChangeRun) -> bool:
    """Check, resolve and take; the change goes on when this is true.

    In a freeze, and while a seal is late, it leaves with `NotYet`, and is to be asked again when
    that says.

    Returns:
        False while another change holds a target and waiting is still allowed.

    Raises:
        ChangeRefusedError: The change may not go on; it is recorded as refused.
    """
    with refusing(run, kind=FactKind.GUARD_REFUSED):
        with run.database.session() as session:
            refuse_wrong_clock(run, session)
        refuse_unsealed(run)
        with run.database.session() as session:
            settle_recurrences(session, read_policy(run.settings), now=run.now())
            change = run.read_change(session)
            incident = run.read_incident(session)
        planned = change.model_copy(
            update={
                "runbook_digest": run.digest,
                "targets": _find_targets(run, change, incident),
            }
        )
        with run.database.session() as session:
            check_may_start(
                planned,
                run.read_incident(session),
                lock_reason=find_lock(session, run.runbook.id, run.now()),
                refused_reason=_refused_reason(session, run.runbook.id),
                unsigned=find_unsigned(run, session),
                suppression=find_suppression_of(run, session),
                dag_digest=run.digest,
            )
            refuse_observer(run, session)
        await_start(run, planned)
        return _take(run, change, planned.targets)


def hold_targets(run: ChangeRun) -> None:
    """Resolve the targets once more and go on holding them, for a change that has waited.

    Raises:
        ChangeRefusedError: A target is not in the inventory any more, or another change took
            it while this one waited.
    """
    with run.database.session() as session:
        change, incident = run.read_change(session), run.read_incident(session)
    targets = _find_targets(run, change, incident)
    names = [target.name for target in targets]
    with run.database.session() as session:
        holders = acquire_leases(session, change.id, names, now=run.now(), until=_held_until(run))
        if holders:
            raise TargetBusyError(f"{_tell(holders)}; it took over while this change waited")
        set_targets(session, change.id, targets, runbook=(run.runbook.version, run.digest))


def _find_targets(run: ChangeRun, change: ChangeRequest, incident: Incident) -> list[Target]:
    """The targets of the change, by the run's own runbook version.

    The file may have changed between the alert and the start of its run; what the version of
    the run says of the incident is what counts.
    """
    if change.runbook_digest != run.digest:
        match = match_runbooks(incident.facts(), [run.version])
        version = run.runbook.version
        if match.runbook is None:
            raise ChangeRefusedError(
                f"the runbook changed before its run began, and version {version} does not take "
                f"this incident: {match.rejections[0].reason}"
            )
        if match.inputs != change.inputs:
            raise ChangeRefusedError(
                f"the runbook changed before its run began, and version {version} takes other "
                "inputs from this incident. Send the alert again"
            )
    targets = run.runbook.targets
    return resolve_targets(
        run.settings.inventory,
        targets.pattern,
        change.inputs[targets.host_input] if targets.host_input else None,
        targets.max_hosts,
        cache_dir=run.settings.inventory_cache,
    )


def _refused_reason(session: Session, runbook_id: str) -> str | None:
    """Why the current catalog starts no new run of a runbook; None where it does."""
    version = current_catalog_version(session)
    if version is None:
        return "no runbooks are published"
    for entry in get_catalog(session, version).entries:
        if entry.runbook_id == runbook_id:
            return entry.refused or None
    return "the runbook is not published any more"


def _take(run: ChangeRun, change: ChangeRequest, targets: list[Target]) -> bool:
    names = [target.name for target in targets]
    try:
        with run.database.session() as session:
            again = holds_leases(session, change.id, names, now=run.now())
            holders = acquire_leases(
                session, change.id, names, now=run.now(), until=_held_until(run)
            )
            if holders:
                raise _BusyError(holders)
            if not again:
                _spend_budget(run, session, change)
            version = (run.runbook.version, run.digest)
            set_targets(session, change.id, targets, runbook=version)
            if not again:
                run.move(session, ChangeStatus.ASSESSING)
                text = f"Guard: may begin on {', '.join(names)}; the targets are taken"
                text += tell_what_it_passes(run, change)
                run.note(session, change, FactKind.GUARD_PASSED, text, digest=run.digest)
                _note_signatures(run, session, change)
    except _BusyError as busy:
        return _wait(run, change, busy.holders)
    return True


def _note_signatures(run: ChangeRun, session: Session, change: ChangeRequest) -> None:
    """Say who signed what will run, or that nobody did; where no key is trusted, nothing."""
    verdict = look_at_signatures(run, session)
    if verdict is not None:
        text = f"Runbook {name_version(run.version)} is {verdict.told}"
        signers = [fingerprint for _name, fingerprint in verdict.signers]
        run.note(
            session,
            change,
            FactKind.SIGNATURE_CHECKED,
            text,
            digest=run.digest,
            signers=signers,
        )


def _spend_budget(run: ChangeRun, session: Session, change: ChangeRequest) -> None:
    """Count this change among those of the hour, if it may begin; once a change."""
    runbook_id, service, now = change.runbook_id, run.runbook.change.service, run.now()
    queue_for_start(session)
    if was_started(session, change.id):
        return
    begun = list_starts(session, since=now - HOUR)
    starts = Starts(
        runbook=[at for runbook, _, at in begun if runbook == runbook_id],
        service=[at for _, name, at in begun if name == service],
        fleet=[at for _, _, at in begun],
    )
    policy = read_policy(run.settings)
    if not passes(change, policy, Gate.BUDGETS):
        check_budgets(starts, policy.guard_rails, runbook_id=runbook_id, service=service)
    record_start(session, change.id, runbook_id=runbook_id, service=service, at=now)


def _held_until(run: ChangeRun) -> datetime:
    limits = run.runbook.change
    seconds = limits.approval_timeout_seconds + 2 * limits.timeout_seconds
    return run.now() + timedelta(seconds=seconds) + LEASE_MARGIN


def _tell(holders: Sequence[Holder]) -> str:
    return "; ".join(
        f"{holder.target} is held by {holder.change_id} since {holder.acquired_at:%H:%M:%S} UTC"
        for holder in holders
    )


def _wait(run: ChangeRun, change: ChangeRequest, holders: Sequence[Holder]) -> bool:
    """Wait for busy targets; refuse when that has taken as long as the policy allows."""
    wait = timedelta(seconds=read_policy(run.settings).target_wait_seconds)
    told = _tell(holders)
    with run.database.session() as session:
        story = read_story(session, change.incident_id)
        waits = [
            fact
            for fact in story
            if fact.kind is FactKind.TARGETS_WAITED and fact.change_id == change.id
        ]
        if not waits:
            text = f"Guard: waits for a target: {told}"
            run.note(session, change, FactKind.TARGETS_WAITED, text)
            return False
    if run.now() - waits[0].at >= wait:
        raise TargetBusyError(
            f"{told}; waited {int(wait.total_seconds())} s. "
            "Send the alert again when that change has ended"
        )
    run.log.info("waiting: %s", told)
    return False
