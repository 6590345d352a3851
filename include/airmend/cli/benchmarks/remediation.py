"""Whole standard remediations: what Airmend and Airflow add to Ansible's own time.

Each incident is a real one: the service of a host is killed, its alert is posted, and the run
is followed to its end. Beside each, the same playbook is run by plain `ansible-playbook`, with
and without check mode, on the same broken host.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from airmend.change.model import ChangeStatus
from airmend.cli.benchmarks.figures import Bar, Figure, Floor
from airmend.cli.benchmarks.hops import Hop, TaskTimes, median_hops, trace_hops
from airmend.cli.benchmarks.laboratory import RUNBOOK, Laboratory, Posted
from airmend.cli.benchmarks.nothing import NOTHING, TASKS
from airmend.cli.estate import HOSTS
from airmend.cli.estate_alerts import service_down
from airmend.errors import StackError
from airmend.records.changes import get_change
from airmend.records.executions import list_executions

NAME = "remediation"
FIRST_TASK = "first-task"
FIRST_TASK_BAR = Bar(factor=1.3, seconds=0.5)
OWN_TIME_BARS = {"postgresql": Bar(seconds=1.6), "sqlite": Bar(seconds=2.5)}

WARM_UP = 2
"""Remediations that are not counted: the inventory is read, pages are compiled."""

_FIRST_TASK_LINE = "TASK ["


@dataclass(frozen=True)
class PlainRuns:
    """What plain `ansible-playbook` took, in seconds: check mode, then in earnest."""

    to_first_task: float
    check_mode: float
    in_earnest: float

    @property
    def whole(self) -> float:
        """Both together: all that Ansible has to do for this runbook."""
        return self.check_mode + self.in_earnest


@dataclass(frozen=True)
class Remediation:
    """One incident from its POST to the end of its run, in seconds."""

    to_answer: float
    to_first_task: float
    to_verified: float
    to_end: float  # the report is written and Airflow has ended the run
    ansible: float  # what the evidence says
    hops: list[Hop]
    plain: PlainRuns
    nothing: float  # a run of as many tasks that do nothing, in the same Airflow


def measure_remediations(
    laboratory: Laboratory, incidents: int, say: Callable[[str], None]
) -> list[Remediation]:
    """So many remediations, one after the other, without those that warm up.

    Raises:
        StackError: One did not come out as it should.
    """
    measured = []
    for number in range(WARM_UP + incidents):
        host = HOSTS[number % len(HOSTS)]
        done = remediate(laboratory, host)
        if number >= WARM_UP:
            measured.append(done)
        say(f"remediation {number + 1} of {WARM_UP + incidents}: {done.to_end:.2f} s")
    return measured


def remediate(laboratory: Laboratory, host: str) -> Remediation:
    """Break a host's service, let plain Ansible and then Airmend repair it, and take the times."""
    laboratory.estate.break_service(host)
    plain = run_plain(laboratory, host)
    laboratory.estate.break_service(host)
    posted = laboratory.post(service_down(host, datetime.now(UTC)))
    with laboratory.records.session() as session:
        run_id = get_change(session, posted.change_id).run_id
    run = laboratory.await_end(RUNBOOK, run_id)
    with laboratory.records.session() as session:
        change = get_change(session, posted.change_id)
        executions = list_executions(session, change.id)
    if change.status is not ChangeStatus.SUCCEEDED or change.ended_at is None:
        raise StackError(f"change {change.id} ended as {change.status.value}: {change.reason}")
    ansible: dict[str, float] = {}
    for each in executions:
        if each.playbook is not None:
            ansible[each.task_id] = ansible.get(each.task_id, 0.0) + each.playbook.seconds
    ended_at = datetime.fromisoformat(run["end_date"])
    tasks = _task_times(laboratory, change.run_id, ansible)
    return Remediation(
        to_answer=posted.seconds,
        to_first_task=_since(posted, _first_task_at(laboratory, change.run_id)),
        to_verified=_since(posted, change.ended_at),
        to_end=_since(posted, ended_at),
        ansible=sum(ansible.values()),
        hops=trace_hops(posted.sent_at, tasks, ended_at),
        plain=plain,
        nothing=run_nothing(laboratory),
    )


def run_plain(laboratory: Laboratory, host: str) -> PlainRuns:
    """Run the runbook's playbook on a broken host by hand: check mode first, then in earnest."""
    first, check_mode = _time_playbook(laboratory, host, "--check")
    _, in_earnest = _time_playbook(laboratory, host)
    return PlainRuns(first, check_mode, in_earnest)


