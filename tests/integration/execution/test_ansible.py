"""Playbooks that really run, on this machine: what is given, kept, stopped and left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from airmend.errors import (
    ExecutionCancelledError,
    ExecutionError,
    ExecutionTimeoutError,
    NoTargetsError,
)
from airmend.execution.ansible import PlaybookRequest, run_playbook
from airmend.execution.model import ExecutionStatus, TaskOutcome
from airmend.execution.private_data import private_folder

GONE_WITHIN_SECONDS = 3.0
PRIVATE = "airmend-run-*"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where private folders are made; none may be left at the end of any test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))  # a module that is killed leaves its files
    yield folder
    assert list(folder.glob(PRIVATE)) == []


@pytest.fixture
def request_for(project: Path, local_inventory: Path) -> Callable[..., PlaybookRequest]:
    """Makes a request for tasks that run on this machine."""

    def make(tasks: str, **fields: Any) -> PlaybookRequest:
        play = "- hosts: web\n  gather_facts: false\n  tasks:\n"
        (project / "play.yml").write_text(play + textwrap.indent(textwrap.dedent(tasks), "    "))
        values = {"hosts": ["web-1"], "inventory": local_inventory, **fields}
        return PlaybookRequest(project_dir=project, playbook="play.yml", **values)

    return make


def processes_with(text: str) -> list[psutil.Process]:
    """Processes whose command line holds a text."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if text in " ".join(process.info["cmdline"] or [])
    ]


