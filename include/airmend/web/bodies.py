"""Small bodies of requests that change something: bounded, of the right kind, and strict.

Read after the login, so that nobody unknown can make the server read.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError

MAX_BYTES = 65_536
READ_TIMEOUT_SECONDS = 10
MAX_FIELDS = 20

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class StrictBody(BaseModel):
    """A body that may hold these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Body = TypeVar("Body", bound=StrictBody)


async def read_json(request: Request) -> bytes:
    """The body of a request that says it is JSON; a dependency.

    Raises:
        HTTPException: 415, 413 or 408.
    """
    return await _read(request, JSON)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form as a browser sends it, the last of each name; a dependency.

    Raises:
        HTTPException: 415, 413, 408, or 400 for more fields than any form has.
    """
    text = (await _read(request, FORM)).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the form has too many fields") from error


JsonBody = Annotated[bytes, Depends(read_json)]
Form = Annotated[dict[str, str], Depends(read_form)]


def parse_json(kind: type[Body], body: bytes) -> Body:
    """A body as a model.

    Raises:
        HTTPException: 400, it is not JSON.
        RequestValidationError: It is something else; the error names the field.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if problems[0]["type"] == "json_invalid":
            raise HTTPException(
                HTTPStatus.BAD_REQUEST, f"the body is not JSON: {problems[0]['msg']}"
            ) from error
        raise RequestValidationError(problems) from error


async def _read(request: Request, media_type: str) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != media_type:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send 'Content-Type: {media_type}'")
    body = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise HTTPException(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {MAX_BYTES} bytes"
                    )
    except TimeoutError as error:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time") from error
    return bytes(body)
