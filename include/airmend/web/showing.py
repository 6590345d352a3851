"""Renders the pages for people: templates with what all need, and headers that let nothing run.

No scripts, nothing loaded from elsewhere. Mounted below a path that Airflow chooses, and shown in
Airflow's own frames, which run no pop-ups and follow no `_top` link: so every link is plain, and
the only forms ask for the same page again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup

from airmend.incident.fields import storable
from airmend.incident.model import IncidentStatus
from airmend.review.rendering import make_html_environment
from airmend.review.wording import make_printable

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Shower:
    """Renders templates with links below the mount, and the time.

    Args:
        clock: The time, aware.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._templates = make_html_environment(
            ChoiceLoader([PackageLoader("airmend.web"), PackageLoader("airmend.review")])
        )
        self._templates.filters |= {"age": word_age, "cut": cut_text}

    def now(self) -> datetime:
        """The time."""
        return self._clock()

    def __call__(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> Response:
        """One page."""
        root = request.scope.get("root_path", "").rstrip("/")

        def link(*parts: str) -> str:
            return "/".join([root, *(quote(part, safe="") for part in parts)]) or "/"

        text = self._templates.get_template(template).render(
            link=link, home=f"{root}/", now=self._clock(), statuses=IncidentStatus, **values
        )
        return make_page(text, status)

    def missing(self, request: Request, fact: str) -> Response:
        """The page for what is not there."""
        return self(request, "missing.html.j2", status=404, fact=fact)


def make_page(text: str, status: int = 200) -> Response:
    """A page that may load and run nothing."""
    return HTMLResponse(text, status, headers=HEADERS)


def read_id(text: str) -> str:
    """An id from an address, as a database can be asked for it: PostgreSQL takes no NUL."""
    return str(storable(text))


def word_age(seconds: float) -> str:
    """How long ago, as people say it: "12 s", "4 min", "3 h 5 min", "2 d 3 h"."""
    minutes, hours, days = (int(max(seconds, 0) // size) for size in (60, 3600, 86_400))
    if minutes < 1:
        return f"{int(max(seconds, 0))} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def cut_text(text: str | None, limit: int) -> Markup:
    """A text from outside, kept from turning the line around it, cut with the whole in its title.

    Args:
        text: None gives a dash.
        limit: Characters that are shown.
    """
    if not text:
        return Markup("<span class='faint'>\N{EN DASH}</span>")
    whole = make_printable(text)
    if len(whole) <= limit:
        return Markup("<bdi>{}</bdi>").format(whole)
    return Markup("<bdi title='{}'>{}…</bdi>").format(whole, whole[: limit - 1].rstrip())
