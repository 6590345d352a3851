"""The card of a model: what it learned from, how well it did, what it is for and what it is not.

Kept beside the model as JSON and as a page for people; read without scikit-learn.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

INTENDED_USE = (
    "The chance that a change fails, or is linked to incidents where that is what the history's "
    "outcome says, from what is known when it is opened. It ranks changes for people who assess "
    "them. It never lowers the band that the policy's rules give."
)
LIMITS = [
    "A link to an incident is no cause: where the outcome means linked, so does the probability.",
    "Outcomes of a history's last weeks may be missing still; failures there are undercounted.",
    "A type, service or item that the history does not hold counts like the average.",
    "Where people, tools or names change, train again; drift is measured as PSI.",
]


class Mode(StrEnum):
    """How much a model may say."""

    SHADOW = "shadow"  # recorded, not shown
    ADVISORY = "advisory"  # shown to who decides
    ENFORCING = "enforcing"  # can raise the band, never lower it


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Part):
    """Figures on changes that were opened after those that were learned from."""

    starts_at: datetime
    train_changes: int
    changes: int
    failures: int
    pr_auc: float
    roc_auc: float
    brier: float
    ece: float
    caught: dict[str, float]


class Reference(_Part):
    """The distribution that later changes are compared with."""

    edges: list[float]
    shares: list[float]


class ModelCard(_Part):
    """Everything about a model but its weights."""

    schema_version: int = 1
    version: str  # first 16 digits of the model file's digest
    model_sha256: str
    training_data_sha256: str
    training_rows: int
    changes: int
    failures: int
    first_opened_at: datetime
    last_opened_at: datetime
    columns: dict[str, str]
    unused_columns: list[str]
    seed: int
    slope: float
    intercept: float
    declared_rates: dict[str, float]  # failure rate of each declared risk, for the baseline
    windows: list[Measured]
    probabilities: Reference
    libraries: dict[str, str]
    intended_use: str = INTENDED_USE
    limits: list[str] = Field(default_factory=lambda: list(LIMITS))


def render_card(card: ModelCard) -> str:
    """The card as Markdown."""
    lines = [
        f"# Risk model {card.version}",
        "",
        card.intended_use,
        "",
        f"- Changes: {card.changes} in {card.training_rows} rows; {card.failures} of them failed.",
        f"- Opened from {card.first_opened_at:%Y-%m-%d} to {card.last_opened_at:%Y-%m-%d}.",
        f"- Training data: sha256 `{card.training_data_sha256}`.",
        f"- Model: sha256 `{card.model_sha256}`, seed {card.seed}.",
        f"- Columns: {', '.join(f'{name} (`{col}`)' for name, col in card.columns.items())}.",
        f"- Not used: {', '.join(f'`{name}`' for name in card.unused_columns) or 'none'}.",
        f"- Libraries: {', '.join(f'{k} {v}' for k, v in card.libraries.items())}.",
        "",
        "## Tried on later changes",
        "",
        "| from | learned from | tried on | failed | PR-AUC | ROC-AUC | Brier | ECE |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {w.starts_at:%Y-%m-%d} | {w.train_changes} | {w.changes} | {w.failures} "
            f"| {w.pr_auc:.3f} | {w.roc_auc:.3f} | {w.brier:.4f} | {w.ece:.4f} |"
            for w in card.windows
        ),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
    ]
    return "\n".join(lines)
