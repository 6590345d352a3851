from __future__ import annotations

from typing import Any

import pytest

from airmend.errors import (
    TicketBusyError,
    TicketError,
    TicketRefusedError,
    TicketSystemAwayError,
)
from airmend.itsm.exchange import SAID_LIMIT, Answer, read_complaint, read_retry_after, take
from tests.builders import AT


@pytest.mark.parametrize("status", [200, 201, 204])
def test_what_went_well_gives_its_body(status: int) -> None:
    assert take(Answer(status, {"result": 1}), "reading") == {"result": 1}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(200, None, is_json=False), TicketSystemAwayError),
        (Answer(302, None), TicketSystemAwayError),
        (Answer(401, None), TicketSystemAwayError),
        (Answer(429, None, 5.0), TicketSystemAwayError),
        (Answer(503, None), TicketSystemAwayError),
        (Answer(408, None), TicketBusyError),
        (Answer(409, None), TicketBusyError),
        (Answer(500, None), TicketBusyError),
        (Answer(400, None), TicketRefusedError),
        (Answer(403, None), TicketRefusedError),
        (Answer(404, None), TicketRefusedError),
        (Answer(422, None), TicketRefusedError),
    ],
)
def test_each_code_says_who_has_to_wait(answer: Answer, error: type[TicketError]) -> None:
    with pytest.raises(error, match="reading") as caught:
        take(answer, "reading")
    if isinstance(caught.value, TicketSystemAwayError):
        assert caught.value.needs_person is (answer.status == 401)
        assert caught.value.retry_after_seconds == answer.retry_after_seconds


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Operation Failed", "detail": "a\n b"}}, "Operation Failed; a b"),
        (
            {"errorMessages": ["No."], "errors": {"summary": "is too long"}},
            "No.; summary: is too long",
        ),
        ({"error": "x"}, ""),
        (["x"], ""),
        (None, ""),
    ],
)
def test_what_a_system_complains_about_is_one_line(body: Any, said: str) -> None:
    assert read_complaint(body) == said


@pytest.mark.parametrize(
    ("length", "kept"), [(SAID_LIMIT, SAID_LIMIT), (SAID_LIMIT + 1, SAID_LIMIT)]
)
def test_a_complaint_is_cut(length: int, kept: int) -> None:
    assert len(read_complaint({"errorMessages": ["x" * length]})) == kept


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("0", 1.0),
        ("-5", 1.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("nan", None),
        ("soon", None),
        ("Mon, 02 Mar 2026 09:02:00 GMT", 120.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 1.0),
        ("Mon, 02 Mar 2026 09:02:00 -0000", None),  # of no zone: nobody knows when
    ],
)
def test_when_to_ask_again_is_read_from_seconds_and_dates(
    text: str | None, seconds: float | None
) -> None:
    assert read_retry_after(text, AT) == seconds
