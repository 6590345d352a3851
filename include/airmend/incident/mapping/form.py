"""What a file of `config/senders` may say.

Called by `files.py`, which turns the mistakes that pydantic finds into lines of the file.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from airmend.incident.fields import read_text
from airmend.incident.mapping.expressions import MappingExpressionError, check_expression, suggest

PROOFS = (
    *("standard_webhooks", "bearer", "basic", "hub"),
    *("pagerduty", "grafana", "sentry", "query_token"),
)
"""The proofs that a sender of a file may use, by the names of `incident/proofs`; SNS asks to be
confirmed, which takes more than a mapping."""


def _expression(text: str) -> str:
    try:
        return check_expression(text)
    except MappingExpressionError as error:
        raise ValueError(str(error)) from error


def _proof(name: str) -> str:
    if name not in PROOFS:
        remedy = suggest(name, PROOFS) or f"Use one of: {', '.join(PROOFS)}."
        raise ValueError(f"there is no proof '{name}'; {remedy}")
    return name


def _words(value: object) -> object:
    """The sender's words for one of ours, in lower case; one word may stand without a list."""
    listed = value if isinstance(value, list) else [value]
    texts = [read_text(item).strip().lower() for item in listed]
    return value if "" in texts else texts


def _from_expression(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


Proof = Annotated[str, AfterValidator(_proof)]

Expression = Annotated[str, Field(min_length=1), AfterValidator(_expression)]
"""JMESPath over `alert`, `body` and `headers`."""

Words = Annotated[list[str], BeforeValidator(_words)]

Labels = Annotated[
    Annotated[Expression, Tag("an expression")]
    | Annotated[dict[str, Expression], Tag("a mapping of names to expressions")],
    Discriminator(
        lambda value: (
            "a mapping of names to expressions" if isinstance(value, dict) else "an expression"
        )
    ),
]
Fingerprint = Annotated[
    Annotated[Expression, Tag("an expression")]
    | Annotated[list[Expression], Field(min_length=1), Tag("a list of expressions")],
    Discriminator(
        lambda value: "a list of expressions" if isinstance(value, list) else "an expression"
    ),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _Table(_Part):
    """Which of the sender's words stand for which of ours."""

    source: Expression = Field(alias="from")

    @model_validator(mode="after")
    def _no_word_stands_for_two(self) -> _Table:
        seen: dict[str, str] = {}
        for name, words in self.words().items():
            for word in words:
                if seen.setdefault(word, name) != name:
                    raise ValueError(
                        f"the word '{word}' stands for {seen[word]} and for {name}; "
                        "Leave it in one of the two."
                    )
        return self

    def words(self) -> dict[str, list[str]]:
        """The sender's words by ours."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "source"}


class StatusTable(_Table):
    """Whether it goes on; a word that is in no table is refused."""

    firing: Words = ["firing"]
    resolved: Words = ["resolved"]
    ignored: Words = []  # gives no alert: somebody acknowledged it, say


class SeverityTable(_Table):
    """How bad it is; a word that is in no table is read as `fields.read_priority` does."""

    critical: Words = []
    error: Words = []
    warning: Words = []
    info: Words = []


class AlertForm(_Part):
    """Where each field of an alert is in the payload."""

    name: Expression
    status: Annotated[StatusTable, BeforeValidator(_from_expression)]
    severity: Annotated[SeverityTable | None, BeforeValidator(_from_expression)] = None
    fingerprint: Fingerprint | None = None
    service: Expression | None = None
    host: Expression | None = None
    summary: Expression | None = None
    description: Expression | None = None
    labels: Labels | None = None
    annotations: Labels | None = None
    starts_at: Expression | None = None
    ends_at: Expression | None = None
    link: Expression | None = None
    links: dict[str, Expression] = Field(default_factory=dict)
    is_test: Expression | None = None


class SenderForm(_Part):
    """A file: who sends, how its alerts are found, and what they say."""

    description: str = ""
    proofs: Annotated[list[Proof], Field(min_length=1)] = ["standard_webhooks", "bearer"]
    delivery_id: Expression | None = None
    alerts: Expression | None = None
    alert: AlertForm
