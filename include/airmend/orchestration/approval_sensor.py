"""The approval: passes at once for what policy allows, otherwise waits for a person.

Built on Airflow's own Human-in-the-loop: the task parks in `awaiting_input`, which holds no
worker slot, and shows under Required Actions. The decision is stored in Airmend's records
before the task ends; what counts later is that record, never the state of this task.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from airmend.orchestration.asking_again import MOST_QUESTIONS, AskingAgain, ask_again
from airmend.orchestration.auth_roles import read_roles, takes_user_names
from airmend.orchestration.operators import (
    Cancellable,
    airflow_errors,
    open_run,
    rescheduling,
)

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.execution_time.hitl import HITLUser

    from airmend.change.model import Decision
    from airmend.orchestration.asking import Asked
    from airmend.orchestration.change_run import ChangeRun

APPROVE, REJECT = "Approve", "Reject"


class ApprovalSensor(Cancellable, BaseSensorOperator):
    """Waits for the decision on a change, by as many people as the policy asks.

    There is no default answer: time running out rejects. Answers of the requester and of the
    runbook's authors do not count; the task says so and goes on waiting, as it does while more
    people are needed. What was approved outside its change window is rescheduled until that opens,
    and looked at again then. Each question is a try of its own (`asking_again`). Safe to repeat:
    votes and the decision are looked up first, and the deadline does not move.
    """

    ui_color = "#fff3e0"

    def __init__(self, *, digest: str, **kwargs: Any) -> None:
        super().__init__(retries=MOST_QUESTIONS, retry_policy=AskingAgain(), **kwargs)
        self.digest = digest

    def execute(self, context: Context) -> dict[str, Any]:
        """Decide at once, or ask."""
        run = open_run(context, self.digest, self.log)
        asked = self._settle(run)
        if asked.decision is None:
            self._park(context, asked, now=run.now())
        return self._conclude(asked.decision)

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Take an answer, or the end of the time, as Airflow reports it."""
        from airmend.orchestration.answering import Answer, take_answer

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
            take_answer(run, answer, read_roles(), approve=APPROVE, reject=REJECT)
        asked = self._settle(run)
        if asked.decision is None:
            ask_again(f"{answer.user or 'nobody'} answered, and that is not the end of it")
        return self._conclude(asked.decision)

    def _settle(self, run: ChangeRun) -> Asked:
        from airmend.orchestration.answering import look_again, settle

        cancelled = self.prepare()
        with airflow_errors(), rescheduling():
            return settle(run, read_roles(), lambda run: look_again(run, cancelled))

    def _conclude(self, decision: Decision) -> dict[str, Any]:
        from airmend.change.model import Verdict

        if decision.verdict is not Verdict.APPROVED:
            raise AirflowFailException(
                f"{decision.verdict.value} by {decision.decided_by}: {decision.basis}. "
                "Nothing was executed"
            )
        return decision.model_dump(mode="json")

    def _park(self, context: Context, asked: Asked, *, now: datetime) -> NoReturn:
        from airflow.sdk.execution_time.hitl import upsert_hitl_detail

        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=[APPROVE, REJECT],
            subject=asked.subject,
            body=asked.body,
            params={
                "comment": {
                    "value": "",
                    "description": "Why (kept in the record)",
                    "schema": {"type": ["string", "null"]},
                }
            },
            assigned_users=_assignees(asked.people),
        )
        left = max(asked.looks_at - now, timedelta(seconds=1))
        raise TaskAwaitingInput(method_name="resume", kwargs={}, timeout=left)


def _assignees(approvers: list[str] | None) -> list[HITLUser]:
    """Whom Airflow itself lets answer; nobody named means whoever may answer at all.

    Where ids are numbers that a task cannot look up, an answer that does not count is turned
    away when it arrives.
    """
    if approvers is None or not takes_user_names():
        return []
    return [{"id": name, "name": name} for name in approvers]
