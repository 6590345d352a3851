"""Services, the configuration items that they run on, and who depends on whom.

Owns the topology file and the questions that the risk model asks of it. Orchestration
loads it and passes what it says on: to the risk model as `ServiceFacts`, to the grouping of
alerts as the relations `needs` and `instances`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, field_validator

from airmend.change.document import YamlDocument, read_document
from airmend.errors import ConfigurationError


class Environment(StrEnum):
    """Where a service runs."""

    PRODUCTION = "production"
    STAGING = "staging"
    TEST = "test"
    DEVELOPMENT = "development"


class _ServiceEntry(BaseModel):
    """One entry below `services:`; its key is the name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: int = Field(ge=1, le=4, strict=True)
    owner: str = Field(min_length=1)
    environment: Environment = Environment.PRODUCTION  # not said counts as the gravest
    critical_function: bool = False
    depends_on: tuple[str, ...] = ()
    configuration_items: tuple[str, ...] = ()


class _ItemEntry(BaseModel):
    """One entry below `configuration_items:`; its key is the name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    depends_on: tuple[str, ...] = ()


class _TopologyFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    services: dict[str, _ServiceEntry] = Field(min_length=1)
    configuration_items: dict[str, _ItemEntry] = Field(default_factory=dict)

    @field_validator("services")
    @classmethod
    def _names_are_not_empty(cls, value: dict[str, _ServiceEntry]) -> dict[str, _ServiceEntry]:
        if any(not name.strip() for name in value):
            raise ValueError("a service has no name; give it one.")
        return value


class Service(_ServiceEntry):
    """One service.

    Tier 1 is the most critical of 4; `configuration_items` are its hosts as the inventory
    names them, or its instances; `depends_on` are the services without which this one fails.
    """

    name: str


@dataclass(frozen=True)
class ServiceFacts:
    """What the topology says of a change to one service on certain hosts."""

    service: Service
    shared_with: tuple[Service, ...] = ()  # other services on the same hosts
    dependants: tuple[str, ...] = ()  # every other service that the change can hurt
    unlisted_hosts: tuple[str, ...] = ()  # targets that no service lists


class Topology:
    """The services of one installation.

    Args:
        services: By any order; names are unique and every `depends_on` is one of them.
            Circles of dependencies are allowed.
        item_needs: What each configuration item depends on: an instance on the host that it
            runs on, a host on its switch. Circles are allowed.
    """

    def __init__(
        self,
        services: Iterable[Service],
        item_needs: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        self._services: Mapping[str, Service] = {
            service.name: service for service in sorted(services, key=lambda s: s.name)
        }
        self._dependants: dict[str, set[str]] = {name: set() for name in self._services}
        self._hosts: dict[str, list[Service]] = {}
        for service in self._services.values():
            for needed in service.depends_on:
                self._dependants[needed].add(service.name)
        self._item_needs = {item: tuple(dict.fromkeys(n)) for item, n in item_needs.items()}
        for service in self._services.values():
            for item in self._with_needed(service.configuration_items):
                self._hosts.setdefault(item, []).append(service)

    def _with_needed(self, items: Iterable[str]) -> Iterable[str]:
        """Configuration items and all that they depend on, each once."""
        found: dict[str, None] = {}
        waiting = list(items)
        while waiting:
            item = waiting.pop()
            if item not in found:
                found[item] = None
                waiting += self._item_needs.get(item, ())
        return found

    @property
    def services(self) -> tuple[Service, ...]:
        """All services, by name."""
        return tuple(self._services.values())

    @property
    def needs(self) -> Mapping[str, tuple[str, ...]]:
        """What each service and each configuration item depends on directly."""
        return {
            **self._item_needs,
            **{name: service.depends_on for name, service in self._services.items()},
        }

    @property
    def instances(self) -> Mapping[str, tuple[str, ...]]:
        """The configuration items of each service."""
        return {name: service.configuration_items for name, service in self._services.items()}

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every configuration item on which a service runs or depends, by name."""
        return tuple(sorted(self._hosts))

    def find_service(self, name: str) -> Service | None:
        """The service with this name."""
        return self._services.get(name)

    def dependants_of(self, name: str) -> frozenset[str]:
        """Services that fail when this one does, over any number of steps, without itself.

        An unknown service has none.
        """
        found: set[str] = set()
        waiting = list(self._dependants.get(name, ()))
        while waiting:
            dependant = waiting.pop()
            if dependant not in found:
                found.add(dependant)
                waiting += self._dependants[dependant]
        return frozenset(found - {name})

    def services_of(self, configuration_item: str) -> tuple[Service, ...]:
        """The services on a host or on what depends on it, the most critical first."""
        return tuple(
            sorted(self._hosts.get(configuration_item, ()), key=lambda s: (s.tier, s.name))
        )

    def service_of(self, configuration_item: str) -> Service | None:
        """The service on a host; of several, the most critical one."""
        return next(iter(self.services_of(configuration_item)), None)

    def blast_radius(self, name: str, hosts: Iterable[str]) -> frozenset[str]:
        """Other services that a change to this one on these hosts can hurt.

        These are its dependants, the services that share a host with the change, and
        the dependants of those.
        """
        touched = {name} | {service.name for host in hosts for service in self.services_of(host)}
        hurt = touched.union(*(self.dependants_of(service) for service in touched))
        return frozenset(hurt - {name})

    def describe(self, name: str, hosts: Iterable[str]) -> ServiceFacts | None:
        """What the risk model needs to know; None where the service is not in the file."""
        service = self.find_service(name)
        if service is None:
            return None
        targets = sorted(set(hosts))
        shared = {other.name: other for host in targets for other in self.services_of(host)}
        shared.pop(name, None)
        return ServiceFacts(
            service=service,
            shared_with=tuple(shared[other] for other in sorted(shared)),
            dependants=tuple(sorted(self.blast_radius(name, targets))),
            unlisted_hosts=tuple(host for host in targets if not self.services_of(host)),
        )


def load_topology(path: Path) -> Topology:
    """Read the topology file.

    Raises:
        ConfigurationError: The file is not there, not valid, or names an unknown service.
    """
    document = read_document(path)
    file = document.validate(_TopologyFile)
    _refuse_mistaken_names(document, file)
    return Topology(
        (Service(name=name, **dict(entry)) for name, entry in file.services.items()),
        {name: entry.depends_on for name, entry in file.configuration_items.items()},
    )


def _refuse_mistaken_names(document: YamlDocument, file: _TopologyFile) -> None:
    mistakes = [
        f"{document.place(('services', name, 'depends_on', position))}: service '{name}' "
        f"depends on '{needed}', which is not in this file. Add it or correct the name."
        for name, entry in file.services.items()
        for position, needed in enumerate(entry.depends_on)
        if needed not in file.services
    ]
    items = set(file.configuration_items).union(
        *(entry.configuration_items for entry in file.services.values())
    )
    mistakes += [
        f"{document.place(('configuration_items', name))}: '{name}' is a service too, and an "
        "alert could mean either. Rename one of the two."
        for name in file.configuration_items
        if name in file.services
    ]
    mistakes += [
        f"{document.place(('configuration_items', name, 'depends_on', position))}: "
        f"'{name}' depends on '{needed}', which is no configuration item of this file. Add it "
        "below 'configuration_items', or correct the name."
        for name, entry in file.configuration_items.items()
        for position, needed in enumerate(entry.depends_on)
        if needed not in items
    ]
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
