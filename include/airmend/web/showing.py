"""How a page is shown: headers, links below the mount, and what everybody has to see at once.

Used by all pages. Nothing is loaded from elsewhere and nothing runs in the browser. Airflow chooses
the mount and shows the pages in frames of its own, which run no pop-ups and follow no `_top` link:
so every link is plain, and the only forms here ask for the same page again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import ChoiceLoader, PackageLoader

from airmend.change.guard_rails import GuardRails
from airmend.change.policy import load_policy
from airmend.change.sealing_gate import find_sealing_fault
from airmend.errors import ConfigurationError
from airmend.incident.maintenance import read_maintenance
from airmend.incident.model import IncidentStatus, KillSwitch
from airmend.records.database import Database
from airmend.records.sealed import sealing_state
from airmend.records.suppressions import kill_switch_state
from airmend.review.rendering import make_html_environment
from airmend.settings import Settings
from airmend.web.texts import cut_text, word_age

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Alarms:
    """What stands at the top of every page.

    Args:
        stopped: Who stopped all remediations; None while they go on.
        mistakes: Why a maintenance calendar cannot be used.
        unsealed: Why the audit log lets no change begin; None where it does.
    """

    stopped: KillSwitch | None = None
    mistakes: Sequence[str] = ()
    unsealed: str | None = None


def note_alarms(
    database: Database, settings: Settings, clock: Callable[[], datetime]
) -> Callable[[Request], None]:
    """A dependency that looks them up for the page that is about to be shown."""

    def note(request: Request) -> None:
        with database.session() as session:
            state = kill_switch_state(session)
            sealing = sealing_state(session)
        maintenance = read_maintenance(settings.maintenance_dir, clock())
        stopped = state if state is not None and state.is_on else None
        fault = find_sealing_fault(
            clock(),
            unsealed_since=sealing.unsealed_since,
            refusal=sealing.refusal,
            rails=_read_rails(settings),
        )
        unsealed = fault.reason if fault is not None else None
        request.state.alarms = Alarms(stopped, maintenance.mistakes, unsealed)

    return note


def _read_rails(settings: Settings) -> GuardRails:
    """The limits of the policy; the defaults where it cannot be read, which stops changes itself.

    A page that people look at in need does not fail for that.
    """
    try:
        return load_policy(settings.policy_file, calendars=False).guard_rails
    except ConfigurationError:
        return GuardRails()


class Shower:
    """Renders templates with what all of them need: links below the mount, time, and alarms.

    Args:
        clock: The time, aware.
        headers: HTTP headers of its pages.
    """

    def __init__(self, clock: Callable[[], datetime], headers: dict[str, str] = HEADERS) -> None:
        self._templates = make_html_environment(
            ChoiceLoader([PackageLoader("airmend.web"), PackageLoader("airmend.review")])
        )
        self._templates.filters |= {"age": word_age, "cut": cut_text}
        self._clock, self._headers = clock, headers

    def now(self) -> datetime:
        """The time."""
        return self._clock()

    def __call__(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> Response:
        """The page that a template makes."""
        root = request.scope.get("root_path", "").rstrip("/")

        def link(*parts: str) -> str:
            return "/".join([root, *(quote(part, safe="") for part in parts)]) or "/"

        text = self._templates.get_template(template).render(
            link=link,
            home=f"{root}/",
            now=self._clock(),
            statuses=IncidentStatus,
            alarms=getattr(request.state, "alarms", Alarms()),
            **values,
        )
        return page(text, status, self._headers)

    def missing(self, request: Request, fact: str) -> Response:
        """The page for what is not there."""
        return self(request, "missing.html.j2", status=404, fact=fact)


def page(text: str, status: int = 200, headers: dict[str, str] = HEADERS) -> Response:
    """HTML with the headers of all pages."""
    return HTMLResponse(text, status, headers=headers)
