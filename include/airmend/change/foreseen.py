"""What check mode foresees, reduced to digests that an approval can be bound to.

Only the lines that would come and go count: the headers of a diff name temporary files, which
are others every time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from airmend.change.evidence import changed_lines
from airmend.execution.model import PlaybookEvidence, TaskOutcome


def digest_foreseen(playbooks: Mapping[str, PlaybookEvidence]) -> dict[str, str]:
    """One digest for each task that would change something on a host.

    Args:
        playbooks: What check mode showed, by step.

    Returns:
        "step, host, task" -> 64 hexadecimal digits of the lines that would change; a task that
        the playbook names several times is counted: "... (2)".
    """
    foreseen: dict[str, str] = {}
    for step, evidence in playbooks.items():
        for task in evidence.tasks:
            if task.outcome is not TaskOutcome.CHANGED:
                continue
            name = _free_name(f"{step}, {task.host}, {task.task}", foreseen)
            lines = "\n".join(changed_lines(task.diff))
            foreseen[name] = hashlib.sha256(lines.encode()).hexdigest()
    return foreseen


def _free_name(name: str, taken: Mapping[str, str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
