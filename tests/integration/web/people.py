"""Who is logged in, as the tests' own cookie or token says: viewers look, operators act."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Request

OPERATORS, VIEWERS = {"olivia", "priya"}, {"victor"}
SAME_SITE = {"Origin": "http://test", "Host": "test"}


def require_viewer(request: Request) -> None:
    """Lets pass whoever is logged in."""
    if name_of(request) not in OPERATORS | VIEWERS:
        raise HTTPException(401, "log in first")


def find_operator(request: Request) -> str | None:
    """The name of an operator."""
    name = name_of(request)
    return name if name in OPERATORS else None


def name_of(request: Request) -> str | None:
    """As Airflow does it: a token goes before the cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else request.cookies.get("_token")


def by(name: str, **headers: str) -> dict[str, Any]:
    """What a browser of this site sends along for somebody who is logged in."""
    return {"headers": {**SAME_SITE, "Cookie": f"_token={name}", **headers}}
