"""What an organisation decides about changes: weights, limits, windows, who may approve.

Owns the policy file. Loaded by orchestration and passed to `risk`, `approval` and `guard`.
Every key has a default, and a file that is named but cannot be used stops the work.
"""

from __future__ import annotations

import hashlib
import json
import math
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from airmend.change.document import read_document
from airmend.change.model import RiskBand
from airmend.incident.model import IntakeLimits

POLICY = "policy"
"""Who decided, where no person did; no person may answer under this name."""


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), for 0 < p < 1."""
    return math.log(probability / (1 - probability))


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True
    )


Weight = Annotated[float, Field(ge=0, le=5)]
"""Log-odds; never below 0, so that no observation and no gap can lower the risk."""

Probability = Annotated[float, Field(gt=0, lt=1)]


class Weights(_Part):
    """Log-odds that each factor adds to the chance of failure; docs/adr/0004-risk-model.md."""

    no_clean_run: Weight = 0.7
    digest_changed: Weight = 0.5
    large_diff: Weight = 0.6
    skipped_tasks: Weight = 0.5
    failed_preflight: Weight = 1.0
    hosts_doubled: Weight = 0.3  # each time the number of hosts doubles ...
    hosts_at_most: Weight = 1.5  # ... up to this
    open_incident: Weight = 0.5
    outside_window: Weight = 0.4
    privileged: Weight = 0.2
    unknown_service: Weight = 0.7
    unlisted_hosts: Weight = 0.3


class HistoryPolicy(_Part):
    """How a runbook's past counts."""

    prior_failures: float = Field(default=1.0, gt=0)
    prior_successes: float = Field(default=19.0, gt=0)
    half_life_days: float = Field(default=90.0, gt=0)
    worst_failure_rate: Probability = 0.5  # a worse past, or an unreadable one, counts as this

    @property
    def prior_failure_rate(self) -> float:
        """Chance of failure of a runbook that nothing is known about."""
        return self.prior_failures / (self.prior_failures + self.prior_successes)

    @model_validator(mode="after")
    def _worst_is_worse_than_the_prior(self) -> HistoryPolicy:
        if self.worst_failure_rate < self.prior_failure_rate:
            raise ValueError(
                f"worst_failure_rate is below the prior {self.prior_failure_rate:.3f}; raise it, "
                "or an unreadable history would look better than none."
            )
        return self


class BandLimits(_Part):
    """From which chance of failure on a change of one impact is moderate, and high."""

    moderate_from: Probability
    high_from: Probability

    @model_validator(mode="after")
    def _limits_rise(self) -> BandLimits:
        if self.moderate_from > self.high_from:
            raise ValueError("moderate_from is above high_from; swap them.")
        return self


def _default_limits() -> dict[int, BandLimits]:
    return {
        1: BandLimits(moderate_from=0.35, high_from=0.70),
        2: BandLimits(moderate_from=0.20, high_from=0.50),
        3: BandLimits(moderate_from=0.12, high_from=0.30),
        4: BandLimits(moderate_from=0.08, high_from=0.20),
    }


class RiskPolicy(_Part):
    """Numbers of the risk model."""

    weights: Weights = Weights()
    history: HistoryPolicy = HistoryPolicy()
    skipped_share: float = Field(default=0.2, ge=0, lt=1)  # more of the tasks than this
    band_limits: dict[int, BandLimits] = Field(default_factory=_default_limits)  # by impact

    @model_validator(mode="after")
    def _limits_hold_the_laws(self) -> RiskPolicy:
        if sorted(self.band_limits) != [1, 2, 3, 4]:
            raise ValueError("band_limits needs exactly the impacts 1, 2, 3 and 4; complete it.")
        for impact in (1, 2, 3):
            milder, graver = self.band_limits[impact], self.band_limits[impact + 1]
            if graver.moderate_from > milder.moderate_from or graver.high_from > milder.high_from:
                raise ValueError(
                    f"band_limits of impact {impact + 1} are above those of {impact}; lower them, "
                    "or a graver change would need less care."
                )
        # a service that is not in the topology counts as impact 3 and could be a 4
        three, four = self.band_limits[3], self.band_limits[4]
        gap = max(
            log_odds(three.moderate_from) - log_odds(four.moderate_from),
            log_odds(three.high_from) - log_odds(four.high_from),
        )
        if self.weights.unknown_service < gap:
            raise ValueError(
                f"weights.unknown_service is below {gap:.2f}, the distance between the limits of "
                "impact 3 and 4; raise it, or leaving a service out would lower its risk."
            )
        return self


class Weekday(StrEnum):
    """Days as the policy file writes them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def _read_time(value: object) -> object:
    # a number would be taken for seconds: 1800 would become half past midnight
    if isinstance(value, str | time):
        return value
    raise ValueError('a time is written as "18:00"; write it so.')


LocalTime = Annotated[time, BeforeValidator(_read_time)]


class ChangeWindow(_Part):
    """Hours in which changes are welcome; `to` at or before `from` means the next day."""

    days: tuple[Weekday, ...] = Field(default=tuple(Weekday), min_length=1)
    from_: LocalTime = Field(alias="from")
    to: LocalTime

    @field_validator("from_", "to")
    @classmethod
    def _has_no_zone(cls, value: time) -> time:
        if value.tzinfo is not None:
            raise ValueError("a time has a zone of its own; remove it, time_zone holds for all.")
        return value

    def holds(self, local: datetime) -> bool:
        """Whether a local time is inside."""
        days = list(Weekday)
        today = days[local.weekday()] in self.days
        yesterday = days[(local - timedelta(days=1)).weekday()] in self.days
        clock = local.time()
        if self.from_ < self.to:
            return today and self.from_ <= clock < self.to
        return (today and clock >= self.from_) or (yesterday and clock < self.to)


class Policy(_Part):
    """The whole of the policy file."""

    risk: RiskPolicy = RiskPolicy()
    time_zone: str = "UTC"
    change_windows: tuple[ChangeWindow, ...] = ()  # none means that any time is welcome
    target_wait_seconds: int = Field(default=300, ge=0, le=86_400)
    approvers: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    automatic_bands_for_standard: tuple[RiskBand, ...] = (RiskBand.LOW,)
    intake: IntakeLimits = IntakeLimits()

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"'{value}' is not a time zone; use a name such as Europe/Berlin."
            ) from error
        return value

    @field_validator("automatic_bands_for_standard")
    @classmethod
    def _bands_have_no_gap(cls, value: tuple[RiskBand, ...]) -> tuple[RiskBand, ...]:
        if RiskBand.HIGH in value:
            raise ValueError("a change of high risk always asks a person; remove 'high'.")
        if RiskBand.MODERATE in value and RiskBand.LOW not in value:
            raise ValueError("it has 'moderate' and not 'low'; add 'low'.")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the change windows."""
        return ZoneInfo(self.time_zone)

    def welcomes(self, at: datetime) -> bool:
        """Whether an aware time is inside a change window, or there are none."""
        local = at.astimezone(self.zone)
        return not self.change_windows or any(w.holds(local) for w in self.change_windows)

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that change when any value does, defaults included."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_policy(path: Path | None) -> Policy:
    """The policy of this installation; without a file, the defaults.

    Raises:
        ConfigurationError: A file is named and cannot be used. There is no way back to the
            defaults then: they could allow what the file forbids.
    """
    return Policy() if path is None else read_document(path).validate(Policy)
