"""A column that tells the outcome too well by itself counts as written afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from airmend.change.learning.metrics import roc_auc
from airmend.change.learning.past_change import PastChange
from airmend.errors import ConfigurationError

SUSPICIOUS_ROC_AUC = 0.95
"""The best honest column of a bank's 12,789 changes, their type, reaches 0.79; a leak 0.98."""

_MIN_FAILURES = 5


def refuse_leaks(changes: Sequence[PastChange], columns: dict[str, str], source: str) -> None:
    """Learn failure rates of each column's values on the earlier half, try them on the later one.

    Args:
        changes: Oldest first, with outcomes.
        columns: Which column each field came from, for the message.
        source: The file, for the message.

    Raises:
        ConfigurationError: One column alone ranks the later half nearly without a mistake.
    """
    half = len(changes) // 2
    earlier, later = changes[:half], changes[half:]
    failures = sum(bool(change.failed) for change in later)
    if not _MIN_FAILURES <= failures < len(later):
        return
    for name, values_of in _readers(changes).items():
        scores = _rates(earlier, later, values_of)
        area = roc_auc([bool(change.failed) for change in later], scores)
        if area > SUSPICIOUS_ROC_AUC:
            raise ConfigurationError(
                f"{source}: column '{columns.get(name, name)}' alone predicts the outcome with a "
                f"ROC-AUC of {area:.2f}, as only something written afterwards does. Take it out."
            )


def _readers(changes: Sequence[PastChange]) -> dict[str, Callable[[PastChange], Iterable[str]]]:
    found: dict[str, Callable[[PastChange], Iterable[str]]] = {
        "change_type": lambda change: [change.change_type],
        "risk_assessment": lambda change: [change.risk_assessment],
        "emergency": lambda change: [change.emergency],
        "board_approval": lambda change: [change.board_approval],
        "items": lambda change: change.items,
        "item_types": lambda change: change.item_types,
        "item_subtypes": lambda change: change.item_subtypes,
        "services": lambda change: change.services,
        "planned_start_at": lambda change: [_has(change.planned_start_at)],
        "planned_end_at": lambda change: [_has(change.planned_end_at)],
        "requested_end_at": lambda change: [_has(change.requested_end_at)],
    }
    for column in sorted({name for change in changes for name in change.extra}):
        found[column] = lambda change, column=column: change.extra.get(column, ())  # type: ignore[misc]
    return found


def _has(value: object) -> str:
    return "" if value is None else "given"


def _rates(
    earlier: Sequence[PastChange],
    later: Sequence[PastChange],
    values_of: Callable[[PastChange], Iterable[str]],
) -> list[float]:
    seen: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for change in earlier:
        values = set(values_of(change))
        seen.update(values)
        if change.failed:
            failed.update(values)
    base = sum(failed.values()) / max(1, sum(seen.values()))
    rate = {value: (failed[value] + base) / (seen[value] + 1) for value in seen}
    return [max((rate.get(v, base) for v in values_of(change)), default=base) for change in later]
