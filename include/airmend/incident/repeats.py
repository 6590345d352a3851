"""Deliveries that were stored a while ago and are sent again: answered without asking anyone.

A sender that heard nothing sends again, a proxy sends twice: in a storm that is half of it. What
is kept was committed, and a delivery is never removed, so that the answer holds; what is not
kept is found in the records. Called by intake once the sender is proven.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime

from airmend.incident.answers import Answer, Outcome

LIMIT = 10_000
"""Answers that are kept, the latest ones."""

ENTRIES_LIMIT = 10
"""A delivery with more alerts is left to the records, for the sake of memory."""


class Repeats:
    """The answers of one process; may be used from many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, Answer]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, source: str, key: str, at: datetime, answer: Answer) -> None:
        """Keep an answer that will not change any more: no run of it is waited for."""
        if len(answer.incidents) > ENTRIES_LIMIT or any(
            entry.outcome is Outcome.PENDING for entry in answer.incidents
        ):
            return
        repeated = answer.model_copy(update={"repeated": True})
        with self._lock:
            self._kept[source, key] = (at, repeated)
            if len(self._kept) > LIMIT:
                self._kept.popitem(last=False)

    def find(self, source: str, key: str) -> tuple[datetime, Answer] | None:
        """When a delivery was stored, and its answer; None when it is not kept."""
        return self._kept.get((source, key))
