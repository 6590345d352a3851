"""Pages of the incidents: all that a filter leaves, and the story of one.

The records are read first and left before anything is rendered: on SQLite a transaction keeps
intake waiting. A page needs a constant number of queries, and two more for the likely cause
of each incident of several members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from airmend.incident.model import Incident
from airmend.records.changes import change_of_incident
from airmend.records.database import Database
from airmend.records.deliveries import rejection_counts
from airmend.records.grouped_members import group_members
from airmend.records.incidents import find_incident
from airmend.records.kept_alerts import latest_alerts
from airmend.records.overview import (
    changes_with_report,
    count_incidents,
    count_runbooks,
    count_services,
    filter_incidents,
    latest_changes,
    latest_reasons,
)
from airmend.review.facts import gather_facts, gather_incident_facts
from airmend.review.timeline import tell_timeline
from airmend.web.affected import draw_affected
from airmend.web.incident_filters import OPEN, PERIODS, STATUS_WORDS, read_choice
from airmend.web.incident_lines import (
    MEMBERS_READ,
    IncidentLine,
    give_reasons,
    link_answer,
    link_run,
    read_suggestions,
    signals_of,
    web_links,
)
from airmend.web.showing import Shower
from airmend.web.surroundings import Cause, Surroundings
from airmend.web.texts import read_id

INCIDENTS_SHOWN = 50
CHOICES_SHOWN = 200
ALERTS_EACH, ALERTS_SHOWN = 3, 200
STORY_BEGINNING, STORY_END = 50, 350


def create_incident_pages(
    database: Database, show: Shower, base_url: str, around: Surroundings
) -> APIRouter:
    """The overview and the pages below `/incidents`."""
    router = APIRouter()

    @router.get("/")
    def show_overview(request: Request) -> Response:
        choice = read_choice(request.query_params)
        before = read_id(request.query_params.get("before", "")) or None
        wanted = choice.to_filter(show.now())
        with database.session() as session:
            incidents = filter_incidents(session, wanted, limit=INCIDENTS_SHOWN + 1, before=before)
            is_more, incidents = len(incidents) > INCIDENTS_SHOWN, incidents[:INCIDENTS_SHOWN]
            lines = _make_lines(session, incidents, show, base_url)
            counts = count_incidents(session, wanted)
            services = count_services(session, wanted, limit=CHOICES_SHOWN)
            runbooks = count_runbooks(session, wanted, limit=CHOICES_SHOWN)
            turned_away = sorted(rejection_counts(session).items())
        return show(
            request,
            "overview.html.j2",
            lines=[_add_cause(line, around) for line in lines],
            choice=choice,
            before=before,
            more=incidents[-1].id if is_more else None,
            counts=counts,
            groups={
                name: sum(counts[status] for status in counts if not words or status in words)
                for name, words in STATUS_WORDS.items()
            },
            services=services,
            runbooks=runbooks,
            periods={name: words for name, (words, _) in PERIODS.items()},
            is_empty=not choice.is_narrowed and not sum(counts.values()),
            is_calm=choice.status == OPEN and not choice.is_narrowed,
            turned_away=turned_away,
        )

    @router.get("/incidents/{incident_id}")
    def show_incident(request: Request, incident_id: str) -> Response:
        number = read_id(incident_id)
        with database.session() as session:
            incident = find_incident(session, number)
            if incident is not None:
                (line,) = _make_lines(session, [incident], show, base_url)
                change = change_of_incident(session, number)
                facts = (
                    gather_facts(session, change.id)
                    if change
                    else gather_incident_facts(session, number)
                )
                alerts = latest_alerts(session, number, each=ALERTS_EACH, limit=ALERTS_SHOWN)
        if incident is None:
            return show.missing(request, f"There is no incident {incident_id}.")
        causes = _rank_causes(line, around)
        picture = draw_affected(database, around.topology, incident, line.group, causes)
        timeline = tell_timeline(facts, base_url=base_url)
        left_out = max(0, len(timeline) - STORY_BEGINNING - STORY_END)
        return show(
            request,
            "incident.html.j2",
            line=line,
            incident=incident,
            change=change,
            causes=list(causes)[:3],
            alerts=alerts,
            web_links=web_links,
            picture=picture,
            timeline=timeline
            if not left_out
            else [*timeline[:STORY_BEGINNING], *timeline[-STORY_END:]],
            left_out_after=STORY_BEGINNING if left_out else 0,
            left_out=left_out,
            mute_path=around.mute_path,
        )

    return router


def _make_lines(
    session: Session, incidents: list[Incident], show: Shower, base_url: str
) -> list[IncidentLine]:
    """What the records say of some incidents, in their order; causes are added afterwards."""
    ids = [incident.id for incident in incidents]
    changes = latest_changes(session, ids)
    reported = changes_with_report(session, [change.id for change in changes.values()])
    groups = group_members(session, ids, limit=MEMBERS_READ)
    escalated = latest_reasons(session, ids)
    now = show.now()
    lines = []
    for incident in incidents:
        change, group = changes.get(incident.id), groups[incident.id]
        lines.append(
            IncidentLine(
                incident=incident,
                change=change,
                group=group,
                run_link=link_run(change, base_url),
                answer_link=link_answer(change, base_url),
                has_report=change is not None and change.id in reported,
                reasons=give_reasons(incident, change, escalated.get(incident.id)),
                suggestions=read_suggestions(incident),
                cause=None,
                lasted=(incident.closed_at or now) - incident.opened_at,
                others=[member for member in group.members if not member.is_primary],
            )
        )
    return lines


def _add_cause(line: IncidentLine, around: Surroundings) -> IncidentLine:
    causes = _rank_causes(line, around)
    return replace(line, cause=causes[0]) if causes else line


def _rank_causes(line: IncidentLine, around: Surroundings) -> Sequence[Cause]:
    """What may have caused an incident of several members; one alone says nothing of a cause."""
    if line.group.total < 2:
        return ()
    return around.rank_causes(signals_of(line.group), line.incident.opened_at)
