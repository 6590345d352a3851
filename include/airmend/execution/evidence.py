"""Events of ansible-runner become evidence: what changed where, what failed and why.

Owns the reading of events, for the record and for the live log. Everything that leaves this
module is without secrets. Called by `ansible.py`; `combine_evidence` by whoever runs batches.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airmend.execution.diffs import cut, render_diff
from airmend.execution.model import (
    ExecutionStatus,
    HostTotals,
    PlaybookEvidence,
    TaskEvidence,
    TaskOutcome,
)
from airmend.execution.redaction import redact

TASK_DIFF_LIMIT = 16 * 1024
RUN_DIFF_LIMIT = 256 * 1024
MESSAGE_LIMIT = 2 * 1024
_LINES_KEPT = 30  # of the output, for a playbook that ends before its first task

_OUTCOMES = {
    "runner_on_ok": TaskOutcome.OK,
    "runner_on_failed": TaskOutcome.FAILED,
    "runner_on_unreachable": TaskOutcome.UNREACHABLE,
    "runner_on_skipped": TaskOutcome.SKIPPED,
}
"""Items of a loop have events of their own; the result of the whole task holds them again."""

_FACT_ACTIONS = frozenset({"gather_facts", "setup"})
"""Reading a host's facts proves nothing about a change, so check coverage leaves it out."""


class EvidenceCollector:
    """Takes the events of one run in their order and gives its evidence at the end.

    Args:
        playbook: Its path inside the runbook folder.
        check_mode: Whether nothing is really changed.
        hosts: The hosts that it was started for.
        started_at: When it was started.
    """

    def __init__(
        self, *, playbook: str, check_mode: bool, hosts: Sequence[str], started_at: datetime
    ) -> None:
        self.playbook, self.check_mode = playbook, check_mode
        self.hosts, self.started_at = list(hosts), started_at
        self._tasks: list[TaskEvidence] = []
        self._counts: dict[str, Counter[TaskOutcome]] = {}
        self._stats: Mapping[str, Any] | None = None
        self._total = self._skipped = 0
        self._diff_budget = RUN_DIFF_LIMIT
        self._failure = ""
        self._last_lines: deque[str] = deque(maxlen=_LINES_KEPT)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take in one event; one that says nothing about a task is only looked at."""
        kind, data = event.get("event"), event.get("event_data") or {}
        if kind == "playbook_on_stats":
            self._stats = data
        elif kind in _OUTCOMES and data.get("host"):
            self._add_task(event, data, _OUTCOMES[kind])
        else:
            self._last_lines += shown_lines(event)

    def strangers(self) -> list[str]:
        """Hosts that Ansible worked on although it was not started for them."""
        return sorted(set(self._counts) - set(self.hosts))

    def finish(
        self,
        return_code: int | None,
        *,
        ended_at: datetime,
        status: ExecutionStatus | None = None,
        message: str = "",
    ) -> PlaybookEvidence:
        """Make the evidence.

        Args:
            return_code: Of ansible-playbook; None where it did not end by itself.
            ended_at: When it ended.
            status: Where the caller ended it; None to tell from the return code. Then it
                counts as a success only if every host that it was started for was worked on:
                a play whose `hosts:` leaves one out ends well for Ansible.
            message: Why, where the caller knows; the first failure otherwise.
        """
        hosts = self._host_totals()
        if status is None:
            missing = [name for name in self.hosts if name not in {each.host for each in hosts}]
            status = ExecutionStatus.FAILED
            if return_code == 0 and not missing:
                status = ExecutionStatus.SUCCEEDED
            elif return_code == 0:
                message = message or (
                    f"{self.playbook} did nothing on {', '.join(missing)}. "
                    "Let the 'hosts:' of a play hold every target, and give it a task."
                )
        if status is not ExecutionStatus.SUCCEEDED:
            message = message or self._failure or self._output_tail(return_code)
        return PlaybookEvidence(
            playbook=self.playbook,
            check_mode=self.check_mode,
            status=status,
            return_code=return_code,
            started_at=self.started_at,
            ended_at=ended_at,
            hosts=hosts,
            tasks=self._tasks,
            tasks_total=self._total,
            tasks_skipped=self._skipped,
            message=cut(message, MESSAGE_LIMIT),
        )

    def _add_task(
        self, event: Mapping[str, Any], data: Mapping[str, Any], outcome: TaskOutcome
    ) -> None:
        result = data.get("res") or {}
        host, task = str(data["host"]), redact(str(data.get("task") or ""))
        message = ""
        if outcome is TaskOutcome.OK:
            outcome, message = _ok_outcome(result)
        elif outcome in {TaskOutcome.FAILED, TaskOutcome.UNREACHABLE}:
            message = cut(redact(_reason(result)), MESSAGE_LIMIT)
            if data.get("ignore_errors"):
                outcome, _ = _ok_outcome(result)
                message = f"failed, which the playbook ignores: {message}"
            elif not self._failure:
                verb = "could not be reached" if outcome is TaskOutcome.UNREACHABLE else "failed"
                self._failure = f"{host}: task '{task}' {verb}: {message}"
        self._counts.setdefault(host, Counter())[outcome] += 1
        if data.get("task_action", "").rpartition(".")[2] not in _FACT_ACTIONS:
            self._total += 1
            self._skipped += outcome is TaskOutcome.SKIPPED
        diff = self._within_budget(render_diff(_diffs(result)))
        if outcome is TaskOutcome.OK and not message and not diff:
            return
        self._tasks.append(
            TaskEvidence(
                event_id=str(event.get("uuid", "")),
                at=_time(event.get("created"), self.started_at),
                host=host,
                task=task,
                outcome=outcome,
                message=message,
                diff=diff,
            )
        )

    def _within_budget(self, diff: str) -> str:
        text = cut(diff, min(TASK_DIFF_LIMIT, self._diff_budget))
        self._diff_budget -= min(len(text), self._diff_budget)
        return text

    def _host_totals(self) -> list[HostTotals]:
        """Ansible's recap; without one (it was stopped) what the events told, host by host."""
        if self._stats is None:
            return [
                HostTotals(
                    host=host,
                    ok=counts[TaskOutcome.OK] + counts[TaskOutcome.CHANGED],
                    changed=counts[TaskOutcome.CHANGED],
                    failed=counts[TaskOutcome.FAILED],
                    unreachable=counts[TaskOutcome.UNREACHABLE],
                    skipped=counts[TaskOutcome.SKIPPED],
                )
                for host, counts in self._counts.items()
            ]
        stats = self._stats

        def count(key: str, host: str) -> int:
            return int((stats.get(key) or {}).get(host, 0))

        seen = stats.get("processed") or {}
        ordered = [name for name in self.hosts if name in seen]
        ordered += [name for name in seen if name not in ordered]
        return [
            HostTotals(
                host=host,
                ok=count("ok", host),
                changed=count("changed", host),
                failed=count("failures", host),
                unreachable=count("dark", host),
                skipped=count("skipped", host),
            )
            for host in ordered
        ]

    def _output_tail(self, return_code: int | None) -> str:
        lines = list(self._last_lines)
        for number, line in enumerate(lines):
            if line.startswith(("[ERROR]", "ERROR!")):
                return "\n".join(lines[number:])
        ended = "was killed" if return_code is None else f"ended with code {return_code}"
        return "\n".join([f"ansible-playbook {ended}", *lines[-5:]])


