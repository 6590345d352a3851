"""Who is told of approvals, and how: Airflow's notifiers by import path, with their arguments.

The file that `AIRMEND_NOTIFIERS_FILE` names. It is no part of the policy: a mistake in it tells
nobody and stops no approval, so `airmend lint` looks for it beforehand. Secrets are in Airflow's
connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from airmend.change.document import read_document
from airmend.change.policy_part import Part
from airmend.records.model import Occasion
from airmend.secret_names import looks_secret
from airmend.settings import Settings

ImportPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=80)]


class Notifier(Part):
    """One of Airflow's notifiers."""

    name: Name  # as the record calls it
    class_: ImportPath = Field(alias="class")
    occasions: tuple[Occasion, ...] = Field(default=tuple(Occasion), min_length=1)
    arguments: Mapping[Name, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _holds_no_secret(self) -> Notifier:
        for name in _names(self.arguments):
            if looks_secret(name):
                raise ValueError(
                    f"'{name}' reads like a secret, which belongs into an Airflow connection; name "
                    "the connection instead."
                )
        return self


class NotifierPlan(Part):
    """The whole of the file."""

    notifiers: tuple[Notifier, ...] = ()

    @model_validator(mode="after")
    def _names_are_different(self) -> NotifierPlan:
        names = [each.name for each in self.notifiers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two notifiers are named '{twice[0]}'; rename one.")
        return self


def read_notifier_plan(settings: Settings) -> NotifierPlan:
    """The file as it stands now; without one, nobody is told.

    Raises:
        ConfigurationError: It is named and cannot be used.
    """
    path = settings.notifiers_file
    return read_document(path).validate(NotifierPlan) if path else NotifierPlan()


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner)
