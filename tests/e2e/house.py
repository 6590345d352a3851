"""One running installation, as the end-to-end tests use it: send, watch, answer, look.

Everything goes through the doors that people and senders have: the webhooks, Airflow's REST
API, the saved reports; only what was recorded is read from the records themselves. Nothing is
waited for by the clock: every wait names its condition, and tells the story when it is over.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from airmend.change.model import ChangeRequest, Decision
from airmend.cli.environment import hook_secret
from airmend.cli.estate import Estate
from airmend.cli.stack import AirflowStack
from airmend.execution.model import Execution, ExecutionStatus, Phase
from airmend.incident.model import Incident
from airmend.incident.proofs import parse_secrets, sign_delivery
from airmend.records.changes import get_change, get_decision
from airmend.records.database import Database
from airmend.records.executions import list_executions
from airmend.records.incidents import close_incident, get_incident, list_incidents
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.reports import load_report
from tests.e2e.lab import Lab
from tests.e2e.processes import find_modules, find_playbooks
from tests.ssh_hosts import SshHosts

PATIENCE_SECONDS = 120.0
"""How long a condition may take before the test fails; seconds are usual."""

POLL_SECONDS = 0.2
WRITE_ATTEMPTS = 5
ENDED = frozenset({"success", "failed"})

Found = TypeVar("Found")


@dataclass(frozen=True)
class Story:
    """One incident with its change and its run."""

    incident: str
    change: str
    dag_id: str
    run_id: str

    @property
    def run_path(self) -> str:
        """The run in Airflow's REST API."""
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{self.run_id}"


