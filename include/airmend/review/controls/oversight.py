"""Checks of what is kept of a change, and of the switch that would have stopped it."""

from __future__ import annotations

from datetime import datetime, timedelta

from airmend.records.model import FactKind
from airmend.review.annexes import Finding
from airmend.review.controls.records import NO, PARTLY, YES, Records
from airmend.review.model import Citation
from airmend.review.wording import word_count, word_time

DRILL_EVERY = timedelta(days=365)


def logged(records: Records) -> Finding:
    """What happened was recorded as it happened, up to the end."""
    facts = records.facts
    cited = records.cite(FactKind.INCIDENT_OPENED.value, FactKind.CHANGE_ENDED.value)
    ended = any(fact.kind is FactKind.CHANGE_ENDED for fact in facts.story)
    text = f"{word_count(len(facts.story), 'fact')} and {word_count(len(facts.executions), 'run')}"
    if not ended:
        return Finding(
            result=NO, text=f"{text} are on record, and no end of the change.", citations=cited
        )
    return Finding(result=YES, text=f"{text} are on record, up to the end.", citations=cited)


def sealed(records: Records) -> Finding:
    """The records are below a signed checkpoint of the audit log."""
    seal = records.context.seal
    if seal is None or seal.checkpoint_size is None:
        return Finding(result=NO, text="No signed checkpoint of the audit log is on record.")
    cited = [Citation(label="checkpoint", value=str(seal.checkpoint_size))]
    count = f"{seal.sealed} of {word_count(seal.recorded, 'record')}"
    text = f"{count} are below the checkpoint of {word_time(seal.checkpoint_at)}."
    if seal.sealed >= seal.recorded:
        return Finding(result=YES, text=text, citations=cited)
    text += " The rest is sealed when the log is sealed next; `airmend report remake` looks again."
    result = PARTLY if seal.sealed else NO
    return Finding(result=result, text=text, citations=cited)


def stop_looked_at(records: Records) -> Finding:
    """The kill switch was off when the change was let in, or it stopped the change."""
    refused = records.cite(FactKind.GUARD_REFUSED.value, FactKind.EXECUTION_REFUSED.value)
    admitted = records.cite(FactKind.GUARD_PASSED.value)
    if refused:
        text = "A guard stopped the change; the facts say why."
        return Finding(result=YES, text=text, citations=refused)
    if admitted:
        text = "The guard let it in; it refuses while the kill switch is on."
        return Finding(result=YES, text=text, citations=admitted)
    return Finding(result=NO, text="No look of the guard is on record.")


def stop_drilled(records: Records) -> Finding:
    """The kill switch was used and released within a year before the change."""
    before = _moment(records)
    entries = [entry for entry in records.context.switches if entry.at <= before]
    stops = [entry for entry in entries if entry.is_on and before - entry.at <= DRILL_EVERY]
    released = [entry for entry in entries if not entry.is_on and stops and entry.at > stops[0].at]
    if not stops or not released:
        text = "In the year before, the kill switch was not used and released."
        return Finding(result=NO, text=text)
    text = (
        f"The kill switch was used at {word_time(stops[0].at)} and released at "
        f"{word_time(released[-1].at)}."
    )
    cited = [Citation(label="kill switch", value=stops[0].at.isoformat())]
    return Finding(result=YES, text=text, citations=cited)


def _moment(records: Records) -> datetime:
    change = records.facts.change
    return change.requested_at if change else records.facts.incident.opened_at
