"""The services and hosts that a ticket may mention: those of the topology and of the inventory.

Called by intake for tickets alone. Imports nothing of Airflow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from airmend.change.topology import Topology
from airmend.errors import AirmendError
from airmend.execution.listing import Listing
from airmend.incident.names import KnownNames

KEPT = timedelta(minutes=1)
"""So long the names are not read again: a dynamic inventory may ask a cloud for them."""

_log = logging.getLogger(__name__)


class TicketNames:
    """Gives the names, a minute old at most.

    What cannot be read is told in the log and gives no names: the ticket is taken in, and its
    words name less. Any number of threads may ask.

    Args:
        read_topology: Gives the topology as it stands now; None where none is configured.
        list_inventory: Gives the hosts of the inventory; may take seconds.
        clock: The time, aware.
    """

    def __init__(
        self,
        read_topology: Callable[[], Topology | None],
        list_inventory: Callable[[], Listing],
        clock: Callable[[], datetime],
    ) -> None:
        self._read_topology, self._list_inventory = read_topology, list_inventory
        self._clock, self._lock = clock, Lock()
        self._names = KnownNames()
        self._read_at: datetime | None = None

    def __call__(self) -> KnownNames:
        """The names; read where those at hand are too old."""
        with self._lock:
            now = self._clock()
            if self._read_at is None or not timedelta() <= now - self._read_at < KEPT:
                self._names, self._read_at = self._read(), now
            return self._names

    def _read(self) -> KnownNames:
        services: dict[str, tuple[str, ...]] = {}
        hosts: dict[str, tuple[str, ...]] = {}
        try:
            topology = self._read_topology()
            for service in topology.services if topology else ():
                services[service.name] = ()
                hosts |= dict.fromkeys(service.configuration_items, ())
        except AirmendError as error:
            _log.warning("tickets are read without the topology: %s", error)
        try:
            listing = self._list_inventory()
            hosts |= {target.name: (target.address,) for target in listing.hosts.values()}
        except AirmendError as error:
            _log.warning("tickets are read without the inventory: %s", error)
        return KnownNames(services, hosts)
