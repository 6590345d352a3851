"""The approval: passes at once for what policy allows, otherwise waits for a person.

Built on Airflow's own Human-in-the-loop: the task parks in `awaiting_input`, which holds no
worker slot, and shows under Required Actions. The decision is stored in Airmend's records
before the task ends; what counts later is that record, never the state of this task.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.configuration import conf
from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from airmend.orchestration.operators import (
    INFRASTRUCTURE_RETRIES,
    airflow_errors,
    open_run,
)

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.execution_time.hitl import HITLUser

    from airmend.orchestration.asking import Question
    from airmend.orchestration.change_run import ChangeRun

APPROVE, REJECT = "Approve", "Reject"


class ApprovalSensor(BaseSensorOperator):
    """Waits for the decision on a change.

    There is no default answer: time running out rejects. Answers of the requester and of the
    runbook's authors do not count; the task says so and goes on waiting. Safe to repeat: a
    decision that was stored is looked up first, and the deadline does not move.
    """

    ui_color = "#fff3e0"

    def __init__(self, *, digest: str, **kwargs: Any) -> None:
        super().__init__(retries=INFRASTRUCTURE_RETRIES, **kwargs)
        self.digest = digest

    def execute(self, context: Context) -> dict[str, Any]:
        """Decide at once, or ask."""
        from airmend.orchestration.asking import ask, open_question

        run = open_run(context, self.digest, self.log)
        with airflow_errors():
            question = open_question(run)
            if question.decision is None:
                ask(run, question)
        return self._conclude_or_wait(context, run, question)

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take an answer, or the end of the time, as Airflow reports it."""
        from airmend.orchestration.asking import Answer, open_question, take_answer

        run = open_run(context, self.digest, self.log)
        user = event.get("responded_by_user") or {}
        comment = (event.get("params_input") or {}).get("comment")
        answer = Answer(
            chosen=(event.get("chosen_options") or [""])[0],
            user=str(user.get("name") or user.get("id") or ""),
            at=event.get("responded_at"),
            comment=str(comment or ""),
        )
        with airflow_errors():
            take_answer(run, answer, approve=APPROVE, reject=REJECT)
            question = open_question(run)
        return self._conclude_or_wait(context, run, question)

    def _conclude_or_wait(
        self, context: Context, run: ChangeRun, question: Question
    ) -> dict[str, Any]:
        if question.decision is None:
            self._park(context, question, now=run.now())
        if not question.approved:
            raise AirflowFailException(
                f"{question.decision.verdict.value} by {question.decision.decided_by}: "
                f"{question.decision.basis}. Nothing was executed"
            )
        return question.decision.model_dump(mode="json")

    def _park(self, context: Context, question: Question, *, now: datetime) -> NoReturn:
        from airflow.sdk.execution_time.hitl import upsert_hitl_detail

        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=[APPROVE, REJECT],
            subject=question.subject,
            body=question.body,
            params={
                "comment": {
                    "value": "",
                    "description": "Why (kept in the record)",
                    "schema": {"type": ["string", "null"]},
                }
            },
            assigned_users=_assignees(question.approvers),
        )
        left = max(question.expires_at - now, timedelta(seconds=1))
        raise TaskAwaitingInput(method_name="resume", kwargs={}, timeout=left)


def _assignees(approvers: list[str] | None) -> list[HITLUser]:
    """Whom Airflow itself lets answer; nobody named means whoever may answer at all.

    Only the simple auth manager's ids are user names. Elsewhere ids are numbers that a task
    cannot look up; there an answer that does not count is turned away when it arrives.
    """
    if approvers is None or "SimpleAuthManager" not in conf.get("core", "auth_manager"):
        return []
    return [{"id": name, "name": name} for name in approvers]
