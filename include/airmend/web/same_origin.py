"""No other site may act with a user's cookie.

Airflow's login is a cookie, which a browser sends along whoever made it ask. So a request that
changes something is believed only when the browser says that a page of this very site made it,
or when it carries a token in a header, which no other site can make a browser send. Used by the
routes that change something, before anything of the body is read.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

OTHER_SITE = (
    "this was not sent by a page of this site; send 'Authorization: Bearer TOKEN' from a program"
)


def same_origin(base_url: str) -> Callable[[Request], None]:
    """A dependency that lets only requests of this site pass, and those with a bearer token.

    Args:
        base_url: Where people reach Airflow, for a proxy that hands on another host name.
    """
    public = urlsplit(base_url).netloc.lower()

    def require_same_origin(request: Request) -> None:
        """Refuse what another site made a browser send.

        Raises:
            HTTPException: 403.
        """
        headers = request.headers
        if headers.get("authorization", "").lower().startswith("bearer "):
            return  # Airflow looks at the token alone then, and not at the cookie
        site = headers.get("sec-fetch-site")
        if site is not None:
            trusted = site == "same-origin"
        else:  # an old browser, or a site without TLS; a frame without an origin says "null"
            trusted = _host_of(headers.get("origin", "")) in {
                headers.get("host", "").lower(),
                public,
            } - {""}
        if not trusted:
            raise HTTPException(HTTPStatus.FORBIDDEN, OTHER_SITE)

    return require_same_origin


def _host_of(origin: str) -> str:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in {"http", "https"} else ""
