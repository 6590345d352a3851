"""The approval: passes at once for what policy allows, otherwise waits for a person.

Built on Airflow's own Human-in-the-loop: the task parks in `awaiting_input`, which holds no
worker slot, and shows under Required Actions. The decision is stored in Airmend's records
before the task ends; what counts later is that record, never the state of this task.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from airmend.orchestration.asking_again import MOST_QUESTIONS, AskingAgain, ask_again
from airmend.orchestration.auth_roles import Roles, find_assignees
from airmend.orchestration.operators import (
    Cancellable,
    airflow_errors,
    open_run,
    rescheduling,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airmend.change.model import Decision
    from airmend.orchestration.asking import Asked
    from airmend.orchestration.change_run import ChangeRun

APPROVE, REJECT = "Approve", "Reject"


class ApprovalSensor(Cancellable, BaseSensorOperator):
    """Waits for the decision on a change, by as many people as the policy asks.

    There is no default answer: time running out rejects. Answers of the requester and of the
    runbook's authors do not count; the task says so and goes on waiting, as it does while more
    people are needed. What was approved outside its change window is rescheduled until that opens,
    and looked at again then. After an answer, the question is a try of its own (`asking_again`);
    for a reminder or an escalation it is put anew in the same one, so that no answer that comes
    meanwhile is lost (`question_texts`). Safe to repeat: votes and the decision are looked up
    first, and the deadline does not move.
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
            self._park(context, run, asked)
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
            take_answer(run, answer, _roles(run), approve=APPROVE, reject=REJECT)
        asked = self._settle(run)
        if asked.decision is None and not answer.chosen:
            self._park(context, run, asked)
        if asked.decision is None:
            ask_again(f"{answer.user or 'nobody'} answered, and that is not the end of it")
        return self._conclude(asked.decision)

    def _settle(self, run: ChangeRun) -> Asked:
        from airmend.orchestration.answering import look_again, settle

        cancelled = self.prepare()
        with airflow_errors(), rescheduling():
            return settle(run, _roles(run), lambda run: look_again(run, cancelled))

    def _conclude(self, decision: Decision) -> dict[str, Any]:
        from airmend.change.model import Verdict

        if decision.verdict is not Verdict.APPROVED:
            raise AirflowFailException(
                f"{decision.verdict.value} by {decision.decided_by}: {decision.basis}. "
                "Nothing was executed"
            )
        return decision.model_dump(mode="json")

    def _park(self, context: Context, run: ChangeRun, asked: Asked) -> NoReturn:
        from airflow.sdk.execution_time.hitl import upsert_hitl_detail

        from airmend.orchestration.notifiers import sender
        from airmend.orchestration.telling import tell_people

        with run.database.session() as session:
            assignees = find_assignees(session, asked.people)
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
            assigned_users=assignees,
        )
        tell_people(run, asked, sender(context, self.log))  # who reads it can answer by now
        left = max(asked.looks_at - run.now(), timedelta(seconds=1))
        raise TaskAwaitingInput(method_name="resume", kwargs={}, timeout=left)


def _roles(run: ChangeRun) -> Roles:
    with run.database.session() as session:
        return run.find_roles(session)
