"""Who may break the glass, what an emergency change passes then, and the review that it owes.

The section `emergency` of the policy file. Without names nobody may: what nobody allowed is not
allowed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from airmend.change.policy_part import Part

Name = Annotated[str, Field(min_length=1)]


class Gate(StrEnum):
    """A gate that an emergency change may pass.

    Only those are here that say how often and when changes are made, or how soon they can be
    proven. The gates that keep hosts from harm have no name here, so that no policy can open them:
    docs/emergency.md.
    """

    BUDGETS = "budgets"
    CALENDAR = "calendar"  # windows and freezes, but for those that name emergency changes
    SEALING = "sealing"


class EmergencyPolicy(Part):
    """Break-glass: by whom, past what, reviewed by whom and how soon."""

    who: tuple[Name, ...] = ()
    passes: tuple[Gate, ...] = (Gate.BUDGETS, Gate.CALENDAR)
    review_within_seconds: int = Field(default=86_400, ge=60, le=2_592_000)
    reviewers: tuple[Name, ...] = ()  # none: whoever had no part in the change
