"""A batch of deliveries in one transaction: what is known, what follows, what is written.

Called by the one writer of a process (`group_commit.py`), which waits for the commit. On
PostgreSQL, writers of several processes take turns. A batch that fails for any reason but the
store's is undone and taken one by one, so that a delivery spoils nobody else's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from airmend.change.model import ChangeRequest
from airmend.errors import StoreUnavailableError
from airmend.incident.answers import Answer, Outcome, link_run
from airmend.incident.draft import Draft
from airmend.incident.model import Alert
from airmend.incident.neighbours import Neighbours
from airmend.incident.ports import Ports, Rules
from airmend.incident.registration import Registration
from airmend.records.changes import mark_run_created
from airmend.records.deliveries import count_rejection
from airmend.records.effects import Effects, NewDelivery, write_effects
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.situation import (
    Situation,
    StoredDelivery,
    load_situation,
    lock_registration,
)
from airmend.runbook.model import RunbookVersion

SAME_BODY_WINDOW = timedelta(hours=1)
"""So long is the same body, from a sender that gives no delivery id, the same delivery.

After that it is looked at again: a script may send the same words about another failure.
"""

ATTEMPTS = 5
"""So often is a delivery tried that meets another one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """A delivery whose sender is proven, read and not stored yet."""

    source: str
    key: str
    body: bytes
    digest: str
    alerts: Sequence[Alert]
    answer: Answer | None = None  # what the first of its kind was answered, where that is known


@dataclass(frozen=True)
class Refusal:
    """A delivery that was turned away, to be counted."""

    source: str
    reason: str


@dataclass(frozen=True)
class StartedRun:
    """A change whose run Airflow has, to be noted."""

    change: ChangeRequest
    run_id: str


Job = Delivery | Refusal | StartedRun


@dataclass(frozen=True)
class Stored:
    """What became of a delivery, and the changes whose run is to be started."""

    answer: Answer
    received_at: datetime
    changes: Sequence[ChangeRequest] = ()


class _ConflictError(Exception):
    """One job met others again and again; the store itself is there."""


