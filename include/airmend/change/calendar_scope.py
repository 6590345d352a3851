"""Which changes an entry of the policy's calendar is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from airmend.change.model import ChangeType
from airmend.change.policy_part import Part
from airmend.change.topology import Environment, Service, ServiceFacts, Topology

Name = Annotated[str, Field(min_length=1)]
Tier = Annotated[int, Field(ge=1, le=4)]


def _zone_is_known(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"'{value}' is not a time zone; use a name such as Europe/Berlin."
        ) from error
    return value


ZoneName = Annotated[str, AfterValidator(_zone_is_known)]
"""A time zone as the IANA database names it."""


class Fit(Enum):
    """Whether an entry is about a change."""

    NO = 0
    MAYBE = 1  # the topology does not say so
    YES = 2


@dataclass(frozen=True)
class Subject:
    """The change that a calendar is asked about."""

    service: str  # the one that its runbook changes
    change_type: ChangeType = ChangeType.NORMAL
    facts: ServiceFacts | None = None  # None where the topology does not hold the service

    @classmethod
    def of(
        cls,
        service: str,
        change_type: ChangeType,
        hosts: Iterable[str],
        topology: Topology | None,
    ) -> Subject:
        """A change to a service on some hosts, with what the topology says of them."""
        facts = topology.describe(service, hosts) if topology is not None else None
        return cls(service, change_type, facts)


class Scoped(Part):
    """What every entry has: its name, its zone, and which changes it is about.

    A key of the scope that is left out means any; an empty list is a mistake, since it could be
    read as none and as all. `except_types` are changes that it lets pass.
    """

    name: Name
    time_zone: ZoneName | None = None  # the policy's where it says none
    services: tuple[Name, ...] | None = Field(default=None, min_length=1)
    environments: tuple[Environment, ...] | None = Field(default=None, min_length=1)
    tiers: tuple[Tier, ...] | None = Field(default=None, min_length=1)
    types: tuple[ChangeType, ...] | None = Field(default=None, min_length=1)
    except_types: tuple[ChangeType, ...] = ()

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """The zone whose clock it is read by."""
        return ZoneInfo(self.time_zone) if self.time_zone else default

    def fits(self, subject: Subject, *, shared: bool = False) -> Fit:
        """Whether it is about a change.

        Args:
            subject: The change.
            shared: Also by the services that share a host with it: what is frozen is touched.
        """
        if self.types is not None and subject.change_type not in self.types:
            return Fit.NO
        if subject.facts is None:
            if self.services is not None and subject.service not in self.services:
                return Fit.NO
            known = self.tiers is None and self.environments is None
            return Fit.YES if known else Fit.MAYBE
        touched = [subject.facts.service, *(subject.facts.shared_with if shared else ())]
        return Fit.YES if any(self._covers(service) for service in touched) else Fit.NO

    def lets_pass(self, subject: Subject, *, emergencies: bool) -> bool:
        """Whether changes of this type are not bound to it.

        Args:
            subject: The change.
            emergencies: Whether the policy lets emergency changes pass what does not name them
                in its `types`.
        """
        if subject.change_type in self.except_types:
            return True
        is_emergency = subject.change_type is ChangeType.EMERGENCY
        return emergencies and is_emergency and ChangeType.EMERGENCY not in (self.types or ())

    def _covers(self, service: Service) -> bool:
        return (
            (self.services is None or service.name in self.services)
            and (self.environments is None or service.environment in self.environments)
            and (self.tiers is None or service.tier in self.tiers)
        )
