"""`/api/suppressions` and `/api/kill-switch`: silence, and stop, for programs.

Who may look and who may act is Airflow's to say; the author of what is made is whoever is
logged in, and never a field of the body. Errors are problems (RFC 9457).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import AwareDatetime
from sqlalchemy.orm import Session

from airmend.errors import SuppressionError
from airmend.incident.ids import new_id
from airmend.incident.maintenance import read_maintenance
from airmend.incident.model import Scope, ScopeKind, SuppressionKind, SuppressionRule
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
from airmend.web.bodies import JsonBody, StrictBody, parse_json
from airmend.web.same_origin import same_origin

PAST_SHOWN = 100
LOG_SHOWN = 100

RULE_ID = re.compile(r"[A-Za-z0-9-]{1,40}")


class ScopeBody(StrictBody):
    """Which incidents: exactly one of these."""

    service: str | None = None
    runbook: str | None = None
    expression: str | None = None
    all: bool | None = None

    def to_scope(self) -> Scope:
        """The scope.

        Raises:
            SuppressionError: It is none, several, or empty.
        """
        given = self.model_dump(exclude_none=True)
        if len(given) != 1 or given.get("all") is False:
            raise SuppressionError(
                "scope", "needs exactly one of service, runbook, expression, or all: true"
            )
        ((kind, value),) = given.items()
        return make_scope(ScopeKind(kind), "" if value is True else value)


class RuleBody(StrictBody):
    """A mute or a maintenance window that somebody asks for."""

    kind: SuppressionKind = SuppressionKind.MUTE
    scope: ScopeBody
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime
    reason: str


class ReasonBody(StrictBody):
    """Why something is ended, stopped or resumed."""

    reason: str


def create_suppressions(
    database: Database,
    settings: Settings,
    *,
    viewer: Any,
    operator: Any,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    draw_id: Callable[[], str] = new_id,
) -> APIRouter:
    """The routes.

    Args:
        database: The records.
        settings: Names the folder of calendars, and where people reach Airflow.
        viewer: A FastAPI dependency that lets only those pass who may look.
        operator: One that gives the name of somebody who may act, and None for others.
        clock: The time, aware.
        draw_id: Eight random characters.
    """
    router = APIRouter(prefix="/api", dependencies=[Depends(viewer)])
    who = require_operator(operator)
    acting = [Depends(same_origin(settings.base_url)), Depends(who)]  # before the body is read

    @router.get("/suppressions")
    def list_rules() -> dict[str, Any]:
        now = clock()
        maintenance = read_maintenance(settings.maintenance_dir, now)
        with database.session() as session:
            coming = coming_suppressions(session, now)
            past = past_suppressions(session, now, limit=PAST_SHOWN)
        return {
            "suppressions": [_show(rule, now) for rule in (*coming, *past)],
            "calendar_windows": [_show(rule, now) for rule in maintenance.rules],
            "calendar_mistakes": list(maintenance.mistakes),
        }

    @router.post("/suppressions", status_code=HTTPStatus.CREATED, dependencies=acting)
    def create_rule(body: JsonBody, by: str = Depends(who)) -> Any:
        asked, now = parse_json(RuleBody, body), clock()
        with _fields():
            rule = make_rule(
                asked.kind,
                asked.scope.to_scope(),
                starts_at=asked.starts_at,
                ends_at=asked.ends_at,
                author=by,
                reason=asked.reason,
                now=now,
                new_id=draw_id(),
            )
        with database.session() as session:
            create_suppression(session, rule)
        return _show(rule, now)

    @router.post("/suppressions/{rule_id}/end", dependencies=acting)
    def end_rule(rule_id: str, body: JsonBody, by: str = Depends(who)) -> Any:
        asked, now = parse_json(ReasonBody, body), clock()
        with _fields():
            by, reason = check_words(by, asked.reason)
        if not RULE_ID.fullmatch(rule_id):
            raise _no_such_rule()
        with database.session() as session:
            rule = end_suppression(session, rule_id, by=by, reason=reason, at=now)
        if rule is None:
            raise _no_such_rule()
        return _show(rule, now)

    @router.get("/kill-switch")
    def show_kill_switch() -> dict[str, Any]:
        with database.session() as session:
            return _show_log(session)

    @router.post("/kill-switch/{word}", dependencies=acting)
    def use_kill_switch(word: str, body: JsonBody, by: str = Depends(who)) -> dict[str, Any]:
        if word not in {"stop", "resume"}:
            raise HTTPException(HTTPStatus.NOT_FOUND, "there are 'stop' and 'resume'")
        asked = parse_json(ReasonBody, body)
        with _fields():
            entry = make_switch(word == "stop", by=by, reason=asked.reason, now=clock())
        with database.session() as session:
            set_kill_switch(session, entry)
            return _show_log(session)

    return router


def require_operator(operator: Any) -> Callable[..., str]:
    """A dependency that gives the name of somebody who may act, and turns others away.

    Args:
        operator: See `create_suppressions`.
    """

    def require(by: str | None = Depends(operator)) -> str:
        if by is None:
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "you may look and not act; ask somebody who may edit DAGs"
            )
        return by

    return require


@contextmanager
def _fields() -> Iterator[None]:
    """Tell a field that cannot be used as any other mistake of a body."""
    try:
        yield
    except SuppressionError as error:
        mistake = {"loc": (error.field,), "msg": error.fact, "type": "value_error"}
        raise RequestValidationError([mistake]) from error


def _no_such_rule() -> HTTPException:
    return HTTPException(
        HTTPStatus.NOT_FOUND,
        "no mute or window of the records has this id; windows of calendars end in their calendar",
    )


def _show(rule: SuppressionRule, now: datetime) -> dict[str, Any]:
    document = rule.model_dump(mode="json")
    scope = rule.scope
    document["scope"] = {scope.kind.value: scope.value or True}
    return document | {"state": rule.state(now)}


def _show_log(session: Session) -> dict[str, Any]:
    log = kill_switch_log(session, limit=LOG_SHOWN)
    return {
        "is_on": bool(log) and log[0].is_on,
        "log": [entry.model_dump(mode="json") for entry in log],
    }
