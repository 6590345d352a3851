"""Pages of the reports: the list, one of them, its downloads, and the tab of a DAG run."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from airmend.change.model import ChangeStatus
from airmend.records.changes import change_of_run
from airmend.records.database import Database
from airmend.records.reports import list_reports, load_report
from airmend.review.document import PostIncidentReport
from airmend.review.rendering import render_html, render_markdown
from airmend.web.problems import make_problem
from airmend.web.showing import HEADERS, Shower, page
from airmend.web.texts import read_id

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


def create_report_pages(database: Database, show: Shower) -> APIRouter:
    """The routes below `/reports`."""
    router = APIRouter()

    @router.get("/reports")
    def show_reports(request: Request, before: str | None = None) -> Response:
        with database.session() as session:
            seen = None if before is None else read_id(before)
            reports = list_reports(session, limit=REPORTS_SHOWN, before=seen)
        more = reports[-1].change_id if len(reports) == REPORTS_SHOWN else None
        return show(request, "reports.html.j2", reports=reports, before=before, more=more)

    @router.get("/reports/by-run")
    def show_report_of_run(request: Request, dag: str, run: str) -> Response:
        # Airflow puts the run's id into the address as it is, and a "+" arrives as a space,
        # which no run id can hold
        dag_id, run_id = read_id(dag), read_id(run).replace(" ", "+")
        with database.session() as session:
            change = change_of_run(session, dag_id, run_id)
            if change is None:
                return show.missing(
                    request, f"The run {run_id} of {dag_id} was not started for an incident."
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
        document = load_report(session, read_id(change_id))
    return PostIncidentReport.model_validate(document) if document is not None else None


def _download(report: PostIncidentReport, ending: str, media_type: str, text: str) -> Response:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", report.incident.id)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return Response(text, headers=HEADERS | disposition, media_type=media_type)
