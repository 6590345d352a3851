"""What grouping and the ranking of causes see of an alert, and which items it is about.

Pure. An alert names items in its service, its host and some of its labels; which of them the
topology knows decides how it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from airmend.incident.fields import read_host
from airmend.incident.service_graph import ServiceGraph

CALLEE_LABELS = (
    "callee",
    "peer.service",  # OpenTelemetry
    "peer_service",
    "destination_service_name",  # Istio
    "destination_workload",
    "upstream",
)
"""Labels with the item that the alert's own item calls and complains about."""

SERVICE_LABELS = ("service", "app", "application", "deployment", "statefulset", "component")
HOST_LABELS = ("node", "hostname", "host")
"""Labels that name an item, after `pod` and `instance`, from the narrower kind to the wider."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One firing of one alert.

    Args:
        fingerprint: What makes two alerts the same one.
        name: The alert's name.
        service: The service that it is about, as its source reads it.
        host: The host that it is about.
        at: When it began to fire, aware.
        labels: All of them.
    """

    fingerprint: str
    name: str
    service: str | None
    host: str | None
    at: datetime
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Naming:
    """The items that a signal names.

    Args:
        item: What the alert is about, the narrowest that the topology knows; where it knows
            none, what the alert says itself; "" when it says nothing.
        callee: The item that `item` calls and complains about, or None.
        others: Further items that the alert names; where the topology knows `item`, only those
            that it knows.
        is_known: Whether the topology knows `item`.
    """

    item: str
    callee: str | None
    others: tuple[str, ...]
    is_known: bool

    @property
    def blamed(self) -> str:
        """The item that the alert speaks against: who waits for another one blames that one."""
        return self.item if self.callee is None else self.callee


def read_naming(signal: Signal, graph: ServiceGraph) -> Naming:
    """Find out which items a signal is about.

    An instance is narrower than its service: of a service and a host that is one of its
    configuration items, the host is what the alert is about.
    """
    items = graph.items()
    named = list(dict.fromkeys(_names(signal)))
    known = [name for name in named if name in items]
    item = known[0] if known else next(iter(named), "")
    for other in known:
        if other in graph.parts(item):
            item = other
            break
    callee = next(
        (signal.labels[label] for label in CALLEE_LABELS if signal.labels.get(label)), None
    )
    if callee == item or (callee is not None and known and callee not in items):
        callee = None  # a name that the topology does not know says nothing beside one it does
    others = tuple(name for name in known or named if name not in {item, callee})
    return Naming(item, callee, others, is_known=bool(known))


def _names(signal: Signal) -> Iterator[str]:
    labels = signal.labels
    candidates = (
        labels.get("pod"),
        read_host(labels.get("instance")),  # without its port
        signal.service,
        *(labels.get(label) for label in SERVICE_LABELS),
        signal.host,
        *(labels.get(label) for label in HOST_LABELS),
    )
    return (name for name in candidates if name)
