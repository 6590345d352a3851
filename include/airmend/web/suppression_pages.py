"""`/suppressions`: what is silenced, by whom and until when, and the log of the kill switch.

Whoever may look sees it; whoever may act also sees forms. A form is believed only from a page
of this site (`same_origin.py`), and its author is whoever is logged in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from airmend.errors import SuppressionError
from airmend.incident.ids import new_id
from airmend.incident.maintenance import read_maintenance
from airmend.incident.model import ScopeKind, SuppressionKind
from airmend.incident.rule_making import check_words, make_rule, make_scope, make_switch
from airmend.records.database import Database
from airmend.records.suppressions import (
    coming_suppressions,
    create_suppression,
    end_suppression,
    kill_switch_log,
    past_suppressions,
    set_kill_switch,
)
from airmend.settings import Settings
from airmend.web.bodies import Form
from airmend.web.same_origin import same_origin
from airmend.web.showing import HEADERS, Shower, note_alarms
from airmend.web.suppressions import RULE_ID, require_operator

PAST_SHOWN = 50
LOG_SHOWN = 20
LENGTHS = (30, 60, 120, 240, 480, 1440, 4320, 10_080)
"""Minutes for which the form offers to mute; other times take the API or the command."""

WITH_FORMS = HEADERS | {
    # with "no-referrer" a browser hides where a form was sent from, which is what we look at
    "Referrer-Policy": "same-origin",
}

_MINUTES = re.compile(r"[0-9]{1,6}")


def create_suppression_pages(
    database: Database,
    settings: Settings,
    *,
    viewer: Any,
    operator: Any,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    draw_id: Callable[[], str] = new_id,
) -> APIRouter:
    """The page and its forms; the arguments are those of `create_suppressions`."""
    alarms = Depends(note_alarms(database, settings, clock))
    router = APIRouter(prefix="/suppressions", dependencies=[Depends(viewer), alarms])
    who = require_operator(operator)
    acting = [Depends(same_origin(settings.base_url)), Depends(who)]  # before the body is read
    shower = Shower(clock, WITH_FORMS)

    def show(request: Request, by: str | None, mistake: str = "") -> Response:
        now = clock()
        maintenance = read_maintenance(settings.maintenance_dir, now)
        with database.session() as session:
            stored = coming_suppressions(session, now)
            past = past_suppressions(session, now, limit=PAST_SHOWN)
            log = kill_switch_log(session, limit=LOG_SHOWN)
        rules = sorted([*stored, *maintenance.rules], key=lambda rule: (rule.starts_at, rule.id))
        return shower(
            request,
            "suppressions.html.j2",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if mistake else HTTPStatus.OK,
            active=[rule for rule in rules if rule.is_active(now)],
            coming=[rule for rule in rules if rule.starts_at > now],
            past=past,
            log=log,
            endable={rule.id for rule in stored},
            by=by,
            lengths=LENGTHS,
            mistake=mistake,
        )

    def act(request: Request, by: str, do: Callable[[], None]) -> Response:
        """Do what a form asks for, and show the page anew, or what is wrong with the form."""
        try:
            do()
        except SuppressionError as error:
            return show(request, by, f"Nothing was done: {error}.")
        place = f"{request.scope.get('root_path', '').rstrip('/')}/suppressions"
        return RedirectResponse(place, HTTPStatus.SEE_OTHER, headers=WITH_FORMS)

    @router.get("")
    def show_suppressions(request: Request, by: str | None = Depends(operator)) -> Response:
        return show(request, by)

    @router.post("", dependencies=acting)
    def begin_rule(request: Request, form: Form, by: str = Depends(who)) -> Response:
        def begin() -> None:
            now = clock()
            rule = make_rule(
                _choice(SuppressionKind, form, "kind"),
                make_scope(_choice(ScopeKind, form, "scope"), form.get("value", "")),
                starts_at=None,
                ends_at=now + timedelta(minutes=_minutes(form)),
                author=by,
                reason=form.get("reason", ""),
                now=now,
                new_id=draw_id(),
            )
            with database.session() as session:
                create_suppression(session, rule)

        return act(request, by, begin)

    @router.post("/{word}", dependencies=acting)
    def use_kill_switch(
        request: Request, word: str, form: Form, by: str = Depends(who)
    ) -> Response:
        if word not in {"stop", "resume"}:
            return shower.missing(request, "There is no such form.")

        def use() -> None:
            reason = form.get("reason", "")
            entry = make_switch(word == "stop", by=by, reason=reason, now=clock())
            with database.session() as session:
                set_kill_switch(session, entry)

        return act(request, by, use)

    @router.post("/{rule_id}/end", dependencies=acting)
    def end_rule(request: Request, rule_id: str, form: Form, by: str = Depends(who)) -> Response:
        def end() -> None:
            author, reason = check_words(by, form.get("reason", ""))
            found = None
            if RULE_ID.fullmatch(rule_id):
                with database.session() as session:
                    found = end_suppression(session, rule_id, by=author, reason=reason, at=clock())
            if found is None:
                raise SuppressionError("rule", "there is none with this id")

        return act(request, by, end)

    return router


def _choice(kind: Any, form: dict[str, str], field: str) -> Any:
    try:
        return kind(form.get(field, ""))
    except ValueError as error:
        words = ", ".join(word.value for word in kind)
        raise SuppressionError(field, f"is none of {words}") from error


def _minutes(form: dict[str, str]) -> int:
    text = form.get("minutes", "")
    if not _MINUTES.fullmatch(text):
        raise SuppressionError("minutes", "is not a number of minutes")
    return int(text)
