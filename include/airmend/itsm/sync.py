"""Tell a ticket system what the records say: one look, as far as it comes.

Level-triggered: each look compares the records with what was told last, so that nothing is lost
by a look that failed, was killed, or never was. Nothing here is waited for by a repair.

Safe to kill anywhere and to repeat:

- one look at a time tells a system (a turn in the records, which runs out);
- that a ticket is about to be created is written down before. Whoever comes next looks for it by
  the number of its incident or change, and when there is none, waits until an answer that was
  cut off or an index that lags would have shown it;
- notes carry the numbers of their facts, and are read back before new ones are written;
- states are read before they are set.

No transaction is open while the ticket system is asked.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError, NoResultFound

from airmend.errors import (
    TicketBusyError,
    TicketError,
    TicketRefusedError,
    TicketSystemAwayError,
)
from airmend.itsm.desired import read_desired
from airmend.itsm.model import DesiredTicket, Stage, Ticket, TicketKind, TicketReference
from airmend.itsm.patience import wait_after
from airmend.itsm.system import TicketSystem
from airmend.records.database import Database
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.ticket_systems import (
    give_turn_back,
    note_away,
    note_reached,
    read_system,
    take_turn,
)
from airmend.records.tickets import (
    due_tickets,
    enrol,
    note_facts,
    note_failed,
    note_intent,
    note_linked,
    note_told,
    postpone,
    read_versions,
    settle,
)

CREATION_SETTLES = timedelta(minutes=2)
"""So long after a creation that was begun may its ticket still appear."""

MOST_TICKETS = 200
"""Tickets of one look; the others are the next one's."""

LONGEST_LOOK = timedelta(seconds=45)
"""After so long no further ticket is begun; the next look goes on."""

_log = logging.getLogger(__name__)


@dataclass
class Look:
    """What one look did.

    Args:
        told: Tickets that say what they should.
        refused: Tickets that need a person.
        busy: Tickets that are tried again.
        away: Why the system was left alone; "" when it was not.
    """

    told: int = 0
    refused: int = 0
    busy: int = 0
    away: str = ""