def shown_lines(event: Mapping[str, Any]) -> list[str]:
    """The lines that Ansible printed with an event, as the live log shows them."""
    if event.get("event") == "runner_on_file_diff":
        # not as printed: a hunk may show a part of a key that nothing marks as one
        text = render_diff((event.get("event_data") or {}).get("diff"))
    else:
        text = redact(str(event.get("stdout") or "").replace("\r\n", "\n"))
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def combine_evidence(parts: Sequence[PlaybookEvidence]) -> PlaybookEvidence:
    """Join the evidence of the batches of one playbook, in the order in which they ran.

    Returns:
        Evidence of the whole: the times from the first to the last, the status, code and
        message of the last batch, which is the one that failed if any did.

    Raises:
        ValueError: There is no part.
    """
    if not parts:
        raise ValueError("no batch was run, so that there is no evidence to join")
    last = parts[-1]
    return last.model_copy(
        update={
            "started_at": parts[0].started_at,
            "hosts": [totals for part in parts for totals in part.hosts],
            "tasks": [task for part in parts for task in part.tasks],
            "tasks_total": sum(part.tasks_total for part in parts),
            "tasks_skipped": sum(part.tasks_skipped for part in parts),
        }
    )


def _ok_outcome(result: Mapping[str, Any]) -> tuple[TaskOutcome, str]:
    if not result:  # dropped by the callback for its size; a change must not go unnoticed
        return TaskOutcome.CHANGED, "its result was too large to keep; it counts as a change"
    return (TaskOutcome.CHANGED if result.get("changed") else TaskOutcome.OK), ""


def _diffs(result: Mapping[str, Any]) -> list[Any]:
    items = result.get("results")
    if isinstance(items, list):
        return [item.get("diff") for item in items if isinstance(item, Mapping)]
    return [result.get("diff")]


def _reason(result: Mapping[str, Any]) -> str:
    """Why a task failed, as its module says it; for a loop, why its first bad item failed."""
    items = result.get("results")
    if isinstance(items, list):
        for item in items:
            if isinstance(item, Mapping) and item.get("failed"):
                return _reason(item)
    parts = [str(result[key]).strip() for key in ("msg", "stderr") if result.get(key)]
    if not result.get("stderr") and result.get("stdout"):
        parts.append(str(result["stdout"]).strip()[-500:])
    if "censored" in result and not parts:
        return "no_log hides the reason"
    return "\n".join(parts) or "no reason was given"


def _time(created: Any, otherwise: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(str(created))
    except ValueError:
        return otherwise
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
