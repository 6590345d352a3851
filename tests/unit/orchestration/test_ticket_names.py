"""The names that a ticket may mention come from the topology and the inventory."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from airmend.change.model import Target
from airmend.change.topology import Topology
from airmend.errors import ConfigurationError, InventoryError
from airmend.execution.listing import Listing
from airmend.orchestration.ticket_names import KEPT, TicketNames
from tests.builders import AT
from tests.unit.change.builders import make_service

TOPOLOGY = Topology([make_service("payment-api", configuration_items=("pay1",))])
LISTING = Listing(hosts={"web1": Target(name="web1", address="10.0.0.11")}, groups={})


class Sources:
    """A topology, an inventory and a clock that tests change; counts what is read."""

    def __init__(self) -> None:
        self.topology: Topology | ConfigurationError | None = TOPOLOGY
        self.listing: Listing | InventoryError = LISTING
        self.now: datetime = AT
        self.read = 0

    def names(self) -> TicketNames:
        return TicketNames(self.read_topology, self.list_inventory, lambda: self.now)

    def read_topology(self) -> Topology | None:
        self.read += 1
        if isinstance(self.topology, ConfigurationError):
            raise self.topology
        return self.topology

    def list_inventory(self) -> Listing:
        if isinstance(self.listing, InventoryError):
            raise self.listing
        return self.listing


def test_services_items_hosts_and_addresses_are_known() -> None:
    names = Sources().names()()
    assert names.services_called(("payment", "api")) == {"payment-api"}
    assert names.hosts_called("pay1") == {"pay1"}
    assert names.hosts_called("10.0.0.11") == {"web1"}


def test_without_a_topology_the_inventory_still_counts() -> None:
    sources = Sources()
    sources.topology = None
    assert sources.names()().hosts_called("web1") == {"web1"}


def test_what_cannot_be_read_is_told_and_names_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sources = Sources()
    sources.topology = ConfigurationError("topology.yaml:3: no tier")
    names = sources.names()()
    assert names.hosts_called("web1") == {"web1"}
    assert names.services_called(("payment", "api")) == frozenset()
    sources.listing = InventoryError("hosts.ini: not there")
    assert sources.names()().hosts_called("web1") == frozenset()
    assert "topology.yaml:3: no tier" in caplog.text
    assert "hosts.ini: not there" in caplog.text


@pytest.mark.parametrize(
    ("step", "reads"), [(KEPT / 2, 1), (KEPT, 2), (-KEPT, 2)], ids=["soon", "later", "set back"]
)
def test_names_are_read_again_after_a_while(step: timedelta, reads: int) -> None:
    sources = Sources()
    names = sources.names()
    names()
    sources.now += step
    names()
    assert sources.read == reads
