"""Azure Monitor's `alertContext` and resource ids: the parts that differ from service to service.

Called by `sources/azure.py`, which has the forms. Whatever is missing or of another kind is left
out; nothing here refuses a document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from airmend.incident import fields
from airmend.incident.document import Document
from airmend.incident.labels import merge_labels, read_pairs
from airmend.incident.model import AlertStatus

_RESOURCE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)"
    r"(?:/resourcegroups/(?P<group>[^/]+))?"
    r"(?:/providers/(?P<provider>[^/]+)/(?P<path>.+?))?/?",
    re.IGNORECASE | re.DOTALL,
)
_MACHINES = frozenset(
    {
        "microsoft.compute/virtualmachines",
        "microsoft.compute/virtualmachinescalesets/virtualmachines",
        "microsoft.classiccompute/virtualmachines",
        "microsoft.hybridcompute/machines",
        "microsoft.azurestackhci/virtualmachineinstances",
        "microsoft.connectedvmwarevsphere/virtualmachines",
    }
)
_COLLECTORS = frozenset({"microsoft.operationalinsights/workspaces", "microsoft.monitor/accounts"})
"""What only holds the data of others."""

_SEARCH_LINKS = (
    *("linkToFilteredSearchResultsUI", "linkToSearchResultsUI"),
    *("LinkToFilteredSearchResultsUI", "LinkToSearchResults"),
)
_OVER_STAGES = {"resolved", "rca", "complete", "canceled", "cancelled"}


@dataclass(frozen=True)
class Resource:
    """What an id of the Azure Resource Manager names."""

    id: str
    name: str = ""
    type: str = ""
    group: str = ""
    subscription: str = ""

    @property
    def is_machine(self) -> bool:
        """Whether it is one host."""
        return self.type in _MACHINES

    @property
    def is_served(self) -> bool:
        """Whether it is something that people use, and no host and no store of signals."""
        return bool(self.name) and not self.is_machine and self.type not in _COLLECTORS


@dataclass(frozen=True)
class Signal:
    """What the context tells of the cause."""

    name: str = ""
    summary: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    """What a message of a health service tells: each calls itself fired, whatever it says."""

    key: tuple[str, str]
    status: AlertStatus
    at: datetime | None  # of the start or of the end, by the status


def read_resource(value: object) -> Resource:
    """Take an id apart; a text that is none is the name of something."""
    text = fields.read_text(value).strip()
    found = _RESOURCE.fullmatch(text)
    if found is None:
        return Resource(id=text.lower(), name="" if "/" in text else text)
    parts = (found["path"] or "").split("/")
    kinds = [found["provider"] or "", *parts[0::2]]
    return Resource(
        id=text.lower(),
        name=parts[-1] if len(parts) % 2 == 0 else "",
        type="/".join(kinds).lower().strip("/"),
        group=found["group"] or "",
        subscription=found["subscription"],
    )


def read_signal(context: Document) -> Signal:
    """Read a context of any kind: each kind leaves the fields of the others empty."""
    criteria = _read_criteria(context)
    first = criteria[0] if criteria else Document({})
    properties = context.part("properties")
    dimensions = [
        pair
        for part in (*criteria, context)
        for pair in (part.peek("dimensions") if isinstance(part.peek("dimensions"), list) else [])
    ]
    labels, _ = _read_object(context, "labels")
    annotations, _ = _read_object(context, "annotations")
    custom, _ = _read_object(context, "properties") if criteria else ({}, {})
    links = {
        "search": first.link(*_SEARCH_LINKS) or context.link(*_SEARCH_LINKS),
        "runbook": fields.read_link(annotations.get("runbook_url")),
    }
    measured = {
        "metric": first.text("metricName"),
        "value": first.text("metricValue"),
        "operator": first.text("operator"),
        "threshold": first.text("threshold"),
    }
    return Signal(
        name=labels.get("alertname", "") or context.part("AlertData").word("BudgetName"),
        summary=annotations.get("summary")
        or annotations.get("description")
        or properties.text("title", "defaultLanguageTitle")
        or context.text("DetectionSummary"),
        labels=merge_labels(
            labels,
            read_pairs(dimensions),
            custom,
            {
                "operation": context.text("operationName"),
                "azure_service": properties.word("service"),
                "azure_region": properties.word("region"),
            },
        ),
        annotations=merge_labels(annotations, measured),
        links={name: link for name, link in links.items() if link},
    )


def read_health(service: str, context: Document, target: Resource) -> Health | None:
    """The event that a health service tells of; None for every other service."""
    if service not in {"servicehealth", "resourcehealth"}:
        return None
    properties, said_at = context.part("properties"), context.moment("eventTimestamp")
    state, operation = context.text("status").lower(), context.text("operationName").lower()
    if service == "servicehealth":
        over = properties.text("stage").lower() in _OVER_STAGES or state == "resolved"
        began_at = properties.moment("impactStartTime")
        ended_at = properties.moment("impactMitigationTime")
        key, at = properties.word("trackingId"), (ended_at or said_at) if over else began_at
    else:
        healthy = properties.text("currentHealthStatus").lower() == "available"
        over = state == "resolved" or "/resolved/" in operation or healthy
        key, at = target.id, said_at
    status = AlertStatus.RESOLVED if over else AlertStatus.FIRING
    return Health((service, key), status, at) if key else None


def is_synthetic(context: Document) -> bool:
    """Whether service health says itself that nothing is the matter."""
    return context.part("properties").text("IsSynthetic").lower() == "true"


def _read_criteria(context: Document) -> list[Document]:
    listed = context.part("condition").peek("allOf")
    return [Document(item) for item in listed or () if isinstance(item, dict)]


def _read_object(context: Document, name: str) -> tuple[dict[str, str], dict[str, object]]:
    value = context.take(name)
    return fields.read_labels(value if isinstance(value, dict) else None, name, fields.TEXT_LIMIT)
