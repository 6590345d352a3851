"""Every error as a JSON problem (RFC 9457), and never a word of what went on inside.

The only place that turns Airmend's errors into HTTP codes.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from airmend.errors import (
    AirmendError,
    MalformedBodyError,
    OverloadError,
    PayloadError,
    PayloadTooLargeError,
    ProofUnavailableError,
    SignatureError,
    StoreUnavailableError,
    TooManyAttemptsError,
    UnknownSourceError,
)

RETRY_AFTER_SECONDS = 10

_STATUS_OF: dict[type[AirmendError], HTTPStatus] = {
    UnknownSourceError: HTTPStatus.NOT_FOUND,
    PayloadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    SignatureError: HTTPStatus.UNAUTHORIZED,
    MalformedBodyError: HTTPStatus.BAD_REQUEST,
    PayloadError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    # 503 and not 429 where a proven sender waits: Alertmanager sends again after 5xx alone, and
    # drops what was answered 429
    OverloadError: HTTPStatus.SERVICE_UNAVAILABLE,
    ProofUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="airmend"'}

# What is told instead of the error, whose words are for our log alone: they name machines and
# accounts, or say what is configured. Who is refused learns nothing that is not in our
# documentation, not even whether a source is in use.
_INSTEAD: dict[type[AirmendError], str] = {
    SignatureError: "the sender is not proven; send a proof that this source takes "
    "(docs/senders.md), such as an 'Authorization: Bearer' header. The log of the server says "
    "what was missing or wrong",
    ProofUnavailableError: "the sender cannot be proven at the moment; send the same again later",
    StoreUnavailableError: "the records cannot be used at the moment; send the same again later",
}

_log = logging.getLogger(__name__)


def make_problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, **more: str
) -> JSONResponse:
    """A problem document.

    Args:
        status: The HTTP code; its phrase is the title.
        detail: What is wrong and what to do, for a person.
        headers: HTTP headers to send along.
        more: Further members, such as `field`.
    """
    status = int(status)  # not one of HTTPStatus, which logs show with its name
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return JSONResponse(
        document | more, status, headers=headers, media_type="application/problem+json"
    )


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of an application become a problem."""

    @app.exception_handler(AirmendError)
    async def _tell_own(request: Request, error: AirmendError) -> Response:
        status = _STATUS_OF.get(type(error))
        if status is None:
            _log.error("%r failed: %s", request.url.path, error, exc_info=error)
            return _internal_error()
        if type(error) in _INSTEAD:
            level = logging.WARNING if isinstance(error, SignatureError) else logging.ERROR
            peer = request.client.host if request.client else "unknown"
            _log.log(level, "%r of %s is answered %d: %s", request.url.path, peer, status, error)
        detail = _INSTEAD.get(type(error)) or str(error)
        field = {"field": error.field} if isinstance(error, PayloadError) else {}
        return make_problem(status, detail, headers=_headers_of(error, status), **field)

    @app.exception_handler(HTTPException)
    async def _tell_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code < HTTPStatus.BAD_REQUEST:  # a redirect, for instance to a login
            return Response(status_code=error.status_code, headers=headers)
        return make_problem(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def _tell_invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return make_problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"{field}: {first['msg']}", field=field
        )

    @app.exception_handler(ClientDisconnect)
    async def _tell_gone(request: Request, error: ClientDisconnect) -> Response:
        return make_problem(HTTPStatus.BAD_REQUEST, "the connection ended before the body did")

    @app.exception_handler(Exception)
    async def _tell_unforeseen(request: Request, error: Exception) -> Response:
        return _internal_error()  # Starlette raises it again behind us, so the server logs it


def _headers_of(error: AirmendError, status: HTTPStatus) -> dict[str, str]:
    if isinstance(error, OverloadError):
        return {"Retry-After": str(error.retry_after_seconds)}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return _CHALLENGE if isinstance(error, SignatureError) else {}


def _internal_error() -> Response:
    return make_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "something went wrong inside Airmend; the log of the API server says what",
    )
