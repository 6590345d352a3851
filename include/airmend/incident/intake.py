"""A delivery comes in: prove who sent it, read it, store it, and start what it calls for.

Called by `web/hooks.py` and, for runs that could not be started, by a task every minute.
Other rooms come in as ports; nothing of Airflow is known here. What was answered is durable:
the delivery, its incidents and its changes are one transaction, and a change without a run is
an entry of an outbox that `resume_starts` works off, after a crash too.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

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
from airmend.incident.answers import Answer, IncidentAnswer, link_run
from airmend.incident.fields import decode_json, read_text
from airmend.incident.model import Alert
from airmend.incident.proofs import SourceSecrets, prove_sender
from airmend.incident.registration import Matcher, Registration
from airmend.incident.sources import find_source, source_names
from airmend.records.changes import changes_without_run, mark_run_created
from airmend.records.database import Database
from airmend.records.deliveries import (
    count_rejection,
    find_delivery,
    release_key,
    store_answer,
    store_delivery,
)
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.runbook.model import RunbookVersion

MAX_BODY_BYTES = 1_048_576
"""A larger body is refused."""

SAME_BODY_WINDOW = timedelta(hours=1)
"""So long is the same body, from a sender that gives no delivery id, the same delivery.

After that it is looked at again: a script may send the same words about another failure.
"""

START_BUDGET = timedelta(seconds=5)
"""After so long the sender gets its answer; runs that are not started by then start later."""

_ATTEMPTS = 5
_REASONS: dict[type[IntakeError], str] = {
    UnknownSourceError: "unknown_source",
    PayloadTooLargeError: "too_large",
    SignatureError: "signature",
    MalformedBodyError: "malformed_body",
    PayloadError: "payload",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Intake:
    """Takes deliveries in.

    Args:
        database: The records.
        catalog: Gives the runbook versions that new runs may start from.
        match: Finds the one that takes an incident, from the incident's facts.
        start_run: Creates the Airflow run of a change and gives its id; called again for the
            same change it gives the same run. Raises RunNotStartedError when it cannot now.
        clock: The time, aware.
        new_id: Eight random characters of base32, for ids.
        base_url: Where people reach Airflow.
    """

    database: Database
    catalog: Callable[[Session], Sequence[RunbookVersion]]
    match: Matcher
    start_run: Callable[[ChangeRequest], str]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    base_url: str

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
            key, alerts = self._read(source_name, headers, body, secrets)
        except IntakeError as error:
            self.count_refusal(source_name, error)
            raise
        answer = self._store(source_name, key, body, alerts)
        return answer if answer.repeated else self._start_all(answer)

    def count_refusal(self, source_name: str, error: IntakeError) -> None:
        """Count a rejection; names that are no source count as one, so that they cost nothing."""
        source = source_name if source_name in source_names() else "unknown"
        try:
            with self.database.session() as session:
                count_rejection(session, source, _REASONS[type(error)], at=self.clock())
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

    def _read(
        self,
        source_name: str,
        headers: Mapping[str, str],
        body: bytes,
        secrets: Callable[[str], SourceSecrets],
    ) -> tuple[str, list[Alert]]:
        """The key of a delivery and its alerts, once its sender is proven."""
        source = find_source(source_name)
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLargeError(
                f"the body has {len(body)} bytes; send at most {MAX_BODY_BYTES}"
            )
        headers = {name.lower(): value for name, value in headers.items()}
        prove_sender(secrets(source_name), headers, body, self.clock(), source=source_name)
        document = decode_json(body)
        alerts = source.parse(document, headers)
        return _delivery_key(source.delivery_id(headers, document), body), alerts

    def _store(self, source: str, key: str, body: bytes, alerts: list[Alert]) -> Answer:
        """Store in one transaction, again when another delivery was first at the same instant."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self.database.session() as session:
                    return self._register(session, source, key, body, alerts)
            except IntegrityError as error:
                _log.info("delivery %s of %s met another one, attempt %d", key, source, attempt)
                conflict = error
        raise StoreUnavailableError(
            f"the delivery met another one {_ATTEMPTS} times; send it again"
        ) from conflict

    def _register(
        self, session: Session, source: str, key: str, body: bytes, alerts: list[Alert]
    ) -> Answer:
        at = self.clock()
        if (earlier := find_delivery(session, source, key)) is not None:
            if not _is_body_key(key) or at - earlier.received_at < SAME_BODY_WINDOW:
                waiting = {change.id for change in changes_without_run(session)}
                answer = Answer.model_validate(earlier.answer | {"repeated": True})
                return answer.with_started(_changes_of(answer) - waiting)
            release_key(session, earlier.id)
        delivery_id = store_delivery(session, source, key, body, at=at)
        runbooks: list[Sequence[RunbookVersion]] = []

        def read_catalog() -> Sequence[RunbookVersion]:
            if not runbooks:
                runbooks.append(self.catalog(session))
            return runbooks[0]

        registration = Registration(
            session, delivery_id, at, read_catalog, self.match, self.new_id, self.base_url
        )
        # always in the same order, so that two deliveries never wait for each other's rows
        order = sorted(range(len(alerts)), key=lambda number: alerts[number].fingerprint)
        entries: dict[int, IncidentAnswer] = {
            number: registration.register(alerts[number]) for number in order
        }
        answer = Answer(
            delivery=delivery_id, incidents=[entries[number] for number in range(len(alerts))]
        )
        store_answer(session, delivery_id, answer.model_dump(mode="json"))
        return answer

    def _start_all(self, answer: Answer) -> Answer:
        wanted = _changes_of(answer)
        if not wanted:
            return answer
        started: set[str] = set()
        deadline = self.clock() + START_BUDGET
        try:
            with self.database.session() as session:
                waiting = [c for c in changes_without_run(session) if c.id in wanted]
            for change in waiting:
                if self.clock() <= deadline and self._start(change):
                    started.add(change.id)
        except StoreUnavailableError:
            _log.exception("delivery %d is stored; its runs start later", answer.delivery)
        return answer.with_started(started)

    def _start(self, change: ChangeRequest) -> bool:
        """Start one run and note it; False leaves the change in the outbox."""
        try:
            run_id = self.start_run(change)
        except AirmendError as error:
            _log.warning("the run of %s is started later: %s", change.id, error)
            return False
        except Exception:  # noqa: BLE001 - what nobody foresaw must not hold up other changes
            _log.exception("the run of %s could not be started", change.id)
            return False
        at = self.clock()
        with self.database.session() as session:
            if mark_run_created(session, change.id, at):
                append_fact(
                    session,
                    FactKind.RUN_CREATED,
                    f"Airflow has the run {run_id} of {change.dag_id}",
                    at=at,
                    incident_id=change.incident_id,
                    change_id=change.id,
                    dag_run=run_id,
                    url=link_run(self.base_url, change),
                )
        return True


def _delivery_key(given: str | None, body: bytes) -> str:
    """The identity of a delivery: the sender's id, hashed where it is long, or the body's."""
    if not given:
        return f"body:{hashlib.sha256(body).hexdigest()}"
    clean = read_text(given)
    if len(clean) <= 200:
        return f"id:{clean}"
    return f"id-sha256:{hashlib.sha256(clean.encode()).hexdigest()}"


def _is_body_key(key: str) -> bool:
    return key.startswith("body:")


def _changes_of(answer: Answer) -> set[str]:
    """The changes whose run was still to be started when the delivery was stored."""
    return {
        entry.change
        for entry in answer.incidents
        if entry.change is not None and entry.outcome == "pending"
    }
