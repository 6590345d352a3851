"""All that may hold an incident back, freshly read: records, kill switch, calendars.

Two queries and a stat of each calendar; nothing of the records is kept from one call to the
next, so that a stop counts for whoever asks after it. Called once a batch of alerts, by the
guard, and before every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from airmend.incident.maintenance import read_maintenance
from airmend.incident.model import SuppressionRule
from airmend.incident.suppression import RulesInForce
from airmend.records.suppressions import (
    active_suppressions,
    coming_suppressions,
    kill_switch_state,
)


def load_rules(session: Session, at: datetime, calendars: Path | None) -> RulesInForce:
    """The rules that are active at a time.

    Args:
        session: The transaction in which what follows from them is stored.
        at: The time, aware.
        calendars: `Settings.maintenance_dir`.

    Raises:
        sqlalchemy.exc.OperationalError: The records cannot be read; then nothing is known, and
            nothing may be begun.
    """
    maintenance = read_maintenance(calendars, at)
    return RulesInForce(
        rules=[
            *active_suppressions(session, at),
            *(rule for rule in maintenance.rules if rule.is_active(at)),
        ],
        kill_switch=kill_switch_state(session),
        mistakes=maintenance.mistakes,
    )


def list_coming(
    session: Session, at: datetime, calendars: Path | None
) -> Sequence[SuppressionRule]:
    """The mutes and maintenance windows that hold back at a time or later, as far as is known.

    Those of calendars for the next 30 days; a calendar with a mistake says nothing of later.

    Args:
        session: The transaction.
        at: The time, aware.
        calendars: `Settings.maintenance_dir`.
    """
    planned = read_maintenance(calendars, at).rules
    return [*coming_suppressions(session, at), *(rule for rule in planned if rule.until > at)]
