"""Who must say yes to which change: the approval rules of the policy file.

Every rule that fits a change has to be met, so that a rule can only ever ask for more; one
person's yes counts for each rule that he or she may answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from airmend.change.model import ChangeRequest, ChangeType, RiskBand
from airmend.change.policy_part import Part
from airmend.change.topology import Environment, ServiceFacts

Name = Annotated[str, Field(min_length=1)]
Seconds = Annotated[int, Field(ge=1, le=604_800)]
ReminderSeconds = Annotated[int, Field(ge=60, le=604_800)]

ROLE = "role:"
"""Begins a name that stands for everybody with a role of Airflow's auth manager."""

SERVICE_OWNER = "service-owner"
"""Stands for the group that is named like the owner of the changed service in the topology."""


class ApprovalRule(Part):
    """How many people must approve which changes; of what it is about, a key left out means any.

    A service that is not in the topology is of every tier and every environment: what is not
    known must not ask for less.
    """

    name: Name
    bands: tuple[RiskBand, ...] | None = Field(default=None, min_length=1)
    tiers: tuple[Annotated[int, Field(ge=1, le=4)], ...] | None = Field(default=None, min_length=1)
    environments: tuple[Environment, ...] | None = Field(default=None, min_length=1)
    runbooks: tuple[Name, ...] | None = Field(default=None, min_length=1)
    types: tuple[ChangeType, ...] | None = Field(default=None, min_length=1)
    count: int = Field(default=1, ge=1, le=10)
    from_: tuple[Name, ...] | None = Field(default=None, alias="from", min_length=1)
    escalate_after_seconds: Seconds | None = None
    escalate_to: tuple[Name, ...] | None = Field(default=None, min_length=1)
    remind_after_seconds: ReminderSeconds | None = None  # instead of the policy's own

    @model_validator(mode="after")
    def _escalation_is_whole(self) -> ApprovalRule:
        if (self.escalate_after_seconds is None) != (self.escalate_to is None):
            raise ValueError(
                "escalate_after_seconds and escalate_to belong together; add the other."
            )
        if self.escalate_to is not None and self.from_ is None:
            raise ValueError("it asks anybody, so there is nobody to escalate to; add 'from'.")
        return self

    def fits(self, change: ChangeRequest, facts: ServiceFacts | None) -> bool:
        """Whether it is about this change.

        Args:
            change: With its risk; one without a risk fits every band.
            facts: Of the changed service and of those on the same hosts; None where the
                topology does not hold the service.
        """
        touched = None if facts is None else [facts.service, *facts.shared_with]
        return (
            (self.bands is None or change.risk is None or change.risk.band in self.bands)
            and (self.runbooks is None or change.runbook_id in self.runbooks)
            and (self.types is None or change.change_type in self.types)
            and (
                self.tiers is None
                or touched is None
                or any(service.tier in self.tiers for service in touched)
            )
            and (
                self.environments is None
                or touched is None
                or any(service.environment in self.environments for service in touched)
            )
        )


class ApprovalPolicy(Part):
    """The approval rules, and the groups whose names they use."""

    groups: Mapping[Name, tuple[Name, ...]] = Field(default_factory=dict)
    rules: tuple[ApprovalRule, ...] = ()
    remind_after_seconds: ReminderSeconds | None = None  # None: nobody is reminded

    @model_validator(mode="after")
    def _names_are_known(self) -> ApprovalPolicy:
        names = [rule.name for rule in self.rules]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are named '{twice[0]}'; rename one.")
        for name in self.groups:
            if name.startswith(ROLE) or name == SERVICE_OWNER:
                raise ValueError(
                    f"a group cannot be named '{name}', which has a meaning; rename it."
                )
        for rule in self.rules:
            for name in (*(rule.from_ or ()), *(rule.escalate_to or ())):
                if not (name in self.groups or name.startswith(ROLE) or name == SERVICE_OWNER):
                    raise ValueError(
                        f"rule '{rule.name}' asks '{name}', which is no group; add it below "
                        f"'groups', or write '{ROLE}NAME' for a role of Airflow."
                    )
        return self
