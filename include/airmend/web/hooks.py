"""`POST /hooks/{source}`: monitoring tells what goes on.

Called by monitoring systems, proven by the source's secret and not by a login. Whoever knocks
is let in or sent away before anything is read; then the body is read up to its limit and
handed to intake, which answers when it is stored.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, TypeVar, TypeVarTuple

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter
from pydantic_core import to_json
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from airmend.errors import (
    ConfigurationError,
    IntakeError,
    MalformedBodyError,
    OverloadError,
    PayloadError,
    PayloadTooLargeError,
    ProofUnavailableError,
)
from airmend.incident.answers import Answer
from airmend.incident.intake import MAX_BODY_BYTES, Intake
from airmend.incident.proofs import (
    QUERY,
    SourceSecrets,
    confirm_subscription,
    is_confirmation,
)
from airmend.incident.sources import find_source, is_ticket_system
from airmend.web.admission import Admission, Limits
from airmend.web.query import hidden_query

READ_TIMEOUT_SECONDS = 30
"""A sender that is slower than this is not waited for."""

THREADS = 16
"""Deliveries that are stored at the same time. They have threads of their own, so that the
pages of the same server keep theirs; a source has at most half of them."""

UNKNOWN = "unknown"
"""What sources that do not exist are counted as."""

SLOW_RETRY_SECONDS = 10

_ACCEPTED = int(HTTPStatus.ACCEPTED)

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Hooks:
    """Takes deliveries from the network into intake.

    Args:
        intake: Takes deliveries in.
        secrets: Gives the secrets of a source; asked only for sources that exist.
        limits: How much is taken in.
        is_at_hand: Whether `secrets` would answer for a source without waiting for anything;
            then a delivery is read in the event loop, which costs less than a thread.
    """

    def __init__(
        self,
        intake: Intake,
        secrets: Callable[[str], SourceSecrets],
        limits: Limits,
        is_at_hand: Callable[[str], bool] = lambda _source: False,
    ) -> None:
        self._intake, self._secrets, self._is_at_hand = intake, secrets, is_at_hand
        self._admission = Admission(limits, time.monotonic)
        self._threads = anyio.CapacityLimiter(THREADS)
        self._threads_of: dict[str, anyio.CapacityLimiter] = {}

    async def receive(self, source: str, scope: Scope, receive: Receive) -> Answer:
        """Take one delivery in; when this returns, it is stored.

        Args:
            source: The last part of the address.
            scope: The request, as ASGI has it.
            receive: Gives its body.

        Raises:
            OverloadError: More comes in than is taken in.
            IntakeError: It is refused.
            AirmendError: It cannot be taken in now.
            ClientDisconnect: The sender hung up before the end of the body.
        """
        client = scope.get("client")
        peer = client[0] if client else ""
        try:
            find_source(source)  # nothing is read for an address that does not exist
        except IntakeError as error:
            with self._admission.enter(UNKNOWN, peer):
                await self._run(UNKNOWN, self._intake.count_refusal, source, error)
            raise
        with self._admission.enter(source, peer):
            headers = _read_headers(scope)
            try:
                body = await _read_body(headers, receive)
            except IntakeError as error:
                await self._run(source, self._intake.count_refusal, source, error)
                raise
            answer = await self._take_in(source, headers, body)
            if is_confirmation(headers, source):
                await self._run(source, self._confirm, source, body)
            return answer

    async def _take_in(self, source: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Give a whole delivery to intake, and count it when its sender was proven."""
        read = partial(self._intake.read, source, headers, body, self._look_up)
        try:
            # what a ticket may mention has to be read from files first
            at_once = self._is_at_hand(source) and not is_ticket_system(find_source(source))
            delivery = read() if at_once else await self._run(source, read)
        except IntakeError as error:
            if isinstance(error, MalformedBodyError | PayloadError):  # found after the proof
                self._admission.count_delivery(source)
            await self._run(source, self._intake.count_refusal, source, error)
            raise
        self._admission.count_delivery(source)
        return await self._intake.store(delivery)

    def _look_up(self, source: str) -> SourceSecrets:
        try:
            return self._secrets(source)
        except ConfigurationError as error:
            raise ProofUnavailableError(str(error)) from error

    def _confirm(self, source: str, body: bytes) -> None:
        secrets = self._look_up(source)
        confirm_subscription(secrets, body, self._intake.clock(), source=source)

    async def _run(
        self, source: str, function: Callable[[*Arguments], Result], *args: *Arguments
    ) -> Result:
        """Call a function that blocks, in one of the threads of this source."""
        own = self._threads_of.setdefault(source, anyio.CapacityLimiter(THREADS // 2))
        async with own:
            return await run_sync(function, *args, limiter=self._threads)


class HookEndpoint:
    """The route of the webhooks as a bare ASGI application.

    FastAPI's own routes take parameters and bodies apart before they call; there is nothing to
    take apart here, and that would be most of what a delivery costs besides intake.

    Args:
        hooks: Takes deliveries in.
    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; errors go on to the handlers of the application."""
        answer = await self._hooks.receive(scope["path_params"]["source"], scope, receive)
        body = to_json(answer)
        length = str(len(body)).encode()
        headers = [(b"content-length", length), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": _ACCEPTED, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def create_hooks(hooks: Hooks) -> APIRouter:
    """The route of the webhooks."""
    router = APIRouter()
    endpoint: Any = HookEndpoint(hooks)  # Starlette takes applications here; its types do not say
    for path in ("/hooks/{source}", "/hooks/{source}/"):  # many senders follow no redirect
        router.add_route(path, endpoint, methods=["POST"])
    return router


def _read_headers(scope: Scope) -> dict[str, str]:
    """The headers by their names in lower case, and the query of the address.

    A header that was sent more than once is one with commas, as RFC 9110 says: of two
    signatures or tokens neither is picked.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name.startswith(":"):
            continue
        known = headers.get(name)
        headers[name] = value if known is None else f"{known}, {value}"
    headers[QUERY] = hidden_query(scope)
    return headers


async def _read_body(headers: Mapping[str, str], receive: Receive) -> bytes:
    """The whole body; stops reading where it is larger than the limit.

    Raises:
        PayloadTooLargeError: It says that it is larger, or turns out to be.
        OverloadError: It did not come in time; on a busy way that is nobody's fault.
        ClientDisconnect: The sender hung up before the end of it.
    """
    announced = headers.get("content-length", "0")
    # more digits than the limit has are too many, whatever they say
    if len(announced) > len(str(MAX_BODY_BYTES)) or (
        announced.isdecimal() and int(announced) > MAX_BODY_BYTES
    ):
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        raise OverloadError("the body did not come in time", SLOW_RETRY_SECONDS) from error


def _too_large() -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is too large; send at most {MAX_BODY_BYTES} bytes")
