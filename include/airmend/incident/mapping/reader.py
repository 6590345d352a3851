"""Reading the fields of one alert by the expressions of a file.

Called by `source.py`. What a field cannot take is left out and noted; only what an alert cannot
be without refuses the delivery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from airmend.errors import PayloadError
from airmend.incident import fields, tags, times
from airmend.incident.labels import join_values, merge_labels, read_pairs
from airmend.incident.mapping.expressions import (
    Budget,
    BudgetSpentError,
    MappingExpressionError,
    evaluate,
)

_SIMPLE = re.compile(r"(?P<root>alert|body)(?P<path>(?:\.[A-Za-z_][A-Za-z0-9_]*)+)")


def simple_path(text: str, root: str) -> list[str] | None:
    """The keys of an expression such as `alert.state`, with the root first; None for others."""
    found = _SIMPLE.fullmatch(text.strip())
    return text.strip().split(".") if found and found["root"] == root else None


class Reader:
    """Reads one alert; `not_read` says what had no value to take, by the alert's field.

    Args:
        seen: What expressions see, by the names of `expressions.ROOTS`.
        budget: The steps that are left to the delivery.
        place: Where the alert stands in the payload, for messages; "" for the whole of it.
    """

    def __init__(self, seen: Mapping[str, object], budget: Budget, place: str) -> None:
        self._seen, self._budget, self._place = seen, budget, place
        self.not_read: dict[str, str] = {}

    def field(self, text: str) -> str:
        """The field of the payload that an expression looks at, for messages."""
        path = simple_path(text, "alert") or simple_path(text, "body")
        if path is None:
            return text
        place = self._place if path[0] == "alert" else ""
        return ".".join([*([place] if place else []), *path[1:]])

    def require(self, text: str) -> Any:
        """A value without which there is no alert.

        Raises:
            PayloadError: It has none.
        """
        try:
            return evaluate(text, self._seen, self._budget)
        except MappingExpressionError as error:
            raise PayloadError(self.field(text), error.fact) from error

    def word(self, text: str) -> str:
        """A scalar as text, "" where there is none; raises as `require` does."""
        return join_values(self.require(text))

    def value(self, name: str, text: str | None) -> Any:
        """A value that may be missing, of the alert's field `name`."""
        if text is None:
            return None
        try:
            return evaluate(text, self._seen, self._budget)
        except BudgetSpentError as error:
            raise PayloadError(self.field(text), error.fact) from error
        except MappingExpressionError as error:
            self.not_read[name] = error.fact
            return None

    def text(self, name: str, text: str | None, limit: int) -> str:
        """Words for people; a placeholder says nothing."""
        found = join_values(self.value(name, text))
        return "" if tags.is_placeholder(found) else fields.cut(found, limit)

    def time(self, name: str, text: str | None) -> datetime | None:
        """A time in any form that `times.py` reads."""
        value = self.value(name, text)
        moment = times.read_epoch(value) or times.read_time(value) or times.read_go_time(value)
        if moment is None and not times.is_unset_time(value) and value != 0:
            self.not_read[name] = f"is no time: {fields.cut(join_values(value), 60)}"
        return moment

    def links(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Addresses that a person may click, by what they lead to."""
        found = {
            name: fields.read_link(self.value(f"links.{name}", text))
            for name, text in wanted.items()
        }
        return {name: link for name, link in found.items() if link}

    def labels(
        self, name: str, wanted: str | Mapping[str, str] | None, limit: int = fields.LABEL_LIMIT
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Labels of one expression, in any form, or of one expression each; and the others."""
        if wanted is None:
            return {}, {}
        if isinstance(wanted, str):
            value = self.value(name, wanted)
        else:
            value = {key: self.value(f"{name}.{key}", text) for key, text in wanted.items()}
        if not isinstance(value, dict):
            return read_pairs(value) or tags.read_tags(value), {}
        labels = merge_labels(value, limit=limit)
        return labels, {key: item for key, item in value.items() if isinstance(item, dict)}
