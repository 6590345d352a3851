"""The query of a webhook's address is taken out of the request, since it may hold a token.

Servers log addresses: uvicorn's access log, Airflow's, whatever traces requests. All of them
look at the request after it was answered, and find no query any more. What a proxy before us
writes down is the operator's to look after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

QUERY_IN_SCOPE = "airmend.query"
_HOOKS = "/hooks/"


class HideQuery:
    """An ASGI application around another one: of `/hooks/...` nobody else sees the query.

    It changes the request in place, which is what reaches the server's own log.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Hand the call on."""
        if scope["type"] == "http" and _HOOKS in scope["path"]:
            scope[QUERY_IN_SCOPE] = scope.get("query_string", b"")
            scope["query_string"] = b""
        await self._app(scope, receive, send)


def hidden_query(scope: Mapping[str, Any]) -> str:
    """The query that was taken out; each byte as one character, as in headers."""
    query: bytes = scope.get(QUERY_IN_SCOPE, b"")
    return query.decode("latin-1")
