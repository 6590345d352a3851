"""A delivery comes in: prove who sent it, read it, store it, and start what it calls for.

Called by `web/hooks.py` and, for runs that could not be started, by a task every minute.
Other rooms come in as ports; nothing of Airflow is known here. What was answered is durable:
the delivery, its incidents and its changes are one transaction (`batches.py`), and a change
without a run is an entry of an outbox that `resume_starts` works off, after a crash too.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from airmend.change.model import ChangeRequest
from airmend.errors import (
    AirmendError,
    IntakeError,
    MalformedBodyError,
    PayloadError,
    PayloadTooLargeError,
    SignatureError,
    StoreUnavailableError,
    UnknownSourceError,
)
from airmend.incident.answers import Answer
from airmend.incident.batches import (
    Batches,
    Delivery,
    Job,
    Refusal,
    StartedRun,
    Stored,
    is_same_delivery,
)
from airmend.incident.fields import read_text
from airmend.incident.group_commit import GroupCommit
from airmend.incident.intent import fill_from_text
from airmend.incident.model import OWN_SOURCE, Alert
from airmend.incident.ports import Ports
from airmend.incident.proofs import SourceSecrets, prove_sender
from airmend.incident.repeats import Repeats
from airmend.incident.sources import decode_delivery, find_source, is_ticket_system, source_names
from airmend.records.changes import changes_without_run

MAX_BODY_BYTES = 1_048_576
"""A larger body is refused."""

START_BUDGET = timedelta(seconds=3)
"""After so long the sender gets its answer; runs that are not started by then start later."""

MAX_BATCH_ALERTS = 1_000
"""Alerts that are stored in one transaction at most, unless one delivery has more."""

_REASONS: dict[type[IntakeError], str] = {
    UnknownSourceError: "unknown_source",
    PayloadTooLargeError: "too_large",
    SignatureError: "signature",
    MalformedBodyError: "malformed_body",
    PayloadError: "payload",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Intake(Ports):
    """Takes deliveries in; one instance a process, since it has the one writer."""

    _writer: GroupCommit[Job, Stored | None] = field(init=False, repr=False)
    _repeats: Repeats = field(init=False, repr=False, default_factory=Repeats)

    def __post_init__(self) -> None:
        """Make the writer; its thread begins with the first delivery."""
        writer = GroupCommit(Batches(self).commit, weigh_job, MAX_BATCH_ALERTS)
        object.__setattr__(self, "_writer", writer)

    def receive(
        self,
        source_name: str,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Callable[[str], SourceSecrets],
    ) -> Answer:
        """Take one delivery in; when this returns, it is stored.

        Args:
            source_name: The last part of the address, from outside.
            headers: HTTP headers; the case of names does not matter.
            body: The bytes as they came.
            secrets: Gives the secrets of a source that exists.

        Raises:
            IntakeError: It is refused, for the reason that the subclass tells; nothing is
                stored but the count of the rejection.
            StoreUnavailableError: The records cannot be written; it should be sent again.
        """
        try:
            delivery = self.read(source_name, headers, body, secrets)
        except IntakeError as error:
            self.count_refusal(source_name, error)
            raise
        if delivery.answer is not None:
            return delivery.answer
        return self.start(delivery, cast(Stored, self._writer.submit(delivery).result()))

    async def store(self, delivery: Delivery) -> Answer:
        """The second half of `receive`, for an event loop: no thread waits for the commit.

        Raises:
            StoreUnavailableError: The records cannot be written; it should be sent again.
        """
        if delivery.answer is not None:
            return delivery.answer
        stored = cast(Stored, await self._writer.store(delivery))
        if stored.changes:
            return await asyncio.to_thread(self.start, delivery, stored)
        return self.start(delivery, stored)

    def read(
        self,
        source_name: str,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Callable[[str], SourceSecrets],
    ) -> Delivery:
        """The first half of `receive`: a delivery with its alerts, once its sender is proven.

        Raises:
            IntakeError: It is refused; whoever called counts it.
        """
        source = find_source(source_name)
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLargeError(
                f"the body has {len(body)} bytes; send at most {MAX_BODY_BYTES}"
            )
        headers, at = {name.lower(): value for name, value in headers.items()}, self.clock()
        prove_sender(secrets(source_name), headers, body, at, source=source_name)
        document = decode_delivery(source, body, headers)
        digest = hashlib.sha256(body).hexdigest()
        key = _delivery_key(source.delivery_id(headers, document), digest)
        earlier = self._repeats.find(source_name, key)
        if earlier is not None and is_same_delivery(key, earlier[0], at):
            return Delivery(source_name, key, body, digest, (), earlier[1])
        alerts = source.parse(document, headers)
        if is_ticket_system(source):
            names = self.names()
            alerts = [fill_from_text(alert, names) for alert in alerts]
        self.observe("parsed")
        return Delivery(source_name, key, body, digest, alerts)

    def tell(self, alert: Alert) -> Answer:
        """Take an alert of Airmend's own in, as if a sender had told it.

        Raises:
            StoreUnavailableError: The records cannot be written; it should be told again.
        """
        body = alert.model_dump_json().encode()
        digest = hashlib.sha256(body).hexdigest()
        delivery = Delivery(OWN_SOURCE, _delivery_key(None, digest), body, digest, [alert])
        return self.start(delivery, cast(Stored, self._writer.submit(delivery).result()))

    def start(self, delivery: Delivery, stored: Stored) -> Answer:
        """Start the runs that a stored delivery calls for, as far as there is time."""
        started: set[str] = set()
        deadline = self.clock() + START_BUDGET
        try:
            for change in stored.changes:
                if self.clock() <= deadline and self._start(change):
                    started.add(change.id)
        except StoreUnavailableError:
            _log.exception("delivery %d is stored; its runs start later", stored.answer.delivery)
        answer = stored.answer.with_started(started) if started else stored.answer
        self._repeats.keep(delivery.source, delivery.key, stored.received_at, answer)
        return answer

    def count_refusal(self, source_name: str, error: IntakeError) -> None:
        """Count a rejection; names that are no source count as one, so that they cost nothing."""
        source = source_name if source_name in source_names() else "unknown"
        try:
            self._writer.submit(Refusal(source, _REASONS[type(error)])).result()
        except StoreUnavailableError:
            _log.exception("a rejection of source %s could not be counted", source)

    def resume_starts(self) -> int:
        """Start the run of every change that has none; gives the number of runs started.

        To be called once a minute. It may overlap with itself and with deliveries, since
        starting the same change twice gives one run.
        """
        with self.database.session() as session:
            waiting = changes_without_run(session)
        return sum(self._start(change) for change in waiting)

    def _start(self, change: ChangeRequest) -> bool:
        """Start one run and note it; False leaves the change in the outbox."""
        self.observe("before the start")
        try:
            run_id = self.start_run(change)
        except AirmendError as error:
            _log.warning("the run of %s is started later: %s", change.id, error)
            return False
        except Exception:  # noqa: BLE001 - what nobody foresaw must not hold up other changes
            _log.exception("the run of %s could not be started", change.id)
            return False
        self.observe("started")
        self._writer.submit(StartedRun(change, run_id)).result()
        return True


def weigh_job(job: Job) -> int:
    """How much of a batch a job is: its alerts, and one for itself."""
    return 1 + len(job.alerts) if isinstance(job, Delivery) else 1


def _delivery_key(given: str | None, digest: str) -> str:
    """The identity of a delivery: the sender's id, hashed where it is long, or the body's."""
    if not given:
        return f"body:{digest}"
    clean = read_text(given)
    if len(clean) <= 200:
        return f"id:{clean}"
    return f"id-sha256:{hashlib.sha256(clean.encode()).hexdigest()}"
