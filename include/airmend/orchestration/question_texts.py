"""Lets a question that is put anew have a new text in Airflow's Required Actions.

Airflow keeps one question for a task, and its first text with it: who is asked again would read
what the first one read. This stands around its API server and, once a task's own call to put a
question has been accepted, writes the text and the people of that call to the question.

Airflow also clears the answer of a question that is put again. In a new try that is right: the old
answer was taken, and ended the try before. In the same try, where a reminder puts it again, the
answer came while nobody looked; this gives it back, and the task goes on with it.
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
        question = UUID(found[1])
        answer = await asyncio.to_thread(_read_new_answer, question)
        body = bytearray()

        async def reading() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def sending(message: Any) -> None:
            # before the answer goes out: when the task parks, the text is there
            if message["type"] == "http.response.start" and message["status"] < 300:
                await asyncio.to_thread(_write_text, question, bytes(body), answer)
            await send(message)

        await self._app(scope, reading, sending)


ANSWER = ("responded_at", "responded_by", "chosen_options", "params_input")
"""What Airflow clears of a question that is put again."""


def _read_new_answer(task_instance: UUID) -> dict[str, Any] | None:
    """The answer to the question of a task that ended no earlier try; None where there is none."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.hitl_history import HITLDetailHistory
    from airflow.models.taskinstancehistory import TaskInstanceHistory
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        detail = session.get(HITLDetail, task_instance)
        if detail is None or detail.responded_at is None:
            return None
        task = detail.task_instance
        earlier = select(HITLDetailHistory.responded_at).join(
            TaskInstanceHistory,
            TaskInstanceHistory.task_instance_id == HITLDetailHistory.ti_history_id,
        )
        taken = session.scalars(
            earlier.where(
                TaskInstanceHistory.dag_id == task.dag_id,
                TaskInstanceHistory.run_id == task.run_id,
                TaskInstanceHistory.task_id == task.task_id,
                TaskInstanceHistory.map_index == task.map_index,
            )
        )
        if detail.responded_at in set(taken):
            return None
        return {name: getattr(detail, name) for name in ANSWER}


def _write_text(task_instance: UUID, body: bytes, answer: dict[str, Any] | None) -> None:
    """Write what its accepted call says to the question of a task, and give a kept answer back."""
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
        for name, value in (answer or {}).items():
            setattr(detail, name, value)
