"""Pages for people: all incidents, the story of one, and the reports.

Read only, no scripts, nothing loaded from elsewhere. Mounted below a path that Airflow
chooses, and shown in Airflow's own frames, which run no pop-ups and follow no `_top` link: so
every link is plain. The login stands before the router, where the application is put together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.records.changes import change_of_incident, change_of_run
from airmend.records.database import Database
from airmend.records.deliveries import rejection_counts
from airmend.records.incidents import find_incident, list_incidents
from airmend.records.overview import changes_with_report, count_incidents, latest_changes
from airmend.records.reports import list_reports, load_report
from airmend.review.citations import link_dag_run
from airmend.review.facts import gather_facts, gather_incident_facts
from airmend.review.model import PostIncidentReport
from airmend.review.rendering import render_html, render_markdown
from airmend.review.timeline import tell_timeline
from airmend.settings import Settings
from airmend.web.problems import make_problem
from airmend.web.showing import HEADERS, Shower, note_alarms, page

INCIDENTS_SHOWN = 200
REPORTS_SHOWN = 50
REFRESH_SECONDS = 3

STAGES = (
    (ChangeStatus.REQUESTED, "Requested; Airflow starts the run"),
    (ChangeStatus.ASSESSING, "Guard, preflight and risk"),
    (ChangeStatus.AWAITING_APPROVAL, "Waiting for a person's approval"),
    (ChangeStatus.APPROVED, "Approved; the first step is about to start"),
    (ChangeStatus.EXECUTING, "The steps run"),
    (ChangeStatus.VERIFYING, "Checks look whether it helped"),
    (ChangeStatus.ROLLING_BACK, "It did not help: the state before is brought back"),
)


def create_pages(
    database: Database,
    settings: Settings,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """The routes of all pages; whoever mounts them puts a login before them."""
    router = APIRouter(dependencies=[Depends(note_alarms(database, settings, clock))])
    show = Shower(clock)

    def find_run_link(change: ChangeRequest) -> str | None:
        return link_dag_run(settings.base_url, change.dag_id, change.run_id)

    @router.get("/")
    def show_overview(request: Request) -> Response:
        with database.session() as session:
            incidents = list_incidents(session, limit=INCIDENTS_SHOWN)
            changes = latest_changes(session, [incident.id for incident in incidents])
            reported = changes_with_report(session, [change.id for change in changes.values()])
            return show(
                request,
                "overview.html.j2",
                incidents=incidents,
                changes=changes,
                reported=reported,
                counts=count_incidents(session),
                turned_away=sorted(rejection_counts(session).items()),
                find_run_link=find_run_link,
                shown=INCIDENTS_SHOWN,
            )

    @router.get("/incidents/{incident_id}")
    def show_incident(request: Request, incident_id: str) -> Response:
        with database.session() as session:
            incident = find_incident(session, incident_id)
            if incident is None:
                return show.missing(request, f"There is no incident {incident_id}.")
            change = change_of_incident(session, incident_id)
            facts = (
                gather_facts(session, change.id)
                if change
                else gather_incident_facts(session, incident_id)
            )
            return show(
                request,
                "incident.html.j2",
                incident=incident,
                change=change,
                run_link=find_run_link(change) if change else None,
                has_report=bool(change and load_report(session, change.id)),
                timeline=tell_timeline(facts, base_url=settings.base_url),
            )

    @router.get("/reports")
    def show_reports(request: Request, before: str | None = None) -> Response:
        with database.session() as session:
            reports = list_reports(session, limit=REPORTS_SHOWN, before=before)
        more = reports[-1].change_id if len(reports) == REPORTS_SHOWN else None
        return show(request, "reports.html.j2", reports=reports, before=before, more=more)

    @router.get("/reports/by-run")
    def show_report_of_run(request: Request, dag: str, run: str) -> Response:
        # Airflow puts the run's id into the address as it is, and a "+" arrives as a space,
        # which no run id can hold
        run_id = run.replace(" ", "+")
        with database.session() as session:
            change = change_of_run(session, dag, run_id)
            if change is None:
                return show.missing(
                    request, f"The run {run_id} of {dag} was not started for an incident."
                )
            document = load_report(session, change.id)
        if document is not None:
            return page(render_html(PostIncidentReport.model_validate(document)))
        return show(
            request,
            "waiting.html.j2",
            change=change,
            stages=STAGES,
            refresh_seconds=REFRESH_SECONDS,
        )

    @router.get("/reports/{change_id}.json")
    def download_json(change_id: str) -> Response:
        report = _load(database, change_id)
        if report is None:
            return make_problem(404, f"there is no report of change {change_id}")
        return _download(report, "json", "application/json", report.canonical_json())

    @router.get("/reports/{change_id}.md")
    def download_markdown(change_id: str) -> Response:
        report = _load(database, change_id)
        if report is None:
            return make_problem(404, f"there is no report of change {change_id}")
        return _download(report, "md", "text/markdown", render_markdown(report))

    @router.get("/reports/{change_id}")
    def show_report(request: Request, change_id: str) -> Response:
        report = _load(database, change_id)
        if report is None:
            return show.missing(request, f"There is no report of change {change_id}.")
        return page(render_html(report))

    return router


def _load(database: Database, change_id: str) -> PostIncidentReport | None:
    with database.session() as session:
        document = load_report(session, change_id)
    return PostIncidentReport.model_validate(document) if document is not None else None


def _download(report: PostIncidentReport, ending: str, media_type: str, text: str) -> Response:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", report.incident.id)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(text, headers=HEADERS | disposition, media_type=media_type)
