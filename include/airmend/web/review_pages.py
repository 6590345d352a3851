"""`/reviews`: which emergency changes wait for a look back, which were looked at, and a form.

Whoever may look sees it; whoever may act also sees the form. It is believed only from a page of
this site (`same_origin.py`), and the reviewer is whoever is logged in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from airmend.change.policy import load_policy
from airmend.change.reviewing import MAX_NOTES_CHARACTERS, review_change
from airmend.errors import ConfigurationError, ReviewError
from airmend.records.database import Database
from airmend.records.hand_requests import get_request
from airmend.records.model import ReviewVerdict
from airmend.records.reviews import completed_reviews, open_reviews
from airmend.settings import Settings
from airmend.web.bodies import Form
from airmend.web.same_origin import same_origin
from airmend.web.showing import Shower, note_alarms
from airmend.web.suppression_pages import WITH_FORMS
from airmend.web.suppressions import require_operator

DONE_SHOWN = 50


def create_review_pages(
    database: Database,
    settings: Settings,
    *,
    viewer: Any,
    operator: Any,
    roles: Callable[[], Mapping[str, Sequence[str]]] = dict,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """The page and its form.

    Args:
        database: The records.
        settings: Where the policy is, and where people reach Airflow.
        viewer: A dependency that lets those pass who may look.
        operator: A dependency that gives the name of a user who may act, or None.
        roles: People by role of Airflow's auth manager, as far as they can be known.
        clock: The time, aware.
    """
    alarms = Depends(note_alarms(database, settings, clock))
    router = APIRouter(prefix="/reviews", dependencies=[Depends(viewer), alarms])
    who = require_operator(operator)
    acting = [Depends(same_origin(settings.base_url)), Depends(who)]  # before the body is read
    shower = Shower(clock, WITH_FORMS)

    def show(request: Request, by: str | None, mistake: str = "") -> Response:
        with database.session() as session:
            owed = [(each, get_request(session, each.change_id)) for each in open_reviews(session)]
            done = completed_reviews(session, limit=DONE_SHOWN)
            asked = {each.change_id: get_request(session, each.change_id) for each in done}
        return shower(
            request,
            "reviews.html.j2",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if mistake else HTTPStatus.OK,
            owed=owed,
            done=done,
            asked=asked,
            by=by,
            verdicts=list(ReviewVerdict),
            longest=MAX_NOTES_CHARACTERS,
            mistake=mistake,
        )

    @router.get("")
    def show_reviews(request: Request, by: str | None = Depends(operator)) -> Response:
        return show(request, by)

    @router.post("/{change_id}", dependencies=acting)
    def complete(request: Request, change_id: str, form: Form, by: str = Depends(who)) -> Response:
        try:
            verdict = _verdict(form.get("verdict", ""))
            policy = load_policy(settings.policy_file)
            with database.session() as session:
                review_change(
                    session,
                    change_id,
                    by=by,
                    verdict=verdict,
                    notes=form.get("notes", ""),
                    policy=policy,
                    roles=roles(),
                    at=clock(),
                )
        except (ReviewError, ConfigurationError) as error:
            return show(request, by, f"Nothing was done: {error}.")
        place = f"{request.scope.get('root_path', '').rstrip('/')}/reviews"
        return RedirectResponse(place, HTTPStatus.SEE_OTHER, headers=WITH_FORMS)

    return router


def _verdict(text: str) -> ReviewVerdict:
    try:
        return ReviewVerdict(text)
    except ValueError as error:
        words = ", ".join(word.value for word in ReviewVerdict)
        raise ReviewError(f"the verdict is none of {words}") from error
