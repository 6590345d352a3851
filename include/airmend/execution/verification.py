"""The checks of a runbook say whether the incident is resolved, is not, or cannot be told.

Called by `orchestration`. Only when every check has passed is an incident resolved; a check
that could not look is no proof of anything, and neither is having nothing to look at.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from airmend.change.model import Target
from airmend.errors import (
    ExecutionCancelledError,
    ExecutionError,
    ExecutionTimeoutError,
    InputError,
)
from airmend.execution.http_probe import Answer, CannotLookError, NoAnswerError, fetch_url
from airmend.execution.model import (
    CheckOutcome,
    CheckResult,
    ExecutionStatus,
    PlaybookEvidence,
    VerificationResult,
)
from airmend.execution.redaction import redact
from airmend.execution.url_template import fill_url
from airmend.runbook.model import AnsibleCheck, Check, HttpCheck

FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 2.0
_WAIT_GROWTH = 1.6
LONGEST_REQUEST_SECONDS = 10.0
_AT_ONCE = 16  # targets that one HTTP check looks at side by side

Fetch = Callable[[str, float], Answer]
"""Gets a URL within so many seconds; raises NoAnswerError or CannotLookError."""


def utc_now() -> datetime:
    """The clock, unless the caller has another."""
    return datetime.now(UTC)


class Verifier:
    """Looks at targets until a check passes or its deadline comes; everything is passed in.

    Args:
        fetch: Gets a URL.
        monotonic: A clock in seconds that only goes forward.
        wait: Waits so many seconds; True when it was told to stop instead.
        now: The clock of the results.
    """

    def __init__(
        self,
        fetch: Fetch = fetch_url,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._fetch, self._monotonic, self.now = fetch, monotonic, now
        self._wait = wait or threading.Event().wait

    def probe(self, check: HttpCheck, target: Target, inputs: Mapping[str, Any]) -> CheckResult:
        """Ask one target again and again.

        Raises:
            ExecutionCancelledError: It was told to stop.
        """
        started_at, begun = self.now(), self._monotonic()
        attempts, wait_seconds = 0, FIRST_WAIT_SECONDS
        while True:
            attempts += 1
            left = check.deadline_seconds - (self._monotonic() - begun)
            outcome, observed = self._look(check, target, inputs, max(left, FIRST_WAIT_SECONDS))
            left = check.deadline_seconds - (self._monotonic() - begun)
            if outcome is CheckOutcome.PASSED or left <= 0:
                break
            if self._wait(min(wait_seconds, left)):
                raise ExecutionCancelledError(f"check '{check.name}' was cancelled")
            wait_seconds = min(wait_seconds * _WAIT_GROWTH, LONGEST_WAIT_SECONDS)
        return CheckResult(
            name=check.name,
            kind=check.kind,
            target=target.name,
            outcome=outcome,
            observed=redact(observed),
            attempts=attempts,
            started_at=started_at,
            ended_at=self.now(),
        )

    def _look(
        self, check: HttpCheck, target: Target, inputs: Mapping[str, Any], seconds: float
    ) -> tuple[CheckOutcome, str]:
        try:
            url = fill_url(check.url, target, inputs)
            answer = self._fetch(url, min(seconds, LONGEST_REQUEST_SECONDS))
        except (InputError, CannotLookError) as error:
            return CheckOutcome.INCONCLUSIVE, str(error)
        except NoAnswerError as error:
            return CheckOutcome.FAILED, str(error)
        if answer.status != check.status:
            return CheckOutcome.FAILED, f"{url}: status {answer.status}, not {check.status}"
        if check.contains is not None and check.contains not in answer.text:
            return (
                CheckOutcome.FAILED,
                f"{url}: status {answer.status}, but the body does not hold '{check.contains}'",
            )
        return CheckOutcome.PASSED, f"{url}: status {answer.status}"


def verify(
    checks: Sequence[Check],
    *,
    targets: Sequence[Target],
    inputs: Mapping[str, Any],
    run_ansible: Callable[[AnsibleCheck], PlaybookEvidence],
    cancelled: threading.Event | None = None,
    verifier: Verifier | None = None,
) -> VerificationResult:
    """Run checks in their order, all of them, also after one that failed.

    Args:
        checks: HTTP checks look at every target, side by side; Ansible checks run once.
        targets: The hosts of the change.
        inputs: The resolved inputs of the runbook.
        run_ansible: Runs the playbook of a check on all targets and gives its evidence.
        cancelled: Ends the waiting between two looks when it is set.
        verifier: Another way to look, for tests.

    Returns:
        PASSED only if there is a check and every one passed; FAILED if any failed;
        INCONCLUSIVE otherwise, as where there are no targets.

    Raises:
        ExecutionCancelledError: It was cancelled.
        ChangeRefusedError: As `run_ansible` raises it.
    """
    verifier = verifier or Verifier(wait=(cancelled or threading.Event()).wait)
    results: list[CheckResult] = []
    if targets:
        for check in checks:
            if isinstance(check, HttpCheck):
                with ThreadPoolExecutor(max_workers=min(len(targets), _AT_ONCE)) as pool:
                    probe = partial(verifier.probe, check, inputs=inputs)
                    results += pool.map(probe, targets)
            else:
                results.append(_run_check(check, run_ansible, verifier.now))
    return VerificationResult(outcome=_overall(results), checks=results)


def _run_check(
    check: AnsibleCheck,
    run_ansible: Callable[[AnsibleCheck], PlaybookEvidence],
    now: Callable[[], datetime],
) -> CheckResult:
    started_at = now()
    try:
        outcome, observed = _judge(run_ansible(check))
    except ExecutionCancelledError:
        raise
    except ExecutionTimeoutError as error:
        outcome, observed = CheckOutcome.INCONCLUSIVE, str(error)
    except ExecutionError as error:
        outcome, observed = CheckOutcome.INCONCLUSIVE, f"the check could not be run: {error}"
    return CheckResult(
        name=check.name,
        kind=check.kind,
        target="",
        outcome=outcome,
        observed=redact(observed),
        attempts=1,
        started_at=started_at,
        ended_at=now(),
    )


def _judge(evidence: PlaybookEvidence) -> tuple[CheckOutcome, str]:
    """What the playbook of a check proves."""
    if evidence.changed_hosts:
        hosts = ", ".join(evidence.changed_hosts)
        return CheckOutcome.FAILED, f"it changed {hosts}, and a check must not change anything"
    if evidence.status is ExecutionStatus.SUCCEEDED:
        hosts = ", ".join(totals.host for totals in evidence.hosts)
        return CheckOutcome.PASSED, f"{evidence.playbook} succeeded on {hosts}"
    if any(totals.failed for totals in evidence.hosts):
        return CheckOutcome.FAILED, evidence.message
    return CheckOutcome.INCONCLUSIVE, evidence.message


def _overall(results: Sequence[CheckResult]) -> CheckOutcome:
    outcomes = {result.outcome for result in results}
    if CheckOutcome.FAILED in outcomes:
        return CheckOutcome.FAILED
    if outcomes == {CheckOutcome.PASSED}:
        return CheckOutcome.PASSED
    return CheckOutcome.INCONCLUSIVE
