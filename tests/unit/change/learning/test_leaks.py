from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airmend.change.learning.leaks import refuse_leaks
from airmend.errors import ConfigurationError
from tests.unit.change.learning.histories import make_history


def test_an_honest_history_passes() -> None:
    refuse_leaks(make_history(), {}, "changes.csv")


@pytest.mark.parametrize("field", ["risk_assessment", "change_type"])
def test_a_column_that_tells_the_outcome_is_refused_whatever_its_name(field: str) -> None:
    values: list[dict[str, Any]] = [
        {field: "bad" if change.failed else "good"} for change in make_history()
    ]
    leaking = [replace(c, **value) for c, value in zip(make_history(), values, strict=True)]
    with pytest.raises(ConfigurationError, match=r"'Harmless' alone predicts .* ROC-AUC of 1\.00"):
        refuse_leaks(leaking, {field: "Harmless"}, "changes.csv")


def test_a_column_of_the_mapping_is_looked_at_too() -> None:
    leaking = [
        replace(c, extra={"Room": frozenset({"bad" if c.failed else "good"})})
        for c in make_history()
    ]
    with pytest.raises(ConfigurationError, match="'Room' alone predicts"):
        refuse_leaks(leaking, {}, "changes.csv")