@dataclass(frozen=True)
class Sync:
    """The sync of one ticket system.

    Args:
        database: The records.
        system: The ticket system.
        kinds: What gets a ticket.
        base_url: Where people reach Airflow.
        owner: A name that no other process has.
        now: The clock.
        chance: Gives numbers from 0 to 1 that spread waiting times.
        observe: Told the name of each step as it is passed.
    """

    database: Database
    system: TicketSystem
    kinds: Collection[TicketKind]
    base_url: str
    owner: str
    now: Callable[[], datetime]
    chance: Callable[[], float] = field(default=random.random)
    observe: Callable[[str], None] = field(default=lambda _step: None)

    def look(self) -> Look:
        """Tell what there is to tell.

        Raises:
            StoreUnavailableError: The records cannot be used.
        """
        look, begun = Look(), self.now()
        if not self._may_begin(look):
            return look
        try:
            with self.database.session() as session:
                enrol(session, self.system.name, self.kinds, begun)
                due = due_tickets(session, self.system.name, begun, limit=MOST_TICKETS)
            for ticket in due:
                if self.now() - begun > LONGEST_LOOK or not self._keep_turn():
                    break
                self._try(ticket, look)
                if look.away:
                    break
        finally:
            with self.database.session() as session:
                give_turn_back(session, self.system.name, self.owner)
        return look

    def _may_begin(self, look: Look) -> bool:
        name, now = self.system.name, self.now()
        with self.database.session() as session:
            state = read_system(session, name)
        if state and state.paused_until and state.paused_until > now:
            look.away = state.last_error
            return False
        return self._keep_turn()

    def _keep_turn(self) -> bool:
        try:
            with self.database.session() as session:
                return take_turn(session, self.system.name, self.owner, self.now())
        except IntegrityError:  # another look made the first row at this instant
            return False

    def _try(self, ticket: Ticket, look: Look) -> None:
        try:
            done = self._tell(ticket)
        except TicketSystemAwayError as error:
            look.away = str(error)
            self._leave_alone(error)
        except (TicketBusyError, TicketRefusedError) as error:
            is_refused = isinstance(error, TicketRefusedError)
            look.refused, look.busy = look.refused + is_refused, look.busy + (not is_refused)
            self._set_aside(ticket, error)
        except NoResultFound:
            _log.info("%s is no longer on record; its ticket stays as it is", ticket.subject_id)
            with self.database.session() as session:
                settle(session, ticket)
        else:
            look.told += done
            with self.database.session() as session:
                note_reached(session, self.system.name, self.now())

    def _tell(self, ticket: Ticket) -> bool:
        """Bring one ticket to what it should say; False when it has to wait."""
        with self.database.session() as session:
            version = read_versions(session, [ticket.incident_id]).get(ticket.incident_id, "")
            desired = read_desired(session, ticket, self.base_url)
        reference = ticket.reference or self._find_or_create(ticket, desired)
        if reference is None:
            return False
        self.system.bring(
            reference,
            desired,
            held=ticket.told_facts,
            told_stage=Stage(ticket.told_stage) if ticket.told_stage else None,
            told=lambda facts: self._note_facts(ticket, facts),
        )
        self.observe("ticket brought")
        with self.database.session() as session:
            note_told(session, ticket, version, desired.stage, self.now())
        self.observe("told recorded")
        return True

    def _find_or_create(self, ticket: Ticket, desired: DesiredTicket) -> TicketReference | None:
        reference = self.system.find(desired)
        if reference is None:
            now = self.now()
            if ticket.intended_at and now < (until := ticket.intended_at + CREATION_SETTLES):
                with self.database.session() as session:
                    postpone(session, ticket, until)
                return None
            with self.database.session() as session:
                note_intent(session, ticket, now)
            self.observe("intent recorded")
            try:
                reference = self.system.create(desired)
            except TicketRefusedError:  # a clear no: nothing was made, and nothing has to settle
                with self.database.session() as session:
                    note_intent(session, ticket, None)
                raise
            self.observe("ticket created")
        with self.database.session() as session:
            note_linked(session, ticket, reference)
            append_fact(
                session,
                FactKind.TICKET_LINKED,
                f"The {ticket.kind.value} is {reference.number} in {self.system.title}",
                at=self.now(),
                incident_id=ticket.incident_id,
                change_id=ticket.subject_id if ticket.kind is TicketKind.CHANGE else None,
                url=reference.link,
            )
        self.observe("ticket recorded")
        return reference

    def _note_facts(self, ticket: Ticket, facts: Collection[int]) -> None:
        self.observe("note written")
        with self.database.session() as session:
            note_facts(session, ticket, facts)
        self.observe("note recorded")

    def _leave_alone(self, error: TicketSystemAwayError) -> None:
        """Ask the system again later, and nothing else meanwhile."""
        with self.database.session() as session:
            state = read_system(session, self.system.name)
            failures = state.failures + 1 if state else 1
            wait = wait_after(failures, self.chance(), needs_person=error.needs_person)
            if error.retry_after_seconds is not None:
                wait = timedelta(seconds=error.retry_after_seconds)
            note_away(session, self.system.name, str(error), until=self.now() + wait)
        _log.warning("%s is left alone for %s: %s", self.system.title, wait, error)

    def _set_aside(self, ticket: Ticket, error: TicketError) -> None:
        """Try one ticket again later; what needs a person is told in the story, once."""
        refused = isinstance(error, TicketRefusedError)
        wait = wait_after(ticket.attempts + 1, self.chance(), needs_person=refused)
        _log.warning("the ticket of %s waits for %s: %s", ticket.subject_id, wait, error)
        with self.database.session() as session:
            note_failed(session, ticket, str(error), next_try_at=self.now() + wait, refused=refused)
            if refused and str(error) != ticket.last_error:
                append_fact(
                    session,
                    FactKind.TICKET_REFUSED,
                    f"{self.system.title} refuses what it is told of {ticket.subject_id}: {error}",
                    at=self.now(),
                    incident_id=ticket.incident_id,
                    change_id=ticket.subject_id if ticket.kind is TicketKind.CHANGE else None,
                )
