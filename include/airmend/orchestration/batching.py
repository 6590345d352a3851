"""One playbook on its hosts, batch by batch, and never longer than it may.

Between the batches of a step it is asked again whether the change is held back, whether a freeze
has begun, and whether its runbook is still signed: what already runs is not torn in the middle,
and no further host is touched. Called by `executing.py`, under its claim. Imports nothing of
Airflow.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airmend.errors import ChangeRefusedError, ExecutionError, ExecutionTimeoutError
from airmend.execution.ansible import PlaybookRequest, run_playbook
from airmend.execution.evidence import combine_evidence
from airmend.execution.model import ExecutionStatus, Phase, PlaybookEvidence
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.opening import refuse_closed
from airmend.orchestration.signatures import refuse_unsigned
from airmend.orchestration.suppressing import refuse_suppressed
from airmend.records.model import FactKind
from airmend.records.runbooks import get_archive
from airmend.runbook.archive import unpack_archive

SHORTEST_SECONDS = 1.0  # for a playbook that is begun at all


@dataclass(frozen=True)
class Work:
    """One playbook of a change, as a task wants it run."""

    phase: Phase
    name: str
    playbook: str
    variables: dict[str, Any]
    timeout_seconds: float  # for all batches; where none is left, nothing is begun
    batches: Sequence[Sequence[str]]  # host names, batch by batch
    check_mode: bool = False
    again: bool = False  # a failed earlier attempt may be followed by this one
    anew: bool = False  # and so may one that succeeded


def run_batches(run: ChangeRun, work: Work, cancelled: threading.Event) -> PlaybookEvidence:
    """Run a playbook batch by batch; the first batch that does not succeed is the last.

    Raises:
        ExecutionError: With the evidence of what was done by then.
    """
    with run.database.session() as session:
        archive = get_archive(session, run.digest)
    project = unpack_archive(archive, run.digest, run.settings.versions_path)
    parts: list[PlaybookEvidence] = []
    deadline = run.now() + timedelta(seconds=work.timeout_seconds)
    for number, hosts in enumerate(work.batches, start=1):
        if len(work.batches) > 1:
            run.log.info("batch %d of %d: %s", number, len(work.batches), ", ".join(hosts))
        left = (deadline - run.now()).total_seconds()
        if left <= 0:
            raise _time_is_over(work, hosts, parts)
        if number > 1 and (refusal := _refuse_further(run, work, hosts)):
            ended = {"status": ExecutionStatus.CANCELLED, "message": refusal}
            return combine_evidence(parts).model_copy(update=ended)  # and is not tried again
        try:
            parts.append(
                run_playbook(
                    PlaybookRequest(
                        project_dir=project,
                        playbook=work.playbook,
                        inventory=run.settings.inventory,
                        hosts=list(hosts),
                        variables=work.variables,
                        check_mode=work.check_mode,
                        timeout_seconds=max(left, SHORTEST_SECONDS),
                    ),
                    cancelled=cancelled,
                    on_line=lambda line: run.log.info("%s", line),
                    now=run.now,
                )
            )
        except ExecutionError as error:
            if error.evidence is not None:
                error.evidence = combine_evidence([*parts, error.evidence])
            raise
        if parts[-1].status is not ExecutionStatus.SUCCEEDED:
            break  # the hosts that are left stay as they are
    return combine_evidence(parts)


def _refuse_further(run: ChangeRun, work: Work, hosts: Sequence[str]) -> str | None:
    """Why a step is not begun on its next hosts; None when nothing holds it back."""
    if work.phase is not Phase.STEP:
        return None
    with run.database.session() as session:
        change = run.read_change(session)
        try:
            refuse_suppressed(run, session)
            refuse_closed(run, session, change)
            refuse_unsigned(run, session)
        except ChangeRefusedError as error:
            message = f"{work.name} is not begun on {', '.join(hosts)}: {error}"
            run.note(session, change, FactKind.EXECUTION_REFUSED, f"Refused: {message}")
            return message
    return None


def _time_is_over(
    work: Work, hosts: Sequence[str], parts: Sequence[PlaybookEvidence]
) -> ExecutionTimeoutError:
    """The error for a batch that is not begun, with what the batches before it did."""
    message = f"{work.name} is not begun on {', '.join(hosts)}: its time is over"
    ended = {"status": ExecutionStatus.TIMED_OUT, "message": message}
    evidence = combine_evidence(parts).model_copy(update=ended) if parts else None
    return ExecutionTimeoutError(message, evidence)
