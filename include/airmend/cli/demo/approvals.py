"""Answers to approvals, given as any client gives them: through Airflow's own REST API."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from airmend.change.model import ChangeRequest
from airmend.errors import StackError

APPROVER = "olivia"
"""Answers in the demo. She asked for nothing and wrote no runbook, so her answer counts."""

SETTLE_SECONDS = 1.5
"""Between the start of the wait and the first answer: one that comes within Airflow's
`min_heartbeat_interval` (1 s in config/airflow.env) makes the task ask a second time."""


@dataclass(frozen=True)
class Question:
    """An approval that waits for a person."""

    change: ChangeRequest
    subject: str
    body: str  # Markdown
    url: str  # where it is answered in Airflow's pages


class Approvals:
    """Looks for questions and answers them.

    Args:
        client: Logged in to Airflow as the person who answers.
        base_url: Where people reach Airflow.
        clock: Seconds that only grow.
    """

    def __init__(
        self, client: httpx.Client, base_url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._base_url, self._clock = client, base_url.rstrip("/"), clock
        self._seen_at: dict[str, float] = {}

    def find_question(self, change: ChangeRequest) -> Question | None:
        """The open question of a change; None while there is none that may be answered.

        Raises:
            httpx.HTTPError: Airflow does not answer as it should.
        """
        response = self._client.get(self._address(change))
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        detail = response.raise_for_status().json()
        waits = detail["task_instance"]["state"] == "awaiting_input"
        if not waits or detail["response_received"]:
            self._seen_at.pop(change.id, None)
            return None
        since = self._seen_at.setdefault(change.id, self._clock())
        if self._clock() - since < SETTLE_SECONDS:
            return None
        run = f"dags/{quote(change.dag_id, safe='')}/runs/{quote(change.run_id, safe='')}"
        url = f"{self._base_url}/{run}/tasks/approval/required_actions"
        return Question(change, detail["subject"], detail["body"] or "", url)

    def answer(self, change: ChangeRequest, option: str, comment: str) -> None:
        """Give an answer; one that somebody else gave meanwhile stands.

        Args:
            change: The change that is asked about.
            option: "Approve" or "Reject".
            comment: Kept in the record.

        Raises:
            StackError: Airflow does not take it.
        """
        document = {"chosen_options": [option], "params_input": {"comment": comment}}
        response = self._client.patch(self._address(change), json=document)
        if response.status_code not in {httpx.codes.OK, httpx.codes.CONFLICT}:
            raise StackError(
                f"Airflow did not take the answer '{option}' for {change.id} "
                f"({response.status_code}): {response.text[:300]}. Answer it in Airflow's pages"
            )

    def _address(self, change: ChangeRequest) -> str:
        run = f"dags/{quote(change.dag_id, safe='')}/dagRuns/{quote(change.run_id, safe='')}"
        return f"/api/v2/{run}/taskInstances/approval/-1/hitlDetails"