class Batches:
    """Commits batches of jobs.

    Args:
        ports: What it works with.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._neighbours = Neighbours(ports.grouping) if ports.grouping is not None else None

    def commit(self, jobs: Sequence[Job]) -> Sequence[Stored | Exception | None]:
        """Do jobs in one transaction, or one by one where that fails.

        Returns:
            For each delivery what became of it, in order; an error where it has one of its own.

        Raises:
            StoreUnavailableError: The records cannot be written; nothing is stored.
        """
        if len(jobs) > 1:
            try:
                return self._commit(jobs)
            except StoreUnavailableError:
                raise
            except Exception:  # noqa: BLE001 - whose it is, and what it is, is found out below
                _log.info("a batch of %d is taken one by one", len(jobs), exc_info=True)
        results: list[Stored | Exception | None] = []
        away: StoreUnavailableError | None = None
        for job in jobs:
            if away is not None:  # the others need not wait for it
                results.append(away)
                continue
            try:
                results.append(self._commit_alone(job))
            except _ConflictError as error:
                results.append(StoreUnavailableError(str(error)))
            except StoreUnavailableError as error:
                results.append(away := error)
            except Exception as error:  # noqa: BLE001 - whoever waits for this job raises it
                results.append(error)
        return results

    def _commit_alone(self, job: Job) -> Stored | None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                (result,) = self._commit([job])
            except IntegrityError as error:
                _log.info("a job met another one, attempt %d", attempt)
                conflict = error
            else:
                return result
        raise _ConflictError(
            f"the delivery met another one {ATTEMPTS} times; send it again"
        ) from conflict

    def _commit(self, jobs: Sequence[Job]) -> list[Stored | None]:
        try:
            return self._store(jobs)
        except BaseException:
            if self._neighbours is not None:
                self._neighbours.undo()
            raise

    def _store(self, jobs: Sequence[Job]) -> list[Stored | None]:
        ports, deliveries = self._ports, [job for job in jobs if isinstance(job, Delivery)]
        with ports.database.session() as session:
            at = ports.clock()
            batch = _Batch(ports, session, at, self._neighbours, deliveries) if deliveries else None
            for job in jobs:
                if isinstance(job, Refusal):
                    count_rejection(session, job.source, job.reason, at=at)
                elif isinstance(job, StartedRun):
                    _note_run(session, job, at, ports.base_url)
            stored = iter(batch.store() if batch else ())
            ports.observe("before the commit")
        ports.observe("committed")
        return [next(stored) if isinstance(job, Delivery) else None for job in jobs]


class _Batch:
    """The deliveries of one transaction."""

    def __init__(
        self,
        ports: Ports,
        session: Session,
        at: datetime,
        neighbours: Neighbours | None,
        deliveries: Sequence[Delivery],
    ) -> None:
        self._ports, self._session, self._at, self._deliveries = ports, session, at, deliveries
        lock_registration(session)
        keys = [(each.source, each.key) for each in deliveries]
        alerts = [alert for each in deliveries for alert in each.alerts]
        self._situation: Situation = load_situation(session, keys, alerts)
        if neighbours is not None:
            neighbours.refresh(session, at)
        self._effects = Effects()
        self._new: dict[tuple[str, str], NewDelivery] = {}
        self._runbooks: Sequence[RunbookVersion] | None = None
        self._observers: Callable[[str], bool] | None = None
        suppressing = ports.suppressing
        self._registration = Registration(
            Draft(self._situation, self._effects, at, ports.limits(), ports.base_url),
            match=lambda facts: ports.match(facts, self._read_catalog()),
            rules=Rules(suppressing, suppressing.load(session, at), at) if suppressing else None,
            neighbours=neighbours,
            suggest=(
                (lambda incident: suggest(incident, self._read_catalog()))
                if (suggest := ports.suggest)
                else None
            ),
            new_id=ports.new_id,
            observes=self._observes,
        )

    def store(self) -> list[Stored]:
        """Decide about every delivery in order, write it all, and give the answers."""
        given = [self._take(delivery) for delivery in self._deliveries]
        self._ports.observe("decided")
        write_effects(self._session, self._situation, self._effects, self._ports.observe)
        changes = {change.id: change for change in self._effects.changes}
        return [
            self._repeat(delivery) if new is None else _answer(new, changes)
            for delivery, new in zip(self._deliveries, given, strict=True)
        ]

    def _take(self, delivery: Delivery) -> NewDelivery | None:
        """Register a delivery; None for one that was taken in before."""
        name = (delivery.source, delivery.key)
        earlier = self._situation.deliveries.get(name)
        if earlier is not None:
            if is_same_delivery(delivery.key, earlier.received_at, self._at):
                return None
            if earlier.id is not None:
                self._effects.released.append(earlier.id)
        new = NewDelivery(
            source=delivery.source,
            key=delivery.key,
            received_at=self._at,
            body_sha256=delivery.digest,
            body=delivery.body,
            answer={},
        )
        entries = [self._registration.register(alert, new) for alert in delivery.alerts]
        new.answer = {"incidents": [entry.model_dump(mode="json") for entry in entries]}
        self._effects.deliveries.append(new)
        self._new[name] = new
        self._situation.deliveries[name] = StoredDelivery(None, self._at, new.answer)
        return new

    def _new_of(self, delivery: Delivery) -> NewDelivery:
        return self._new[delivery.source, delivery.key]

    def _repeat(self, delivery: Delivery) -> Stored:
        """The answer that the first of its kind got, as its runs stand now."""
        earlier = self._situation.deliveries[delivery.source, delivery.key]
        number = earlier.id if earlier.id is not None else self._new_of(delivery).id
        answer = Answer.model_validate(earlier.answer | {"delivery": number, "repeated": True})
        if earlier.id is None:
            return Stored(answer, self._at)  # nothing of this batch is started yet
        started = _pending(answer) - self._situation.waiting
        return Stored(answer.with_started(started), earlier.received_at)

    def _observes(self, runbook_id: str) -> bool:
        if self._observers is None:
            self._observers = self._ports.observers(self._session)
        return self._observers(runbook_id)

    def _read_catalog(self) -> Sequence[RunbookVersion]:
        if self._runbooks is None:
            self._runbooks = self._ports.catalog(self._session)
        return self._runbooks


def is_same_delivery(key: str, received_at: datetime, at: datetime) -> bool:
    """Whether a delivery with a key that was seen at a time is that one, sent again."""
    return not key.startswith("body:") or at - received_at < SAME_BODY_WINDOW


def _answer(new: NewDelivery, changes: dict[str, ChangeRequest]) -> Stored:
    answer = Answer.model_validate(new.answer | {"delivery": new.id})
    requested = [changes[change] for change in sorted(_pending(answer)) if change in changes]
    return Stored(answer, new.received_at, requested)


def _pending(answer: Answer) -> set[str]:
    """The changes whose run was still to be started when the delivery was stored."""
    return {
        entry.change
        for entry in answer.incidents
        if entry.change is not None and entry.outcome is Outcome.PENDING
    }


def _note_run(session: Session, job: StartedRun, at: datetime, base_url: str) -> None:
    change = job.change
    if mark_run_created(session, change.id, at):
        append_fact(
            session,
            FactKind.RUN_CREATED,
            f"Airflow has the run {job.run_id} of {change.dag_id}",
            at=at,
            incident_id=change.incident_id,
            change_id=change.id,
            dag_run=job.run_id,
            url=link_run(base_url, change),
        )
