"""Questions are found and answered through Airflow's REST API, and not too early."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from airmend.cli.demo.approvals import SETTLE_SECONDS, Approvals
from airmend.errors import StackError
from tests.builders import make_change

CHANGE = make_change(dag_id="disk-filling-up", run_id="airmend__INC-1")
PATH = "/api/v2/dags/disk-filling-up/dagRuns/airmend__INC-1/taskInstances/approval/-1/hitlDetails"


class Airflow:
    """Answers as Airflow does, and keeps what it was sent."""

    def __init__(self) -> None:
        self.state, self.received, self.missing, self.answers_with = (
            "awaiting_input",
            False,
            False,
            200,
        )
        self.answers: list[dict[str, Any]] = []
        self.seconds = 100.0
        client = httpx.Client(transport=httpx.MockTransport(self._handle), base_url="http://af")
        self.approvals = Approvals(client, "http://localhost:8080/", lambda: self.seconds)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == PATH
        if request.method == "PATCH":
            self.answers.append(json.loads(request.content))
            return httpx.Response(self.answers_with, text="no")
        if self.missing:
            return httpx.Response(404)
        document = {
            "task_instance": {"state": self.state},
            "response_received": self.received,
            "subject": "Low risk",
            "body": "## Why",
        }
        return httpx.Response(200, json=document)


def test_a_question_is_answerable_once_the_task_has_settled() -> None:
    airflow = Airflow()
    assert airflow.approvals.find_question(CHANGE) is None
    airflow.seconds += SETTLE_SECONDS
    question = airflow.approvals.find_question(CHANGE)
    assert question is not None
    assert (question.subject, question.body) == ("Low risk", "## Why")
    assert question.url == (
        "http://localhost:8080/dags/disk-filling-up/runs/airmend__INC-1"
        "/tasks/approval/required_actions"
    )


def test_there_is_no_question_before_and_after() -> None:
    for field, value in (("missing", True), ("state", "running"), ("received", True)):
        airflow = Airflow()
        setattr(airflow, field, value)
        assert airflow.approvals.find_question(CHANGE) is None
        airflow.seconds += 60
        assert airflow.approvals.find_question(CHANGE) is None


def test_a_task_that_asks_again_has_to_settle_again() -> None:
    airflow = Airflow()
    airflow.approvals.find_question(CHANGE)
    airflow.seconds += SETTLE_SECONDS
    airflow.state = "up_for_retry"
    assert airflow.approvals.find_question(CHANGE) is None
    airflow.state = "awaiting_input"
    assert airflow.approvals.find_question(CHANGE) is None


def test_an_answer_says_which_option_and_why() -> None:
    airflow = Airflow()
    airflow.approvals.answer(CHANGE, "Reject", "not now")
    assert airflow.answers == [
        {"chosen_options": ["Reject"], "params_input": {"comment": "not now"}}
    ]


def test_the_answer_of_somebody_who_was_faster_stands() -> None:
    airflow = Airflow()
    airflow.answers_with = 409
    airflow.approvals.answer(CHANGE, "Approve", "")


def test_an_answer_that_is_not_taken_is_an_error() -> None:
    airflow = Airflow()
    airflow.answers_with = 403
    with pytest.raises(StackError, match=r"did not take the answer 'Approve' .*403"):
        airflow.approvals.answer(CHANGE, "Approve", "")
