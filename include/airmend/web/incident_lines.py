"""What is said of an incident beside its fields: why it stands where it stands, what it is like.

Pure. The pages show these; texts are data from outside, which the templates escape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.incident.model import Incident, IncidentStatus
from airmend.incident.signals import Signal
from airmend.records.grouped_members import GroupedMember, MemberGroup
from airmend.review.citations import find_link, link_dag_run, link_task
from airmend.web.surroundings import Cause

MEMBERS_READ = 60
"""Of one incident: the likely cause is looked for among these, the first ones."""

SUGGESTIONS_SHOWN = 3


@dataclass(frozen=True)
class Reason:
    """One sentence about an incident; `tone` is good, warn, bad or calm."""

    label: str
    text: str
    tone: str = "calm"


@dataclass(frozen=True)
class SuggestedError:
    """A known error that is like an incident, with the score and the words of the likeness."""

    name: str
    score: float | None
    words: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class IncidentLine:
    """One incident as the overview shows it.

    Args:
        incident: The incident.
        change: Its latest change.
        group: Its members.
        run_link: The change's DAG run.
        answer_link: Where a person answers, while one is asked.
        has_report: Whether the change has a report.
        reasons: Why it stands where it stands.
        suggestions: Known errors like it.
        cause: The likely one.
        lasted: From its opening to its end, or until now.
    """

    incident: Incident
    change: ChangeRequest | None
    group: MemberGroup
    run_link: str | None
    answer_link: str | None
    has_report: bool
    reasons: Sequence[Reason]
    suggestions: Sequence[SuggestedError]
    cause: Cause | None
    lasted: timedelta
    others: list[GroupedMember] = field(default_factory=list)  # members but the primary one


def give_reasons(
    incident: Incident, change: ChangeRequest | None, escalated: str | None
) -> list[Reason]:
    """Why an incident stands where it stands, as far as its status does not say it.

    Args:
        incident: The incident.
        change: Its latest change.
        escalated: Why it was escalated, as the story told it last.
    """
    found = []
    if incident.status is IncidentStatus.SUPPRESSED and incident.suppression is not None:
        by = incident.suppression
        found.append(Reason("Held back", f"{by.rule_id} of {by.author}: {by.reason}", "calm"))
    if incident.status is IncidentStatus.ESCALATED:
        if change is not None and change.status.is_final:
            ended = change.status.value.replace("_", " ")
            words = f"{ended}: {change.reason}" if change.reason else ended
            found.append(Reason("Change", words, "bad"))
        if escalated:
            found.append(Reason("Escalated", escalated, "bad"))
    if change is not None and change.status is ChangeStatus.AWAITING_APPROVAL:
        found.append(Reason("Approval", "a person is asked; nothing is changed before", "warn"))
    if incident.recovered_at is not None and incident.status.is_open:
        found.append(Reason("Sender", "says that it is over", "good"))
    return found


def read_suggestions(incident: Incident) -> list[SuggestedError]:
    """The known errors that were found like an incident, best first; odd entries are left out."""
    found = []
    for entry in incident.suggestions:
        name = entry.get("known_error_id") or entry.get("runbook_id") or entry.get("id")
        score, words = entry.get("score"), entry.get("words")
        if not name:
            continue
        found.append(
            SuggestedError(
                name=str(name),
                score=float(score) if isinstance(score, int | float) else None,
                words=tuple(str(word) for word in words) if isinstance(words, list | tuple) else (),
                title=str(entry.get("title") or ""),
            )
        )
    return found


def signals_of(group: MemberGroup) -> list[Signal]:
    """The members as what causes are looked for in."""
    return [
        Signal(m.fingerprint, m.name, m.service, m.host, m.fired_at, m.labels)
        for m in group.members
    ]


def link_run(change: ChangeRequest | None, base_url: str) -> str | None:
    """The DAG run of a change."""
    return link_dag_run(base_url, change.dag_id, change.run_id) if change else None


def link_answer(change: ChangeRequest | None, base_url: str) -> str | None:
    """Where Airflow takes the answer of a person, while one is asked."""
    if change is None or change.status is not ChangeStatus.AWAITING_APPROVAL:
        return None
    task = link_task(base_url, change.dag_id, change.run_id, "approval")
    return find_link(f"{task}/required_actions") if task else None


def web_links(link: str | None, links: Mapping[str, str]) -> dict[str, str]:
    """Those of the links of an alert that may become one, by what they lead to."""
    given = {"sender": link, **links}
    return {name: found for name, address in given.items() if (found := find_link(address))}
