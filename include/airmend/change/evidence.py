"""What the risk model looks at: facts that orchestration gathers and passes in.

A field that is None could not be had; the model then assumes the worst of it and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from airmend.change.conflicts import Overlap
from airmend.change.model import Choice, RiskBand
from airmend.change.topology import ServiceFacts
from airmend.execution.model import ExecutionStatus, PlaybookEvidence


@dataclass(frozen=True)
class PastOutcome:
    """How an earlier change of this runbook ended, after it had begun to change something.

    `succeeded` is True only where verification passed; changes that were refused, rejected,
    expired or cancelled before their first step are not outcomes.
    """

    ended_at: datetime
    succeeded: bool
    service: str
    digest: str  # of the runbook version that ran


@dataclass(frozen=True)
class PreflightFacts:
    """What check mode showed, over all playbooks of the change."""

    changed_hosts: int  # hosts on which something would change
    diff_lines: int  # lines added or removed
    tasks_total: int  # tasks x hosts
    tasks_skipped: int  # of these, not proven in check mode
    failed: bool

    @property
    def skipped_share(self) -> float | None:
        """Part of the tasks that check mode skipped; None where no task ran at all."""
        return self.tasks_skipped / self.tasks_total if self.tasks_total else None


@dataclass(frozen=True)
class RiskEvidence:
    """Everything that a score is made from, beside the change and the policy."""

    now_at: datetime  # aware
    service_name: str  # the service that the runbook says it changes
    privileged: bool  # its playbooks use privilege escalation
    irreversible: str | None  # why there is no rollback
    topology_source: str | None  # name of the topology file; None where there is none
    service: ServiceFacts | None  # None where the topology does not hold the service
    preflight: PreflightFacts | None
    history: Sequence[PastOutcome] | None  # of this runbook, any order; empty: never ran
    earlier_diff_lines: Sequence[int] | None  # of this runbook's earlier preflights
    open_incidents: int | None  # on the service, without this one
    overlaps: Sequence[Overlap] | None  # with other changes that are under way
    choice: Choice = Choice.MATCHED  # how the change came to its runbook
    author_band: RiskBand | None = None  # what the runbook's author says at least


def changed_lines(diff: str) -> list[str]:
    """The lines that a unified diff adds or removes, without its file headers."""
    return [
        line
        for line in diff.splitlines()
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))
    ]


def summarise_preflight(playbooks: Sequence[PlaybookEvidence]) -> PreflightFacts | None:
    """What several runs in check mode showed together; None where none ran."""
    if not playbooks:
        return None
    return PreflightFacts(
        changed_hosts=len({host for playbook in playbooks for host in playbook.changed_hosts}),
        diff_lines=sum(
            len(changed_lines(task.diff)) for playbook in playbooks for task in playbook.tasks
        ),
        tasks_total=sum(playbook.tasks_total for playbook in playbooks),
        tasks_skipped=sum(playbook.tasks_skipped for playbook in playbooks),
        failed=any(playbook.status is not ExecutionStatus.SUCCEEDED for playbook in playbooks),
    )
