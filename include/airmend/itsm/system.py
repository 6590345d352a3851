"""What a ticket system must be able to do; one adapter a system behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from airmend.errors import ConfigurationError
from airmend.itsm.configuration import SystemName, TicketPlan
from airmend.itsm.exchange import Http
from airmend.itsm.jira import JiraTickets
from airmend.itsm.model import DesiredTicket, Stage, TicketReference
from airmend.itsm.servicenow import ServiceNowTickets

Told = Callable[[Collection[int]], None]
"""Is told which facts a ticket holds, each time when it holds more."""


class TicketSystem(Protocol):
    """One ticket system. Every method may be repeated, also after it was cut off half-way.

    All raise TicketSystemAwayError, TicketBusyError and TicketRefusedError.
    """

    @property
    def name(self) -> str:
        """Its name, as its alert source has it."""
        ...

    @property
    def title(self) -> str:
        """Its name for people."""
        ...

    def find(self, desired: DesiredTicket) -> TicketReference | None:
        """The ticket of a change or an incident, or the one that the incident came from."""
        ...

    def create(self, desired: DesiredTicket) -> TicketReference:
        """A new ticket; call `find` before."""
        ...

    def bring(
        self,
        reference: TicketReference,
        desired: DesiredTicket,
        *,
        held: Collection[int],
        told_stage: Stage | None,
        told: Told,
    ) -> None:
        """Bring a ticket to what it should say, one step after the other.

        Args:
            reference: The ticket.
            desired: What it should say.
            held: Facts that it is known to hold.
            told_stage: The stage that it was brought to last.
            told: Called with the facts that it holds after each note.
        """
        ...


def make_system(plan: TicketPlan, http: Http, base_url: str) -> TicketSystem:
    """The adapter of the system that the plan names.

    Args:
        plan: The file of the organisation.
        http: The way there.
        base_url: Where people reach the ticket system, for links.

    Raises:
        ConfigurationError: The plan lacks what the system needs.
    """
    if plan.system is SystemName.SERVICENOW:
        return ServiceNowTickets(plan.servicenow, http, base_url)
    if plan.jira is None:
        raise ConfigurationError("the ticket system is 'jira', and its project is missing")
    return JiraTickets(plan.jira, http, base_url)
