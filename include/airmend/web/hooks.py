"""`POST /hooks/{source}`: monitoring tells what goes on.

Called by monitoring systems, proven by the source's secret and not by a login. Reads the body
up to its limit and hands it to intake, which answers when it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from airmend.errors import IntakeError, PayloadTooLargeError
from airmend.incident.intake import MAX_BODY_BYTES, Intake
from airmend.incident.signatures import SourceSecrets
from airmend.incident.sources import find_source

READ_TIMEOUT_SECONDS = 30
"""A sender that is slower than this is not waited for."""


def create_hooks(
    intake: Intake,
    secrets: Callable[[str], SourceSecrets],
    is_at_hand: Callable[[str], bool] = lambda _source: False,
) -> APIRouter:
    """The route of the webhooks.

    Args:
        intake: Takes deliveries in.
        secrets: Gives the secrets of a source; asked only for sources that exist.
        is_at_hand: Whether `secrets` would answer for a source without waiting for anything;
            then a delivery is read in the event loop, which costs less than a thread.
    """
    router = APIRouter()

    @router.post("/hooks/{source}")
    async def receive_delivery(source: str, request: Request) -> Response:
        try:
            find_source(source)  # nothing is read for an address that does not exist
            body = await _read_body(request)
            read = partial(intake.read, source, request.headers, body, secrets)
            delivery = read() if is_at_hand(source) else await run_in_threadpool(read)
        except IntakeError as error:
            await run_in_threadpool(intake.count_refusal, source, error)
            raise
        answer = await intake.store(delivery)
        return Response(
            answer.model_dump_json(), HTTPStatus.ACCEPTED, media_type="application/json"
        )

    return router


async def _read_body(request: Request) -> bytes:
    """The whole body; stops reading where it is larger than the limit.

    Raises:
        PayloadTooLargeError: It says that it is larger, or turns out to be.
        HTTPException: 408, it did not come in time.
    """
    announced = request.headers.get("content-length", "0")
    # more digits than the limit has are too many, whatever they say
    if len(announced) > len(str(MAX_BODY_BYTES)) or (
        announced.isdecimal() and int(announced) > MAX_BODY_BYTES
    ):
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except TimeoutError as error:
        raise HTTPException(
            HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time; send it again"
        ) from error
    return bytes(body)


def _too_large() -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is too large; send at most {MAX_BODY_BYTES} bytes")