def run_nothing(laboratory: Laboratory) -> float:
    """Seconds from the request for a run of as many tasks that do nothing to its end.

    Raises:
        StackError: It did not end well.
    """
    asked_at = datetime.now(UTC)
    answer = laboratory.airflow.post(f"/api/v2/dags/{NOTHING}/dagRuns", json={"logical_date": None})
    run = laboratory.await_end(NOTHING, answer.raise_for_status().json()["dag_run_id"])
    if run["state"] != "success":
        raise StackError(
            f"the run of {NOTHING} ended as {run['state']}; see {laboratory.home}/logs"
        )
    return (datetime.fromisoformat(run["end_date"]) - asked_at).total_seconds()


def remediation_figures(
    measured: list[Remediation], database: str, where: dict[str, str | int]
) -> list[Figure]:
    """The figures of both bars, and the whole as people see it."""
    plain = Floor("plain ansible-playbook", [each.plain.whole for each in measured])
    nothing = Floor(f"{TASKS} tasks that do nothing", [each.nothing for each in measured])
    return [
        Figure(
            FIRST_TASK,
            "POST to the first Ansible task",
            [each.to_first_task for each in measured],
            Floor("plain ansible-playbook", [each.plain.to_first_task for each in measured]),
            FIRST_TASK_BAR,
            where,
        ),
        Figure(
            NAME,
            "POST to verified",
            [each.to_verified for each in measured],
            plain,
            None,
            where,
        ),
        Figure(
            NAME,
            "POST to the end of the run",
            [each.to_end for each in measured],
            plain,
            None,
            where,
        ),
        Figure(
            NAME,
            "The same without Ansible, as its evidence says",
            [each.to_end - each.ansible for each in measured],
            nothing,
            OWN_TIME_BARS[database],
            where,
        ),
        Figure(
            NAME,
            "The same without Ansible, as run by hand",
            [each.to_end - each.plain.whole for each in measured],
            nothing,
            OWN_TIME_BARS[database],
            where,
        ),
    ]


def remediation_hops(measured: list[Remediation]) -> list[Hop]:
    """Where the time goes, as medians."""
    return median_hops([each.hops for each in measured])


def _task_times(laboratory: Laboratory, run_id: str, ansible: dict[str, float]) -> list[TaskTimes]:
    address = f"/api/v2/dags/{RUNBOOK}/dagRuns/{run_id}/taskInstances"
    document = laboratory.airflow.get(address).raise_for_status().json()
    return [
        TaskTimes(
            task=each["task_id"],
            queued_at=datetime.fromisoformat(each["queued_when"]),
            started_at=datetime.fromisoformat(each["start_date"]),
            ended_at=datetime.fromisoformat(each["end_date"]),
            ansible_seconds=ansible.get(each["task_id"], 0.0),
        )
        for each in document["task_instances"]
        if each["state"] == "success"
    ]


def _first_task_at(laboratory: Laboratory, run_id: str) -> datetime:
    """When the log of the preflight showed the first line of an Ansible task.

    Raises:
        StackError: It shows none.
    """
    folder = laboratory.home / "airflow" / "logs"
    for path in folder.rglob(f"*run_id={run_id}*/task_id=preflight/*.log"):
        for line in path.read_text(errors="replace").splitlines():
            entry = json.loads(line) if line.startswith("{") else {}
            if str(entry.get("event", "")).startswith(_FIRST_TASK_LINE):
                return datetime.fromisoformat(entry["timestamp"])
    raise StackError(f"no line of an Ansible task in the logs of {run_id} below {folder}")


def _time_playbook(laboratory: Laboratory, host: str, *options: str) -> tuple[float, float]:
    """Seconds until the first task's line, and until the end, of plain `ansible-playbook`."""
    project = Path(laboratory.environment["AIRMEND_RUNBOOKS_DIR"]) / RUNBOOK
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        *("--inventory", str(laboratory.estate.inventory), "--limit", host, "--diff", *options),
        *("--extra-vars", json.dumps({"host": host, "unit": "shop.service"})),
        str(project / "playbooks" / "restart_service.yml"),
    ]
    environment = {**os.environ, "ANSIBLE_HOME": str(laboratory.home / "ansible")}
    environment["PYTHONUNBUFFERED"] = "1"
    first = None
    begun = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said = []
        for line in process.stdout or ():
            said.append(line)
            if first is None and line.startswith(_FIRST_TASK_LINE):
                first = time.perf_counter() - begun
    whole = time.perf_counter() - begun
    if process.returncode != 0 or first is None:
        raise StackError(f"plain ansible-playbook failed:\n{''.join(said)[-2000:]}")
    return first, whole


def _since(posted: Posted, at: datetime) -> float:
    return (at - posted.sent_at).total_seconds()
