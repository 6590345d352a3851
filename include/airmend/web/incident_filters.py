"""The filter of the incidents page, as its address says it.

Addresses come from outside: a word that is not known is named on the page, and the rest holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from airmend.incident.fields import storable
from airmend.incident.model import OPEN_INCIDENT_STATUSES, IncidentStatus
from airmend.records.overview import IncidentFilter

OPEN, ENDED, ALL = "open", "ended", "all"

STATUS_WORDS: dict[str, frozenset[IncidentStatus] | None] = {
    OPEN: OPEN_INCIDENT_STATUSES,
    ENDED: frozenset(IncidentStatus) - OPEN_INCIDENT_STATUSES,
    ALL: None,
    **{status.value: frozenset({status}) for status in IncidentStatus},
}

PERIODS = {
    "": ("any time", None),
    "1h": ("the last hour", timedelta(hours=1)),
    "24h": ("the last 24 hours", timedelta(hours=24)),
    "7d": ("the last 7 days", timedelta(days=7)),
    "30d": ("the last 30 days", timedelta(days=30)),
}

TEXT_LIMIT = 200
WORDS_LIMIT = 6


@dataclass(frozen=True)
class Choice:
    """What somebody chose; "" is any.

    Args:
        status: One of `STATUS_WORDS`.
        service: The name of a service.
        runbook: The id of a runbook.
        text: Words that must occur.
        period: One of `PERIODS`.
        mistakes: What of the address was not understood, and what holds instead.
    """

    status: str = OPEN
    service: str = ""
    runbook: str = ""
    text: str = ""
    period: str = ""
    mistakes: tuple[str, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the status is chosen."""
        return bool(self.service or self.runbook or self.text or self.period)

    def to_filter(self, now: datetime) -> IncidentFilter:
        """What the records are asked for."""
        length = PERIODS[self.period][1]
        return IncidentFilter(
            statuses=STATUS_WORDS[self.status],
            service=self.service or None,
            runbook=self.runbook or None,
            words=tuple(self.text.split()[:WORDS_LIMIT]),
            since=now - length if length else None,
        )

    def query(self, *, before: str = "", **other: str) -> str:
        """The query of an address, with "?"; what is at its default is left out."""
        chosen = {**vars(self), **other}
        defaults = Choice()
        parts = {
            name: value
            for name in ("status", "service", "runbook", "text", "period")
            if (value := chosen[name]) != getattr(defaults, name)
        }
        if before:
            parts["before"] = before
        return f"?{urlencode(parts)}" if parts else ""


def read_choice(parameters: Mapping[str, str]) -> Choice:
    """The filter that an address asks for."""

    def read(name: str) -> str:
        return str(storable(parameters.get(name, ""))).strip()[:TEXT_LIMIT]

    mistakes = []
    status, period = read("status") or OPEN, read("period")
    if status not in STATUS_WORDS:
        mistakes.append(f"There is no status '{status}'; open incidents are shown.")
        status = OPEN
    if period not in PERIODS:
        mistakes.append(f"There is no period '{period}'; incidents of any time are shown.")
        period = ""
    text = read("text")
    if len(text.split()) > WORDS_LIMIT:
        mistakes.append(f"Only the first {WORDS_LIMIT} words are looked for.")
    return Choice(status, read("service"), read("runbook"), text, period, tuple(mistakes))