def wait_until(condition: Callable[[], Any], seconds: float = 30.0) -> float:
    """Wait for a condition; gives how long it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - started


def test_a_change_is_told_with_its_diff_and_the_second_run_changes_nothing(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path
) -> None:
    request = request_for(
        """
        - name: Write the greeting
          ansible.builtin.copy:
            dest: "{{ folder }}/{{ inventory_hostname }}"
            content: "hello\\n"
        """,
        variables={"folder": str(tmp_path)},
        hosts=["web-1", "web-2"],
    )
    lines: list[str] = []

    first = run_playbook(request, on_line=lines.append)
    second = run_playbook(request)

    assert first.status is second.status is ExecutionStatus.SUCCEEDED
    assert (first.changed_hosts, second.changed_hosts) == (["web-1", "web-2"], [])
    assert {task.host for task in first.tasks} == {"web-1", "web-2"}
    assert all(task.diff.endswith("+hello") for task in first.tasks)
    assert (tmp_path / "web-2").read_text() == "hello\n"
    assert "changed: [web-2]" in lines
    assert first.started_at < first.ended_at


def test_check_mode_tells_what_would_change_and_changes_nothing(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path
) -> None:
    request = request_for(
        """
        - ansible.builtin.copy: {dest: "{{ folder }}/new", content: "x"}
        - ansible.builtin.command: "touch {{ folder }}/touched"
        """,
        variables={"folder": str(tmp_path)},
        check_mode=True,
    )

    evidence = run_playbook(request)

    assert evidence.check_mode
    assert evidence.changed_hosts == ["web-1"]
    assert "+x" in evidence.diff
    assert (evidence.tasks_total, evidence.tasks_skipped) == (2, 1)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "touched").exists()


def test_only_the_named_hosts_are_touched(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path
) -> None:
    tasks = '- ansible.builtin.copy: {dest: "{{ folder }}/{{ inventory_hostname }}", content: x}'

    evidence = run_playbook(
        request_for(tasks, hosts=["web-2"], variables={"folder": str(tmp_path)})
    )

    assert [totals.host for totals in evidence.hosts] == ["web-2"]
    assert not (tmp_path / "web-1").exists()


@pytest.mark.parametrize(
    "hosts",
    [[], ["all"], ["ungrouped"], ["*"], ["web-1", "!web-2"], ["~web"], ["@x"], [""], ["a,b"], "a"],
)
def test_nothing_but_names_is_taken_for_a_target(
    request_for: Callable[..., PlaybookRequest], hosts: Any
) -> None:
    with pytest.raises(NoTargetsError, match="nothing is run"):
        run_playbook(request_for("- ansible.builtin.meta: noop", hosts=hosts))


def test_a_group_named_like_a_target_is_noticed_and_stopped(
    request_for: Callable[..., PlaybookRequest],
) -> None:
    request = request_for(
        """
        - ansible.builtin.debug: {msg: first}
        - ansible.builtin.command: sleep 300
        """,
        hosts=["web"],
    )

    with pytest.raises(ExecutionError, match="not a target, and was stopped") as caught:
        run_playbook(request)

    assert caught.value.evidence is not None
    assert caught.value.evidence.status is ExecutionStatus.FAILED


def test_a_playbook_whose_plays_leave_a_target_out_has_failed(
    request_for: Callable[..., PlaybookRequest], project: Path
) -> None:
    request = request_for("- ansible.builtin.meta: noop", hosts=["web-1", "web-2"])
    (project / "play.yml").write_text(
        "- hosts: web-1\n  tasks: [{ansible.builtin.debug: {msg: a}}]"
    )

    evidence = run_playbook(request)

    assert (evidence.return_code, evidence.status) == (0, ExecutionStatus.FAILED)
    assert "did nothing on web-2" in evidence.message


def test_a_variable_is_data_and_never_a_template(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path
) -> None:
    attack = "{{ lookup('pipe', 'touch " + str(tmp_path / "attacked") + "') }}"
    request = request_for(
        """
        - ansible.builtin.copy:
            dest: "{{ folder }}/out"
            content: "{{ [text, deep] | to_json }}"
        - ansible.builtin.debug: {msg: "{{ deep.list[0] }} {{ text }}"}
        """,
        variables={
            "folder": str(tmp_path),
            "text": attack,
            "deep": {"list": [attack], attack: "a key"},
        },
    )

    evidence = run_playbook(request)

    assert evidence.status is ExecutionStatus.SUCCEEDED
    assert json.loads((tmp_path / "out").read_text()) == [
        attack,
        {"list": [attack], attack: "a key"},
    ]
    assert not (tmp_path / "attacked").exists()


def test_numbers_and_booleans_stay_what_they_are(
    request_for: Callable[..., PlaybookRequest],
) -> None:
    request = request_for(
        "- ansible.builtin.assert: {that: [count + 1 == 4, on, none is none, share < 1]}",
        variables={"count": 3, "on": True, "none": None, "share": 0.5},
    )

    assert run_playbook(request).status is ExecutionStatus.SUCCEEDED


def test_a_failed_playbook_is_evidence_and_not_an_exception(
    request_for: Callable[..., PlaybookRequest],
) -> None:
    request = request_for(
        """
        - ansible.builtin.command: /bin/false
          ignore_errors: true
        - name: Look for the disk
          ansible.builtin.fail: {msg: "there is no disk"}
        """
    )

    evidence = run_playbook(request)

    assert evidence.status is ExecutionStatus.FAILED
    assert evidence.message == "web-1: task 'Look for the disk' failed: there is no disk"
    assert [task.outcome for task in evidence.tasks] == [TaskOutcome.CHANGED, TaskOutcome.FAILED]
    assert "ignores" in evidence.tasks[0].message


def test_a_playbook_that_is_no_yaml_says_so(
    request_for: Callable[..., PlaybookRequest], project: Path
) -> None:
    request = request_for("- ansible.builtin.meta: noop")
    (project / "play.yml").write_text("- hosts: [")

    evidence = run_playbook(request)

    assert evidence.status is ExecutionStatus.FAILED
    assert "YAML" in evidence.message


@pytest.mark.parametrize("playbook", ["missing.yml", "../hosts.ini", "/etc/hosts", "."])
def test_a_playbook_outside_the_runbook_folder_is_refused(
    project: Path, local_inventory: Path, playbook: str
) -> None:
    with pytest.raises(ExecutionError, match="not a playbook in the runbook folder"):
        run_playbook(PlaybookRequest(project, playbook, local_inventory, ["web-1"]))


def test_no_secret_is_in_the_process_list_the_output_or_the_evidence(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path
) -> None:
    secret = "hunter2-GEHEIM"
    request = request_for(
        """
        - ansible.builtin.copy:
            dest: "{{ folder }}/app.conf"
            content: "user=app\\npassword={{ db_password }}\\n"
        - ansible.builtin.debug: {msg: "password={{ db_password }}"}
        - ansible.builtin.debug: {msg: "all is well {{ db_password }}"}
          no_log: true
        """,
        variables={"db_password": secret, "folder": str(tmp_path)},
    )
    lines: list[str] = []
    listed: list[str] = []

    def look(line: str) -> None:
        lines.append(line)
        for process in psutil.process_iter(["cmdline"]):
            listed.extend(process.info["cmdline"] or [])

    evidence = run_playbook(request, on_line=look)

    assert secret in (tmp_path / "app.conf").read_text()
    assert any("ansible-playbook" in part for part in listed)
    assert secret not in "\n".join([*lines, *listed, evidence.model_dump_json()])
    assert "+user=app" in evidence.diff


def test_the_environment_of_airflow_and_airmend_stays_here(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AIRFLOW_CONN_DB", "AIRFLOW__CORE__FERNET_KEY", "AIRMEND_DATABASE_URL"):
        monkeypatch.setenv(name, "postgres://owner:s3cr3t@db/x")
    monkeypatch.delenv("ANSIBLE_HOST_KEY_CHECKING", raising=False)
    request = request_for(
        '- ansible.builtin.shell: "env > {{ folder }}/env"', variables={"folder": str(tmp_path)}
    )

    run_playbook(request)

    environment = (tmp_path / "env").read_text()
    assert "PATH=" in environment
    assert "s3cr3t" not in environment
    assert "ANSIBLE_HOST_KEY_CHECKING" not in environment


def test_a_prompt_does_not_wait_for_a_person(
    request_for: Callable[..., PlaybookRequest], project: Path
) -> None:
    request = request_for("- ansible.builtin.meta: noop", timeout_seconds=30)
    (project / "play.yml").write_text(
        "- hosts: web\n  gather_facts: false\n  vars_prompt: [{name: answer, default: none}]\n"
        "  tasks: [{ansible.builtin.assert: {that: answer == 'none'}}]\n"
    )

    assert run_playbook(request).status is ExecutionStatus.SUCCEEDED


def test_cancelling_ends_ansible_and_all_that_it_started(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path
) -> None:
    marker = f"300.{os.getpid()}"
    request = request_for(
        f"""
        - ansible.builtin.copy: {{dest: "{tmp_path}/done", content: x}}
        - ansible.builtin.shell: "sleep {marker} & sleep {marker}"
        """
    )
    cancelled, ended_at = threading.Event(), list[float]()
    errors: list[ExecutionCancelledError] = []

    def run() -> None:
        try:
            run_playbook(request, cancelled=cancelled)
        except ExecutionCancelledError as error:
            errors.append(error)
        ended_at.append(time.monotonic())

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: len(processes_with(f"sleep {marker}")) > 0)
    cancelled_at = time.monotonic()
    cancelled.set()
    gone_after = wait_until(lambda: not processes_with(marker))
    thread.join()

    assert gone_after < GONE_WITHIN_SECONDS
    assert ended_at[0] - cancelled_at < 2 * GONE_WITHIN_SECONDS
    assert not processes_with(str(request.project_dir))
    evidence = errors[0].evidence
    assert evidence is not None
    assert evidence.status is ExecutionStatus.CANCELLED
    assert evidence.changed_hosts == ["web-1"]
    assert "+x" in evidence.diff


def test_what_was_cancelled_before_it_began_does_not_begin(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path
) -> None:
    cancelled = threading.Event()
    cancelled.set()
    request = request_for(f'- ansible.builtin.copy: {{dest: "{tmp_path}/x", content: x}}')

    with pytest.raises(ExecutionCancelledError) as caught:
        run_playbook(request, cancelled=cancelled)

    assert caught.value.evidence is not None
    assert caught.value.evidence.tasks == []
    assert not (tmp_path / "x").exists()


def test_a_playbook_that_takes_too_long_is_stopped(
    request_for: Callable[..., PlaybookRequest],
) -> None:
    marker = f"301.{os.getpid()}"
    request = request_for(f"- ansible.builtin.command: sleep {marker}", timeout_seconds=3)

    with pytest.raises(ExecutionTimeoutError, match="longer than 3 seconds") as caught:
        run_playbook(request)

    assert caught.value.evidence is not None
    assert caught.value.evidence.status is ExecutionStatus.TIMED_OUT
    assert not processes_with(marker)


def test_an_exception_of_the_caller_ends_ansible_too(
    request_for: Callable[..., PlaybookRequest],
) -> None:
    marker = f"302.{os.getpid()}"
    request = request_for(
        f"""
        - ansible.builtin.debug: {{msg: "go"}}
        - ansible.builtin.command: sleep {marker}
        """
    )

    def fail(line: str) -> None:
        if "TASK [ansible.builtin.command]" in line:
            wait_until(lambda: processes_with(f"sleep {marker}"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_playbook(request, on_line=fail)

    assert not processes_with(marker)


def test_ansible_does_not_outlive_a_worker_that_is_killed(
    request_for: Callable[..., PlaybookRequest], tmp_path: Path, temporary: Path
) -> None:
    marker = f"60.{os.getpid()}"
    request = request_for(
        f"""
        - ansible.builtin.command: sleep {marker}
        - ansible.builtin.copy: {{dest: "{tmp_path}/after", content: x}}
        """
    )
    script = (
        "import sys; from pathlib import Path\n"
        "from airmend.execution.ansible import PlaybookRequest, run_playbook\n"
        "run_playbook(PlaybookRequest(Path(sys.argv[1]), 'play.yml', Path(sys.argv[2]), ['web-1']))"
    )
    arguments = [str(request.project_dir), str(request.inventory)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(temporary)}
    with subprocess.Popen([sys.executable, "-c", script, *arguments], env=environment) as worker:
        playbook = str(request.project_dir / "play.yml")
        wait_until(lambda: processes_with(f"sleep {marker}") and processes_with(playbook))
        worker.send_signal(signal.SIGKILL)

    wait_until(lambda: not processes_with(playbook) and not processes_with(marker))

    assert not (tmp_path / "after").exists()
    assert len(list(temporary.glob(PRIVATE))) == 1  # nobody was left to remove its folder
    with private_folder({}, ["web-1"]) as other:
        assert list(temporary.glob(PRIVATE)) == [other]
