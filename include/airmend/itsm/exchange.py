"""The way to a ticket system: one request and its answer, and what an answer's code means.

The client itself is passed in, so that nothing here knows Airflow.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from airmend.errors import (
    TicketBusyError,
    TicketError,
    TicketRefusedError,
    TicketSystemAwayError,
)

MOST_PATIENCE_SECONDS = 3600.0
"""No `Retry-After` is waited for longer: what came to a halt may be well again."""

SAID_LIMIT = 300
"""Characters that are kept of what a ticket system says about an error."""

_AWAY = frozenset({429, 502, 503, 504})
_BUSY = frozenset({408, 409, 423, 425})


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: The HTTP code.
        body: Decoded JSON; None where the body is empty or no JSON.
        retry_after_seconds: When to ask again, where the system said so.
        is_json: Whether the body was JSON, or empty.
    """

    status: int
    body: Any
    retry_after_seconds: float | None = None
    is_json: bool = True


class Http(Protocol):
    """Sends one request, authenticated, and follows no redirect."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send it.

        Args:
            method: GET, POST, PUT or PATCH.
            path: From the root of the system, with a leading "/".
            query: Added to the path.
            body: Sent as JSON.

        Raises:
            TicketSystemAwayError: No answer; the request may have arrived.
        """
        ...


def take(answer: Answer, asked: str) -> Any:
    """The body of an answer that went well.

    Args:
        answer: What came back.
        asked: What was asked for, for the message: "creating a change request".

    Raises:
        TicketSystemAwayError: The system takes nothing from us now: overload, maintenance, a
            login page, a password that is no longer right.
        TicketBusyError: This ticket cannot be read or changed now.
        TicketRefusedError: It will not take this.
    """
    if answer.status < 300 and answer.is_json:
        return answer.body
    raise _explain(answer, asked)


def _explain(answer: Answer, asked: str) -> TicketError:
    status = answer.status
    said = read_complaint(answer.body)
    text = f"{asked}: answered {status}{f', {said}' if said else ''}"
    if status == 401:
        remedy = "Correct the login or the token of the connection"
        return TicketSystemAwayError(f"{text}. {remedy}", needs_person=True)
    if status < 400:  # a redirect, or a page where JSON belongs: a login, an instance asleep
        remedy = "Is this the right address, and is the instance awake?"
        return TicketSystemAwayError(f"{text}, which is no answer of its API. {remedy}")
    if status in _AWAY:
        return TicketSystemAwayError(text, answer.retry_after_seconds)
    if status in _BUSY or status >= 500:
        return TicketBusyError(text)
    return TicketRefusedError(text)


def read_complaint(body: Any) -> str:
    """What a system says is wrong, on one line; "" where it says nothing.

    ServiceNow: `{"error": {"message", "detail"}}`. Jira: `{"errorMessages": [], "errors": {}}`.
    """
    if not isinstance(body, Mapping):
        return ""
    words: list[str] = []
    error = body.get("error")
    if isinstance(error, Mapping):
        words += [str(error[key]) for key in ("message", "detail") if error.get(key)]
    messages = body.get("errorMessages")
    if isinstance(messages, list):
        words += [str(each) for each in messages]
    fields = body.get("errors")
    if isinstance(fields, Mapping):
        words += [f"{name}: {text}" for name, text in fields.items()]
    said = re.sub(r"[\x00-\x1f\x7f\s]+", " ", "; ".join(words)).strip()
    return said if len(said) <= SAID_LIMIT else said[: SAID_LIMIT - 1] + "…"


def read_retry_after(text: str | None, now: datetime) -> float | None:
    """The seconds of a `Retry-After`, a number or a date; 1 to an hour, None where there is none.

    Source: RFC 9110, section 10.2.3.
    """
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(seconds, 1.0), MOST_PATIENCE_SECONDS)
