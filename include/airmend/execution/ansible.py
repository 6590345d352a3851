"""Runs one playbook on named hosts through ansible-runner, and gives evidence of it.

Owns the start, the watching and the end of Ansible's processes; nothing of a run is left
behind, however it ends. Called by `orchestration`. ansible-runner is imported when the first
playbook runs, since it takes a tenth of a second; Ansible itself is only ever a program
(it is under the GPL).
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airmend.errors import (
    ExecutionCancelledError,
    ExecutionError,
    ExecutionTimeoutError,
    NoTargetsError,
)
from airmend.execution import launcher, processes
from airmend.execution.environment import ansible_environment, find_ansible
from airmend.execution.evidence import EvidenceCollector, shown_lines
from airmend.execution.model import ExecutionStatus, PlaybookEvidence
from airmend.execution.private_data import private_folder
from airmend.execution.processes import find_processes, stop_processes

_MARK = "AWX_ISOLATED_DATA_DIR"
"""ansible-runner gives this variable to every process of a run, and its own folder as value."""

_LARGEST_RESULT = "20000000"  # characters; ansible-runner drops the whole result of a larger one
# What Ansible would read as a pattern rather than as a name, or as a group of everything.
_HOST_NAME = re.compile(r"(?!(?:all|ungrouped)$)[A-Za-z0-9_][A-Za-z0-9_.:%@+=-]*")


@dataclass(frozen=True)
class PlaybookRequest:
    """One playbook, and exactly where and how it is to run."""

    project_dir: Path
    """The unpacked folder of the runbook version."""
    playbook: str
    """Path of the playbook inside that folder."""
    inventory: Path
    hosts: Sequence[str]
    """Exact names of inventory hosts; none is an error, never everything."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Data: Ansible does not read them as templates."""
    check_mode: bool = False
    """Only say what would change."""
    timeout_seconds: float = 300
    forks: int | None = None
    """Hosts at a time; None for Ansible's own setting."""


def utc_now() -> datetime:
    """The clock, unless the caller has another."""
    return datetime.now(UTC)


def run_playbook(
    request: PlaybookRequest,
    *,
    cancelled: threading.Event | None = None,
    on_line: Callable[[str], None] = lambda line: None,
    now: Callable[[], datetime] = utc_now,
) -> PlaybookEvidence:
    """Run a playbook and wait for its end.

    Args:
        request: What to run.
        cancelled: Set by anyone who wants it stopped; noticed within half a second.
        on_line: Takes each line of Ansible's output as it comes, without secrets.
        now: The clock of the evidence.

    Returns:
        Evidence of a run that ended by itself; its status says whether it succeeded.

    Raises:
        ExecutionTimeoutError: It took longer than `timeout_seconds` and was stopped.
        ExecutionCancelledError: It was cancelled and stopped.
        ExecutionError: It could not be started, or worked on a host that was not named.
        NoTargetsError: No host was named, or one by a pattern.

    Once Ansible was started, they carry what was done so far as `evidence`. When any other
    exception is raised meanwhile, as by a signal handler, Ansible is stopped just the same.
    """
    playbook = _playbook_path(request)
    _require_names(request.hosts)
    collector = EvidenceCollector(
        playbook=request.playbook,
        check_mode=request.check_mode,
        hosts=request.hosts,
        started_at=now(),
    )
    watch = _Watch(collector, cancelled or threading.Event(), request.timeout_seconds, on_line)
    if watch.cancelled.is_set():
        watch.end = ExecutionStatus.CANCELLED
        raise _error(request, watch, None, now())
    with private_folder(request.variables, request.hosts) as folder:
        code, fault = _run(request, playbook, folder, watch)
    if collector.strangers():
        watch.end = ExecutionStatus.FAILED  # also where it was over before it could be stopped
    if watch.end is not None:
        raise _error(request, watch, code, now(), fault)
    return collector.finish(code, ended_at=now())


class _Watch:
    """Looks at every event and, twice a second, at whether the run may go on."""

    def __init__(
        self,
        collector: EvidenceCollector,
        cancelled: threading.Event,
        timeout_seconds: float,
        on_line: Callable[[str], None],
    ) -> None:
        self.collector, self.cancelled, self.on_line = collector, cancelled, on_line
        self.deadline = time.monotonic() + timeout_seconds
        self.mark = ""  # the value of _MARK
        self.end: ExecutionStatus | None = None  # why it was stopped

    def take(self, event: Mapping[str, Any]) -> bool:
        """Use an event; False: ansible-runner need not keep it in a file."""
        self.collector.add(event)
        for line in shown_lines(event):
            self.on_line(line)
        return False

    def must_stop(self) -> bool:
        """Whether the run has to end now; if so, its processes have been ended."""
        if self.cancelled.is_set():
            self.end = ExecutionStatus.CANCELLED
        elif time.monotonic() > self.deadline:
            self.end = ExecutionStatus.TIMED_OUT
        elif self.collector.strangers():
            self.end = ExecutionStatus.FAILED
        else:
            return False
        self.stop()
        return True

    def stop(self) -> None:
        """End every process of this run."""
        stop_processes(find_processes(_MARK, self.mark, "ansible-playbook"))


