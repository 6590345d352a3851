"""What is different between what people were asked about and what would be done now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airmend.change.model import ChangeContent, RiskBand, RiskScore

SHOWN = 5


def describe_drift(asked: ChangeContent, now: ChangeContent) -> list[str]:
    """Every difference in a few words, for the record and for those who are asked again.

    Returns:
        Nothing where both are the same.
    """
    found: list[str] = []
    if asked.runbook != now.runbook:
        found.append(f"the runbook is {now.runbook[:12]}, was {asked.runbook[:12]}")
    found += _compare_names("targets", asked.targets, now.targets)
    if asked.inputs != now.inputs:
        names = sorted(
            name
            for name in asked.inputs.keys() | now.inputs.keys()
            if asked.inputs.get(name) != now.inputs.get(name)
        )
        found.append(f"other inputs: {_some(names)}")
    if asked.band is not now.band:
        found.append(f"the risk is {_word(now.band)}, was {_word(asked.band)}")
    if asked.impact != now.impact:
        found.append(f"the impact is {now.impact}, was {asked.impact}")
    found += _compare_names("what raises the risk", asked.raised_by, now.raised_by)
    found += _compare_foreseen(asked.foreseen, now.foreseen)
    return found


def is_no_graver(now: RiskScore, asked: RiskScore) -> bool:
    """Whether a risk gives people no reason that they did not have when they were asked.

    Neither its band nor its impact is higher, and nothing raises it that did not before.
    """
    bands = list(RiskBand)
    return (
        bands.index(now.band) <= bands.index(asked.band)
        and now.impact <= asked.impact
        and _raising(now) <= _raising(asked)
    )


def _raising(risk: RiskScore) -> set[str]:
    return {factor.name for factor in risk.factors if factor.contribution > 0}


def _compare_names(what: str, before: Sequence[str], now: Sequence[str]) -> list[str]:
    more, less = sorted({*now} - {*before}), sorted({*before} - {*now})
    found = [f"{what}: {_some(more)} came"] if more else []
    return [*found, f"{what}: {_some(less)} went"] if less else found


def _compare_foreseen(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    found = _compare_names("what would change", list(before), list(now))
    other = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
    return [*found, f"another diff: {_some(other)}"] if other else found


def _some(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return "; ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _word(band: object) -> str:
    return str(getattr(band, "value", "not assessed"))
