"""What is known of the errors in the catalog, as it is compared with free text.

Called by intake, through a port, for an incident that no runbook takes. What comes back is
recorded and shown; a person decides, and nothing here can start anything.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

from airmend.incident.model import Incident
from airmend.runbook.model import Runbook, RunbookVersion
from airmend.runbook.similarity import KnownErrorEntry, KnownErrorIndex, Suggestion

SUGGESTIONS = 3
"""More than a person on call reads at once help nobody."""

_NAMES = re.compile(r"""\bincident\.name\s*(?:==|in)\s*(\[[^\]]*\]|"[^"]*"|'[^']*')""")
_QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")


class SuggestionsFromCatalog:
    """Suggests known errors of the catalog; counts its words again only when it has changed.

    May be called from several threads: the index is replaced as a whole, and never changed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._digests: tuple[str, ...] | None = None
        self._index = KnownErrorIndex([])

    def __call__(
        self, incident: Incident, runbooks: Sequence[RunbookVersion]
    ) -> list[dict[str, Any]]:
        """Suggestions for an incident, as they are stored with it, best first.

        Returns:
            At most `SUGGESTIONS`, each with `runbook_id`, `known_error_id`, `title`, `score`
            (above 0, below 1) and `words` (of the incident, that spoke for it).
        """
        by_id = {version.runbook.id: version.runbook for version in runbooks}
        found = self._index_of(runbooks).suggest(text_of(incident), SUGGESTIONS)
        return [_document(each, by_id[each.known_error_id]) for each in found]

    def prepare(self, runbooks: Sequence[RunbookVersion]) -> None:
        """Count the words of a catalog before an incident waits for it; a second for a thousand."""
        self._index_of(runbooks)

    def _index_of(self, runbooks: Sequence[RunbookVersion]) -> KnownErrorIndex:
        digests = tuple(sorted(version.digest for version in runbooks))
        with self._lock:  # of two threads with a new catalog, one counts and the other waits
            if digests != self._digests:
                self._index = KnownErrorIndex(entry_of(version.runbook) for version in runbooks)
                self._digests = digests
            return self._index


def text_of(incident: Incident) -> str:
    """What an incident says in words: its name, summary and description, each once."""
    parts = [incident.name, incident.summary, incident.description]
    return "\n".join(dict.fromkeys(part for part in parts if part))


def entry_of(runbook: Runbook) -> KnownErrorEntry:
    """A runbook as it is compared: under its id, with the names of the alerts that it takes."""
    error = runbook.known_error
    steps = [step.name for step in runbook.steps]
    return KnownErrorEntry(
        id=runbook.id,
        name="\n".join([runbook.id, runbook.title, *alert_names(runbook)]),
        symptom=error.symptom,
        impact=runbook.report.impact,
        cause=error.cause,
        workaround=error.workaround,
        text=" ".join([runbook.change.service, *runbook.tags, *steps]),
    )


def alert_names(runbook: Runbook) -> list[str]:
    """The names that the runbook's expressions ask an incident for, as literals, each once."""
    names: dict[str, None] = {}
    for expression in runbook.match:
        for literals in _NAMES.findall(expression):
            for double, single in _QUOTED.findall(literals):
                names[double or single] = None
    return [name for name in names if name]


def _document(suggestion: Suggestion, runbook: Runbook) -> dict[str, Any]:
    return {
        "runbook_id": runbook.id,
        "known_error_id": runbook.known_error.id,
        "title": runbook.title,
        "score": suggestion.score,
        "words": list(suggestion.words),
    }
