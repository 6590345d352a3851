"""How the pages write ages and texts from outside, and read ids from addresses. Pure."""

from __future__ import annotations

from markupsafe import Markup

from airmend.incident.fields import storable
from airmend.review.wording import make_printable


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