@dataclass
class House:
    """A local Airflow with Airmend, an estate behind real SSH, and a lab of small hosts."""

    stack: AirflowStack
    estate: Estate
    hosts: SshHosts
    lab: Lab
    runbooks: Path
    database: Database
    client: httpx.Client  # logged in as admin
    environment: Mapping[str, str]  # of the installation, for its commands

    # --- send --------------------------------------------------------------------------------

    def deliver(
        self, body: dict[str, Any], *, source: str = "alertmanager", signed: bool = False
    ) -> httpx.Response:
        """Send a delivery as its sender would: with a bearer token, or signed."""
        content = json.dumps(body).encode()
        known = parse_secrets(hook_secret(self.stack.home, source))
        proof = {"authorization": f"Bearer {known.bearer[0]}"}
        if signed:
            name = f"msg_{secrets.token_hex(8)}"
            proof = sign_delivery(known.hmac[0], name, datetime.now(UTC), content)
        return httpx.post(
            f"{self.stack.url}/airmend/hooks/{source}",
            content=content,
            headers={"content-type": "application/json"} | proof,
            timeout=60,
            trust_env=False,
        )

    def send(
        self, body: dict[str, Any], *, source: str = "alertmanager", signed: bool = False
    ) -> dict[str, Any]:
        """Send a delivery of one alert that is taken in, and give the answer about the alert."""
        response = self.deliver(body, source=source, signed=signed)
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        (answer,) = response.json()["incidents"]
        return dict(answer)

    def start(self, body: dict[str, Any], *, source: str = "alertmanager") -> Story:
        """Send an alert that opens an incident, and whose run starts at once."""
        answer = self.send(body, source=source, signed=source == "generic")
        assert answer["outcome"] == "started", answer
        return self.story(answer["change"])

    def start_in_lab(self, name: str, host: str) -> Story:
        """Send the alert that the lab's runbook of that name takes, about one of its hosts."""
        self.settle(host)
        return self.start(self.lab.alert(name, host), source="generic")

    def settle(self, host: str) -> None:
        """Close what is left of earlier tests on a host, as a person does with what escalated.

        A new alert would join it otherwise.
        """
        at = datetime.now(UTC)
        with self.database.session() as session:
            for each in list_incidents(session, limit=200):
                if each.host == host and each.status.is_open:
                    close_incident(session, each.id, by="robin", reason="done by hand", at=at)

    # --- the records -------------------------------------------------------------------------

    def story(self, change_id: str) -> Story:
        """The story of a change."""
        with self.database.session() as session:
            change = get_change(session, change_id)
        return Story(change.incident_id, change.id, change.dag_id, change.run_id)

    def change(self, story: Story) -> ChangeRequest:
        """The change as it is recorded."""
        with self.database.session() as session:
            return get_change(session, story.change)

    def incident(self, story: Story) -> Incident:
        """The incident as it is recorded."""
        with self.database.session() as session:
            return get_incident(session, story.incident)

    def decision(self, story: Story) -> Decision | None:
        """The decision as it is recorded."""
        with self.database.session() as session:
            return get_decision(session, story.change)

    def executions(self, story: Story, *phases: Phase) -> list[Execution]:
        """What was executed, in order; all that changes or checks when no phase is named."""
        wanted = phases or tuple(phase for phase in Phase if phase is not Phase.PREFLIGHT)
        with self.database.session() as session:
            return [e for e in list_executions(session, story.change) if e.phase in wanted]

    def steps(self, story: Story) -> list[tuple[str, ExecutionStatus]]:
        """Every execution of a step, by name, with how it ended."""
        return [(each.name, each.status) for each in self.executions(story, Phase.STEP)]

    def facts(self, story: Story, kind: FactKind) -> list[str]:
        """The texts of one kind of fact."""
        with self.database.session() as session:
            told = read_story(session, story.incident)
        return [fact.text for fact in told if fact.kind is kind]

    def report(self, story: Story) -> dict[str, Any]:
        """The report as it is saved; its HTML page is there, and the records hold the same."""
        folder = self.stack.home / "reports"
        report: dict[str, Any] = json.loads((folder / f"{story.incident}.json").read_text())
        page = (folder / f"{story.incident}.html").read_text()
        assert story.incident in page
        assert "<svg" in page
        with self.database.session() as session:
            assert load_report(session, story.change) == report
        return report

    # --- Airflow -----------------------------------------------------------------------------

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Ask Airflow's REST API."""
        answer = self.client.get(path, params=parameters)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def run_state(self, story: Story) -> str:
        """The state of the run."""
        return str(self.get(story.run_path)["state"])

    def tasks(self, story: Story) -> dict[str, str | None]:
        """The state of every task of the run."""
        found = self.get(f"{story.run_path}/taskInstances")["task_instances"]
        return {task["task_id"]: task["state"] for task in found}

    def task(self, story: Story, task_id: str) -> dict[str, Any]:
        """One task of the run, as Airflow describes it."""
        return self.get(f"{story.run_path}/taskInstances/{task_id}")

    def runs(self, dag_id: str) -> list[str]:
        """The ids of all runs of a DAG."""
        found = self.get(f"/api/v2/dags/{dag_id}/dagRuns", limit=100)["dag_runs"]
        return [run["dag_run_id"] for run in found]

    def mark(self, story: Story, task_id: str, state: str) -> None:
        """Give a task another state by hand, as an operator can in the UI."""
        address = f"{story.run_path}/taskInstances/{task_id}"
        answer = self.write("PATCH", address, {"new_state": state})
        assert answer.is_success, answer.text

    def write(
        self, method: str, path: str, document: dict[str, Any], *, user: str = "admin"
    ) -> httpx.Response:
        """Ask Airflow's REST API for a change, again where its database could not write.

        On SQLite, Airflow answers with 500 when somebody else wrote between its reading and
        its writing; nothing is done then, and a person would click again.
        """
        with self.stack.client(user) as client:
            for _ in range(WRITE_ATTEMPTS):
                answer = client.request(method, path, json=document)
                if "Database error" not in answer.text:
                    break
        return answer

    # --- people ------------------------------------------------------------------------------

    def question(self, story: Story) -> dict[str, Any]:
        """Wait until the approval asks people, and give what it asks."""
        self.wait_for(
            lambda: self.tasks(story)["approval"] == "awaiting_input", story, "it asks for approval"
        )
        return self.get(f"{story.run_path}/taskInstances/approval/-1/hitlDetails")

    def respond(
        self, story: Story, user: str, choice: str, comment: str = "seen"
    ) -> httpx.Response:
        """Answer the approval as one of the local users, through Airflow's REST API."""
        return self.write(
            "PATCH",
            f"{story.run_path}/taskInstances/approval/-1/hitlDetails",
            {"chosen_options": [choice], "params_input": {"comment": comment}},
            user=user,
        )

    def answer(self, story: Story, user: str, choice: str, comment: str = "seen") -> None:
        """Wait for the question, answer it, and wait until the answer is on record.

        Airflow asks again, with a new try of the task, when an answer comes within the instant
        in which the task begins to wait: its scheduler takes the end of the first process for
        the end of the second. Then it is answered again, as a person would.
        """
        before = self._answers(story)
        while self._answers(story) == before:
            self.question(story)
            response = self.respond(story, user, choice, comment)
            assert response.status_code == httpx.codes.OK, response.text
            self.wait_for(
                lambda: self._answers(story) != before or self._is_asked(story),
                story,
                "the answer is on record",
            )

    def approve(self, story: Story, user: str = "priya") -> None:
        """Wait for the question and say yes."""
        self.answer(story, user, "Approve")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `airmend` at a terminal of the installation; what it prints is in `stdout`."""
        program = "from airmend.cli.main import app; app()"
        return subprocess.run(
            [sys.executable, "-c", program, *words],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def _answers(self, story: Story) -> list[str]:
        decided = self.facts(story, FactKind.APPROVAL_DECIDED)
        return decided + self.facts(story, FactKind.APPROVAL_IGNORED)

    def _is_asked(self, story: Story) -> bool:
        if self.tasks(story)["approval"] != "awaiting_input":
            return False
        detail = self.get(f"{story.run_path}/taskInstances/approval/-1/hitlDetails")
        return not detail["response_received"]

    # --- wait --------------------------------------------------------------------------------

    def wait_for(
        self,
        condition: Callable[[], Found | None],
        story: Story | None,
        what: str,
        seconds: float = PATIENCE_SECONDS,
    ) -> Found:
        """Wait until a condition holds, and give what it gave.

        An API server that is away at the moment is waited for too.
        """
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(httpx.TransportError):
                if found := condition():
                    return found
            if time.monotonic() > deadline:
                told = self.tell(story) if story else ""
                raise AssertionError(f"not within {seconds:.0f} s: {what}\n{told}")
            time.sleep(POLL_SECONDS)

    def wait_until_ended(self, story: Story, seconds: float = PATIENCE_SECONDS) -> str:
        """Wait until the run has ended, and give its state; the change has ended with it."""
        state = self.wait_for(
            lambda: state if (state := self.run_state(story)) in ENDED else "",
            story,
            "the run ends",
            seconds,
        )
        assert self.change(story).status.is_final, self.tell(story)
        return state

    def tell(self, story: Story) -> str:
        """Everything about a story, for the message of a test that fails."""
        with self.database.session() as session:
            facts = read_story(session, story.incident)
            change = get_change(session, story.change)
        lines = [f"{story.dag_id} {story.run_id}: change {change.status.value} {change.reason}"]
        lines += [f"  {fact.at:%H:%M:%S.%f} {fact.kind.value}: {fact.text}" for fact in facts]
        with contextlib.suppress(httpx.TransportError):
            lines.append(f"  tasks: {self.tasks(story)}")
        return "\n".join(lines)

    def wait_for_gate(self, story: Story) -> list[psutil.Process]:
        """Wait until the gated step of a lab's change waits on its host.

        Returns:
            Ansible's processes, here and on the host.
        """
        (target,) = self.change(story).targets
        machine = self.lab.machine(target.name)

        def at_the_gate() -> list[psutil.Process]:
            there = find_modules(self.hosts, machine).values()
            waits = any("AnsiballZ_wait_for" in words for words in there)
            return self.ansible_processes() if waits else []

        return self.wait_for(at_the_gate, story, "the gated step waits on its host")

    def ansible_processes(self) -> list[psutil.Process]:
        """Every Ansible process that works for this installation, here or on one of its hosts."""
        here = find_playbooks(self.stack.home / "runbook-versions")
        return [*here, *(p for name in self.hosts.names for p in find_modules(self.hosts, name))]
