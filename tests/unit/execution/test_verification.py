from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airmend.change.model import Target
from airmend.errors import (
    ChangeRefusedError,
    ExecutionCancelledError,
    ExecutionError,
    ExecutionTimeoutError,
)
from airmend.execution.http_probe import Answer, CannotLookError, NoAnswerError
from airmend.execution.model import (
    CheckOutcome,
    ExecutionStatus,
    HostTotals,
    PlaybookEvidence,
    VerificationResult,
)
from airmend.execution.verification import Verifier, verify
from airmend.runbook.model import AnsibleCheck, Check, HttpCheck

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WEB = Target(name="web-1", address="10.0.0.1")
HTTP = HttpCheck(name="The shop answers", url="http://{host.address}/health", deadline_seconds=30)
PLAYBOOK = AnsibleCheck(name="The unit runs", playbook="playbooks/check.yml")


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self, told_to_stop: bool = False) -> None:
        self.seconds, self.waits, self.told_to_stop = 0.0, list[float](), told_to_stop

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.seconds += seconds
        return self.told_to_stop

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.seconds)


class Service:
    """Answers with each thing of a list in turn, and with the last one for ever."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers, self.urls = list(answers), list[str]()

    def fetch(self, url: str, timeout_seconds: float) -> Answer:
        assert timeout_seconds > 0
        self.urls.append(url)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def evidence(
    status: ExecutionStatus = ExecutionStatus.SUCCEEDED, message: str = "", **totals: int
) -> PlaybookEvidence:
    return PlaybookEvidence(
        playbook=PLAYBOOK.playbook,
        check_mode=False,
        status=status,
        return_code=0,
        started_at=AT,
        ended_at=AT,
        hosts=[HostTotals(host="web-1", **totals)],
        tasks=[],
        tasks_total=1,
        tasks_skipped=0,
        message=message,
    )


def run(
    checks: Sequence[Check] = (HTTP,),
    service: Service | None = None,
    clock: Clock | None = None,
    *,
    targets: Sequence[Target] = (WEB,),
    inputs: dict[str, Any] | None = None,
    run_ansible: Callable[[AnsibleCheck], PlaybookEvidence] = lambda check: evidence(ok=1),
) -> VerificationResult:
    service, clock = service or Service(Answer(200, "")), clock or Clock()
    verifier = Verifier(service.fetch, lambda: clock.seconds, clock.wait, clock.now)
    return verify(
        checks, targets=targets, inputs=inputs or {}, run_ansible=run_ansible, verifier=verifier
    )


def test_the_expected_status_is_a_pass_at_once() -> None:
    clock = Clock()

    result = run(clock=clock)

    (check,) = result.checks
    assert result.outcome is CheckOutcome.PASSED
    assert (check.target, check.attempts, check.observed) == (
        "web-1",
        1,
        "http://10.0.0.1/health: status 200",
    )
    assert clock.waits == []


def test_a_check_is_repeated_until_it_passes() -> None:
    service = Service(NoAnswerError("refused"), Answer(503, ""), Answer(200, ""))

    result = run(service=service, clock=(clock := Clock()))

    assert result.outcome is CheckOutcome.PASSED
    assert result.checks[0].attempts == 3
    assert result.checks[0].ended_at == clock.now() > AT


def test_the_waits_grow_to_two_seconds_and_end_at_the_deadline() -> None:
    clock = Clock()

    result = run(service=Service(Answer(503, "")), clock=clock)

    assert result.outcome is CheckOutcome.FAILED
    assert result.checks[0].observed == "http://10.0.0.1/health: status 503, not 200"
    assert clock.waits[0] == pytest.approx(0.2)
    assert max(clock.waits) == pytest.approx(2.0)
    assert clock.waits[:-1] == sorted(clock.waits[:-1])
    assert clock.seconds == pytest.approx(30)


def test_a_refused_connection_is_a_failure_with_what_was_seen() -> None:
    result = run(service=Service(NoAnswerError("http://10.0.0.1/health: connection refused")))

    assert result.outcome is CheckOutcome.FAILED
    assert result.checks[0].observed == "http://10.0.0.1/health: connection refused"


def test_a_check_that_could_not_look_is_inconclusive() -> None:
    result = run(service=Service(CannotLookError("the host has no address")))

    assert result.outcome is CheckOutcome.INCONCLUSIVE


def test_a_url_that_cannot_be_built_is_inconclusive() -> None:
    check = HTTP.model_copy(update={"url": "http://{vars.missing}/"})

    result = run([check], clock=Clock())

    assert result.outcome is CheckOutcome.INCONCLUSIVE
    assert "'missing'" in result.checks[0].observed


def test_the_body_must_hold_the_text() -> None:
    check = HTTP.model_copy(update={"contains": "ready"})

    assert run([check], Service(Answer(200, "all ready"))).outcome is CheckOutcome.PASSED
    missing = run([check], Service(Answer(200, "starting")))
    assert missing.outcome is CheckOutcome.FAILED
    assert "does not hold 'ready'" in missing.checks[0].observed


def test_every_target_is_looked_at_and_one_failure_is_a_failure() -> None:
    targets = [Target(name=f"web-{n}", address=f"10.0.0.{n}") for n in (1, 2, 3)]

    class Second:
        def fetch(self, url: str, timeout_seconds: float) -> Answer:
            return Answer(500 if "10.0.0.2" in url else 200, "")

    check = HTTP.model_copy(update={"deadline_seconds": 1})
    result = verify(
        [check],
        targets=targets,
        inputs={},
        run_ansible=lambda check: evidence(),
        verifier=Verifier(Second().fetch),
    )

    assert [each.target for each in result.checks] == ["web-1", "web-2", "web-3"]
    assert [each.outcome.value for each in result.checks] == ["passed", "failed", "passed"]
    assert result.outcome is CheckOutcome.FAILED


def test_nothing_to_look_at_is_never_a_pass() -> None:
    assert run(targets=[]).outcome is CheckOutcome.INCONCLUSIVE
    assert run([]).outcome is CheckOutcome.INCONCLUSIVE


def test_a_playbook_that_succeeds_without_a_change_is_a_pass() -> None:
    result = run([PLAYBOOK])

    (check,) = result.checks
    assert (check.outcome, check.kind, check.target) == (CheckOutcome.PASSED, "ansible", "")


def test_a_check_that_changed_something_has_failed() -> None:
    result = run([PLAYBOOK], run_ansible=lambda check: evidence(ok=1, changed=1))

    assert result.outcome is CheckOutcome.FAILED
    assert "must not change anything" in result.checks[0].observed


def test_a_playbook_that_fails_is_a_failure() -> None:
    failed = evidence(ExecutionStatus.FAILED, "web-1: the unit is dead", failed=1)

    result = run([PLAYBOOK], run_ansible=lambda check: failed)

    assert result.outcome is CheckOutcome.FAILED
    assert result.checks[0].observed == "web-1: the unit is dead"


@pytest.mark.parametrize(
    "unclear",
    [
        evidence(ExecutionStatus.FAILED, "web-1 could not be reached", unreachable=1),
        evidence(ExecutionStatus.TIMED_OUT, "took too long"),
        evidence(ExecutionStatus.FAILED, "syntax error"),
    ],
)
def test_a_playbook_that_could_not_look_is_inconclusive(unclear: PlaybookEvidence) -> None:
    result = run([PLAYBOOK], run_ansible=lambda check: unclear)

    assert result.outcome is CheckOutcome.INCONCLUSIVE
    assert result.checks[0].observed == unclear.message


@pytest.mark.parametrize("error", [ExecutionTimeoutError("too long"), ExecutionError("no file")])
def test_a_playbook_that_cannot_be_run_is_inconclusive(error: ExecutionError) -> None:
    def fail(check: AnsibleCheck) -> PlaybookEvidence:
        raise error

    assert run([PLAYBOOK], run_ansible=fail).outcome is CheckOutcome.INCONCLUSIVE


@pytest.mark.parametrize("error", [ExecutionCancelledError("stop"), ChangeRefusedError("no lease")])
def test_a_cancelled_or_refused_check_is_not_a_result(error: Exception) -> None:
    def fail(check: AnsibleCheck) -> PlaybookEvidence:
        raise error

    with pytest.raises(type(error)):
        run([PLAYBOOK], run_ansible=fail)


def test_waiting_for_a_service_ends_when_it_is_cancelled() -> None:
    with pytest.raises(ExecutionCancelledError, match="The shop answers"):
        run(service=Service(Answer(503, "")), clock=Clock(told_to_stop=True))


def test_the_caller_can_cancel_by_an_event() -> None:
    cancelled = threading.Event()
    cancelled.set()
    refused = HTTP.model_copy(update={"url": "http://127.0.0.1:1/"})

    with pytest.raises(ExecutionCancelledError):
        verify(
            [refused],
            targets=[WEB],
            inputs={},
            run_ansible=lambda check: evidence(),
            cancelled=cancelled,
        )


def test_a_failure_weighs_more_than_what_is_unclear() -> None:
    def unclear(check: AnsibleCheck) -> PlaybookEvidence:
        raise ExecutionError("no file")

    result = run([PLAYBOOK, HTTP], Service(Answer(500, "")), run_ansible=unclear)

    assert result.outcome is CheckOutcome.FAILED
    assert [check.outcome.value for check in result.checks] == ["inconclusive", "failed"]


def test_what_is_observed_holds_no_secret() -> None:
    check = HTTP.model_copy(update={"url": "http://{host.address}/?token={inputs.t}"})

    result = run([check], inputs={"t": "s3cr3t"})

    assert "s3cr3t" not in result.model_dump_json()
