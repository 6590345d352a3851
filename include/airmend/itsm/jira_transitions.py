"""Jira's workflows: which of the transitions that an issue offers leads to what it should say.

Pure: what Jira offers in, one transition out. Every project has statuses of its own, so nothing
is known of a workflow but the names that mean a stage, and the category "done" of every end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airmend.itsm.configuration import JIRA_STATUSES, Jira
from airmend.itsm.model import DesiredTicket, Stage, TicketKind

DONE = "done"

STAGES = {
    TicketKind.CHANGE: (Stage.ASSESS, Stage.AUTHORIZE, Stage.SCHEDULED, Stage.IMPLEMENT),
    TicketKind.INCIDENT: (Stage.IN_PROGRESS,),
}
"""The stages between the first status and an end, in order."""


@dataclass(frozen=True)
class Status:
    """A status of an issue."""

    name: str
    category: str  # Jira's key: new, indeterminate or done

    @property
    def is_done(self) -> bool:
        """Whether it is an end."""
        return self.category == DONE


@dataclass(frozen=True)
class Transition:
    """A way from an issue's status to another one; `fields` are those of its screen."""

    id: str
    to: Status
    fields: frozenset[str] = frozenset()


def choose_transition(
    desired: DesiredTicket,
    now: Status,
    offered: Sequence[Transition],
    words: Jira,
    told_stage: Stage | None,
) -> Transition | None:
    """The next transition towards what an issue should say; None when it is there or beyond.

    The way with the fewest steps, and never back: an issue that people moved on stays there. A
    stage for which the workflow has no status is passed over; an end has to be reached, which
    the caller sees by the status.

    Args:
        desired: What it should say.
        now: Its status.
        offered: What Jira offers now, to us.
        words: Names of the statuses.
        told_stage: The stage that it was brought to last; one that was resolved by us may be
            opened again.
    """
    if now.is_done and not (told_stage and told_stage.is_end and not desired.stage.is_end):
        return None
    if desired.stage is Stage.NEW:
        return None
    ranks = _rank_names(desired, words)
    if desired.stage.is_end:
        for name in words.names_of(desired.stage, desired.outcome):
            for each in offered:
                if each.to.name.casefold() == name.casefold():
                    return each
        if desired.stage is Stage.CANCELED:
            return None  # on to "Implementing" is no way to cancel, and "done" is not "not done"
        unknown = [it for it in offered if it.to.is_done and not _has_a_meaning(it.to.name, words)]
        if len(unknown) == 1:
            return unknown[0]
    stages = STAGES[desired.kind]
    goal = stages.index(desired.stage) if desired.stage in stages else len(stages) - 1
    here = -1 if now.is_done else ranks.get(now.name.casefold(), -1)
    ahead = [
        (rank, each)
        for each in offered
        if not each.to.is_done and here < (rank := ranks.get(each.to.name.casefold(), -1)) <= goal
    ]
    return max(ahead, key=lambda pair: pair[0])[1] if ahead else None


def _rank_names(desired: DesiredTicket, words: Jira) -> dict[str, int]:
    """The place in the order of stages that the name of a status means."""
    return {
        name.casefold(): rank
        for rank, stage in enumerate(STAGES[desired.kind])
        for name in words.names_of(stage, "")
    }


def _has_a_meaning(name: str, words: Jira) -> bool:
    """Whether a status is named for some stage or end; it then stands for no other one."""
    named = {**JIRA_STATUSES, **words.statuses}
    return name.casefold() in {each.casefold() for names in named.values() for each in names}


def read_status(value: Any) -> Status:
    """A status as Jira writes it."""
    if not isinstance(value, Mapping):
        return Status("", "")
    category = value.get("statusCategory")
    key = category.get("key") if isinstance(category, Mapping) else ""
    return Status(str(value.get("name") or ""), str(key or ""))


def read_transitions(body: Any) -> list[Transition]:
    """The transitions that Jira offers."""
    listed = body.get("transitions") if isinstance(body, Mapping) else None
    return [
        Transition(str(each.get("id")), read_status(each.get("to")), frozenset(each["fields"]))
        if isinstance(each.get("fields"), Mapping)
        else Transition(str(each.get("id")), read_status(each.get("to")))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, Mapping)
    ]
