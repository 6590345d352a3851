"""Lets a question that is put anew have a new text in Airflow's Required Actions.

Airflow keeps one question for a task, and its first text with it: who is asked again would read
what the first one read. This stands around its API server and, once a task's own call to put a
question has been accepted, writes the text and the people of that call to the question.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import Any
from uuid import UUID

_PUTS_A_QUESTION = re.compile(r".*/execution/hitlDetails/([0-9a-f-]{36})")

log = logging.getLogger(__name__)


class QuestionTexts:
    """ASGI middleware around Airflow's API server; every other call passes untouched."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the call on; where it puts a question and was accepted, write its text."""
        found = None
        if scope["type"] == "http" and scope["method"] == "POST":
            found = _PUTS_A_QUESTION.fullmatch(scope["path"])
        if found is None:
            await self._app(scope, receive, send)
            return
        body = bytearray()

        async def reading() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def sending(message: Any) -> None:
            # before the answer goes out: when the task parks, the text is there
            if message["type"] == "http.response.start" and message["status"] < 300:
                await asyncio.to_thread(_write_text, UUID(found[1]), bytes(body))
            await send(message)

        await self._app(scope, reading, sending)


def _write_text(task_instance: UUID, body: bytes) -> None:
    """Write text and people to the question of a task, as its accepted call says them."""
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session

    asked = json.loads(body)
    with create_session() as session:
        detail = session.get(HITLDetail, task_instance)
        if detail is None:
            log.error("no question of task instance %s is there to be written", task_instance)
            return
        detail.subject, detail.body = asked["subject"], asked.get("body")
        detail.assignees = asked.get("assigned_users") or []
