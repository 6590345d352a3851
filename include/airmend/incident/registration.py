"""One alert becomes part of the records: it opens an incident, repeats one, joins or ends one.

Called by intake for each alert of a batch, over what `records/situation.py` has read; gathers
what is to be written. Nothing is started here: a requested change is stored, and its run is
started after the commit. The order of the questions is docs/adr/0011-registration-in-batches.md:
what an alert is to what is known is asked here, and what follows from it in `beginning.py` and
`continuing.py`, which both let `verdicts.py` decide what becomes of an incident.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airmend.incident.answers import IncidentAnswer, Outcome
from airmend.incident.beginning import Beginning
from airmend.incident.continuing import Continuing
from airmend.incident.correlation import Correlation, correlate
from airmend.incident.draft import Draft
from airmend.incident.model import Alert, Incident
from airmend.incident.neighbours import Neighbours
from airmend.incident.ports import Match, Rules
from airmend.incident.verdicts import Verdicts
from airmend.records.effects import NewDelivery
from airmend.records.situation import EarlyEnd


class Registration:
    """Registers the alerts of one batch.

    Args:
        draft: What the batch will write.
        match: Finds the runbook that takes an incident, from the incident's facts.
        rules: What holds incidents back; None when nothing is configured.
        neighbours: The open incidents that an alert may join; None leaves every one alone.
        suggest: Finds known errors that are like an incident that no runbook takes.
        new_id: Gives eight random characters, for ids.
        observes: Whether a runbook only observes, and starts nothing.
    """

    def __init__(
        self,
        draft: Draft,
        *,
        match: Callable[[dict[str, Any]], Match],
        rules: Rules | None,
        neighbours: Neighbours | None,
        suggest: Callable[[Incident], list[dict[str, Any]]] | None,
        new_id: Callable[[], str],
        observes: Callable[[str], bool] = lambda _runbook_id: False,
    ) -> None:
        verdicts = Verdicts(draft, match, rules, suggest, observes)
        self._draft = draft
        self._beginning = Beginning(draft, verdicts, neighbours, new_id)
        self._continuing = Continuing(draft, verdicts, neighbours)

    def register(self, alert: Alert, delivery: NewDelivery) -> IncidentAnswer:
        """Decide what one alert leads to."""
        draft = self._draft
        if alert.is_test:
            draft.keep(alert, delivery, None)
            return IncidentAnswer(outcome=Outcome.TEST)
        known = draft.situation.members.get(alert.fingerprint)
        standing = draft.situation.standing(known.member.incident_id) if known else None
        correlation = correlate(
            alert,
            standing.incident if standing else None,
            known.member if known else None,
            draft.situation.early_ends.get(alert.fingerprint),
            limits=draft.limits,
            at=draft.at,
        )
        if correlation is Correlation.NEW:
            return self._beginning.begin(alert, delivery, known.member if known else None)
        is_late = correlation is Correlation.LATE and not (
            standing is not None and standing.incident.status.is_open
        )
        if known is None or standing is None or is_late or correlation is Correlation.EARLY:
            return self._remember(alert, delivery, correlation)
        return self._continuing.go_on(alert, delivery, correlation, known, standing)

    def _remember(
        self, alert: Alert, delivery: NewDelivery, correlation: Correlation
    ) -> IncidentAnswer:
        """Store an alert alone; an end is kept in mind for the beginning that may follow."""
        if correlation is Correlation.EARLY:
            self._draft.situation.early_ends[alert.fingerprint] = EarlyEnd(
                alert.starts_at, alert.ends_at, self._draft.at
            )
        self._draft.keep(alert, delivery, None)
        return IncidentAnswer(outcome=Outcome.IGNORED)