def _run(
    request: PlaybookRequest, playbook: Path, folder: Path, watch: _Watch
) -> tuple[int | None, str]:
    """Run it in its folder.

    Returns:
        The return code, None where it did not end by itself, and what went wrong with
        ansible-runner, mostly "".
    """
    from ansible_runner import AnsibleRunnerException, Runner, RunnerConfig
    from pexpect import ExceptionPexpect

    from airmend.execution.terminal import use_in_ansible_runner

    use_in_ansible_runner()
    config = RunnerConfig(
        private_data_dir=str(folder),
        project_dir=str(request.project_dir.resolve()),
        playbook=str(playbook),
        inventory=str(request.inventory.resolve()),
        limit=f"@{folder / 'hosts'}",
        cmdline="--diff --check" if request.check_mode else "--diff",
        forks=request.forks,
        fact_cache_type="",  # the operator's own setting, not a file of ansible-runner
        quiet=True,
    )
    config.prepare()
    config.env = _environment(config.env, folder)
    program = find_ansible("ansible-playbook")
    config.command = [
        *(sys.executable, "-I", "-S", launcher.__file__, processes.__file__, program),
        *config.command[1:],
    ]
    watch.mark = config.env[_MARK]
    runner = Runner(config, event_handler=watch.take, cancel_callback=watch.must_stop)
    ended, fault = False, ""
    try:
        runner.run()
        ended = watch.end is None and runner.rc is not None  # without a code it was killed
    except (AnsibleRunnerException, ExceptionPexpect, OSError) as error:
        watch.end = watch.end or ExecutionStatus.FAILED
        fault = f"{request.playbook} was stopped, since ansible-runner failed: {error}"
    finally:
        if not ended:
            watch.stop()
    return (runner.rc if ended else None), fault


def _environment(prepared: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The filtered environment, with what ansible-runner itself set for its callback.

    ansible-runner copies all of this process's environment, and would switch the checking of
    host keys off; that stays as the operator has it, and Ansible's default is on.
    """
    environment = ansible_environment()
    own = {
        name: value
        for name, value in prepared.items()
        if os.environ.get(name) != value and name != "ANSIBLE_HOST_KEY_CHECKING"
    }
    return (
        environment
        | own
        | {
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "MAX_EVENT_RES": _LARGEST_RESULT,
        }
    )


def _playbook_path(request: PlaybookRequest) -> Path:
    project = request.project_dir.resolve()
    path = (project / request.playbook).resolve()
    if not path.is_relative_to(project) or not path.is_file():
        raise ExecutionError(
            f"{request.playbook} is not a playbook in the runbook folder {project}. "
            "Name one by its path inside the folder."
        )
    return path


def _require_names(hosts: Sequence[str]) -> None:
    if isinstance(hosts, str) or not hosts:
        raise NoTargetsError("no host was named, so nothing is run; name the targets one by one")
    for name in hosts:
        if not _HOST_NAME.fullmatch(name):
            raise NoTargetsError(
                f"'{name}' is not the name of a single host, so nothing is run. "
                "Name the targets as the inventory does."
            )


def _error(
    request: PlaybookRequest,
    watch: _Watch,
    code: int | None,
    ended_at: datetime,
    fault: str = "",
) -> ExecutionError:
    """The exception for a run that was stopped, with the evidence of what it did."""
    kind: type[ExecutionError] = ExecutionError
    message = fault
    if watch.end is ExecutionStatus.CANCELLED:
        kind = ExecutionCancelledError
        message = f"{request.playbook} was cancelled, and Ansible was stopped"
    elif watch.end is ExecutionStatus.TIMED_OUT:
        kind = ExecutionTimeoutError
        message = (
            f"{request.playbook} took longer than {request.timeout_seconds:g} seconds and was "
            "stopped. Raise its 'timeout_seconds' if it needs more."
        )
    elif not message:
        message = (
            f"{request.playbook} began to work on {', '.join(watch.collector.strangers())}, "
            "which is not a target, and was stopped. Is a group named like a target?"
        )
    evidence = watch.collector.finish(code, ended_at=ended_at, status=watch.end, message=message)
    return kind(message, evidence)
