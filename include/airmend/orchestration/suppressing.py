"""Whether a mute, a maintenance window or the kill switch holds a change back now.

Asked by the guard, before the preflight, before people are asked, before every step and between
its batches, each time anew. Never before a rollback or a check: what a change has begun is put
right in any case. Imports nothing of Airflow.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from airmend.errors import SuppressedError
from airmend.incident.model import Suppression, SuppressionRule
from airmend.incident.rules import list_coming, load_rules
from airmend.incident.suppression import find_covering, find_suppression
from airmend.orchestration.change_run import ChangeRun


def find_suppression_of(run: ChangeRun, session: Session) -> Suppression | None:
    """What holds a change back; None when nothing does.

    A rule of a service covers the incident's service and the one that the runbook changes: an
    alert may name none, and work on the service is what people wanted to do alone.
    """
    incident, runbook = run.read_incident(session), run.runbook
    rules = load_rules(session, run.now(), run.settings.maintenance_dir)
    for service in dict.fromkeys([incident.service, runbook.change.service]):
        found = find_suppression(incident.facts(), service, runbook.id, rules, run.now())
        if found is not None:
            return found
    return None


def list_coming_of(run: ChangeRun, session: Session) -> list[SuppressionRule]:
    """The mutes and maintenance windows that hold a change back now or later, as announced."""
    incident, runbook = run.read_incident(session), run.runbook
    rules = list_coming(session, run.now(), run.settings.maintenance_dir)
    services = [incident.service, runbook.change.service]
    return find_covering(incident.facts(), services, runbook.id, rules)


def refuse_suppressed(run: ChangeRun, session: Session) -> None:
    """Return when nothing holds the change back.

    Raises:
        SuppressedError: With what does.
    """
    found = find_suppression_of(run, session)
    if found is not None:
        raise SuppressedError(found)
