from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airmend.execution.evidence import (
    RUN_DIFF_LIMIT,
    TASK_DIFF_LIMIT,
    EvidenceCollector,
    combine_evidence,
    shown_lines,
)
from airmend.execution.model import ExecutionStatus, HostTotals, PlaybookEvidence, TaskOutcome

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
END = BEGIN + timedelta(seconds=7)
_numbers = itertools.count()


def collector(*hosts: str) -> EvidenceCollector:
    return EvidenceCollector(
        playbook="playbooks/restart.yml",
        check_mode=False,
        hosts=hosts or ("web-1",),
        started_at=BEGIN,
    )


def event(
    kind: str, res: Mapping[str, Any] | None = None, host: str = "web-1", **data: Any
) -> dict[str, Any]:
    return {
        "event": kind,
        "uuid": f"event-{next(_numbers)}",
        "created": "2026-03-02T09:00:03.5+00:00",
        "event_data": {
            "host": host,
            "task": "Write the file",
            "task_action": "ansible.builtin.copy",
            **({"res": res} if res is not None else {}),
            **data,
        },
    }


def stats(**totals: Mapping[str, int]) -> dict[str, Any]:
    processed = {host: 1 for counts in totals.values() for host in counts}
    return {"event": "playbook_on_stats", "event_data": {"processed": processed, **totals}}


def finish(events: list[dict[str, Any]], code: int = 0, *hosts: str) -> PlaybookEvidence:
    taken = collector(*hosts)
    for each in events:
        taken.add(each)
    return taken.finish(code, ended_at=END)


DIFF = {"before": "a\n", "after": "b\n", "before_header": "/x", "after_header": "/x"}


def test_a_change_is_kept_with_its_diff_its_time_and_its_event() -> None:
    change = event("runner_on_ok", {"changed": True, "diff": [DIFF]})

    evidence = finish([change, stats(ok={"web-1": 1}, changed={"web-1": 1})])

    (task,) = evidence.tasks
    assert evidence.status is ExecutionStatus.SUCCEEDED
    assert (task.host, task.task, task.outcome) == (
        "web-1",
        "Write the file",
        TaskOutcome.CHANGED,
    )
    assert task.diff.endswith("-a\n+b")
    assert task.event_id == change["uuid"]
    assert task.at == BEGIN + timedelta(seconds=3.5)
    assert evidence.hosts == [HostTotals(host="web-1", ok=1, changed=1)]
    assert evidence.changed_hosts == ["web-1"]


def test_a_plain_ok_is_counted_and_not_kept() -> None:
    evidence = finish([event("runner_on_ok", {"changed": False}), stats(ok={"web-1": 1})])

    assert (evidence.tasks, evidence.tasks_total) == ([], 1)


def test_items_of_a_loop_are_one_task_with_all_their_diffs() -> None:
    items = [event("runner_item_on_ok", {"changed": True, "diff": DIFF}) for _ in range(3)]
    whole = event(
        "runner_on_ok",
        {"changed": True, "results": [{"changed": True, "diff": DIFF} for _ in range(3)]},
    )

    evidence = finish([*items, whole, stats(ok={"web-1": 1}, changed={"web-1": 1})])

    assert evidence.tasks_total == 1
    assert len(evidence.tasks) == 1
    assert evidence.tasks[0].diff.count("+b") == 3


def test_what_check_mode_skipped_is_counted() -> None:
    events = [
        event("runner_on_ok", {"changed": False}),
        event("runner_on_skipped"),
        event("runner_on_skipped"),
        stats(ok={"web-1": 1}, skipped={"web-1": 2}),
    ]

    evidence = finish(events)

    assert (evidence.tasks_total, evidence.tasks_skipped) == (3, 2)


def test_reading_facts_is_no_part_of_check_coverage() -> None:
    facts = event("runner_on_ok", {"changed": False}, task_action="ansible.builtin.gather_facts")

    evidence = finish([facts, event("runner_on_skipped"), stats(ok={"web-1": 1})])

    assert (evidence.tasks_total, evidence.tasks_skipped) == (1, 1)


def test_a_failure_says_which_task_and_why() -> None:
    failure = event("runner_on_failed", {"msg": "non-zero return code", "stderr": "disk is full"})

    evidence = finish([failure, stats(failures={"web-1": 1})], code=2)

    assert evidence.status is ExecutionStatus.FAILED
    assert evidence.message == (
        "web-1: task 'Write the file' failed: non-zero return code\ndisk is full"
    )
    assert evidence.tasks[0].outcome is TaskOutcome.FAILED


def test_the_reason_of_a_failed_loop_is_that_of_its_first_bad_item() -> None:
    result = {
        "msg": "One or more items failed",
        "results": [{"failed": False}, {"failed": True, "msg": "no such file"}],
    }

    evidence = finish([event("runner_on_failed", result)], code=2)

    assert evidence.message.endswith("failed: no such file")


def test_an_unreachable_host_is_a_failure() -> None:
    lost = event("runner_on_unreachable", {"msg": "connection refused", "unreachable": True})

    evidence = finish([lost, stats(dark={"web-1": 1})], code=4)

    assert evidence.status is ExecutionStatus.FAILED
    assert evidence.tasks[0].outcome is TaskOutcome.UNREACHABLE
    assert evidence.hosts == [HostTotals(host="web-1", unreachable=1)]


def test_a_failure_that_the_playbook_ignores_is_kept_and_is_no_failure() -> None:
    ignored = event("runner_on_failed", {"msg": "not there", "changed": False}, ignore_errors=True)

    evidence = finish([ignored, stats(ok={"web-1": 1})])

    assert evidence.status is ExecutionStatus.SUCCEEDED
    assert evidence.message == ""
    assert evidence.tasks[0].outcome is TaskOutcome.OK
    assert evidence.tasks[0].message == "failed, which the playbook ignores: not there"


def test_a_hidden_result_shows_only_that_it_changed() -> None:
    hidden = event("runner_on_ok", {"censored": "hidden by no_log", "changed": True})

    evidence = finish([hidden, stats(ok={"web-1": 1}, changed={"web-1": 1})])

    assert evidence.tasks[0].outcome is TaskOutcome.CHANGED
    assert evidence.tasks[0].diff == ""


def test_a_result_that_was_dropped_for_its_size_counts_as_a_change() -> None:
    evidence = finish([event("runner_on_ok", {}), stats(ok={"web-1": 1})])

    assert evidence.tasks[0].outcome is TaskOutcome.CHANGED


def test_a_playbook_that_did_nothing_on_a_target_has_failed() -> None:
    evidence = finish([stats(ok={"web-1": 1})], 0, "web-1", "web-2")

    assert evidence.status is ExecutionStatus.FAILED
    assert "did nothing on web-2" in evidence.message


def test_a_playbook_that_matched_no_host_has_failed() -> None:
    assert finish([{"event": "playbook_on_no_hosts_matched"}]).status is ExecutionStatus.FAILED


def test_a_playbook_that_ends_before_its_first_task_says_what_ansible_said() -> None:
    lines = ["[WARNING]: old", "[ERROR]: YAML parsing failed: bad\r\n", "Origin: p.yml:3:1"]

    evidence = finish([{"event": "verbose", "stdout": line} for line in lines], code=4)

    assert evidence.message == "[ERROR]: YAML parsing failed: bad\nOrigin: p.yml:3:1"


def test_a_stopped_run_has_the_totals_of_what_was_seen() -> None:
    taken = collector()
    taken.add(event("runner_on_ok", {"changed": True}))
    taken.add(event("runner_on_ok", {"changed": False}))

    evidence = taken.finish(
        None, ended_at=END, status=ExecutionStatus.CANCELLED, message="cancelled"
    )

    assert evidence.hosts == [HostTotals(host="web-1", ok=2, changed=1)]
    assert (evidence.status, evidence.message) == (ExecutionStatus.CANCELLED, "cancelled")


def test_a_host_that_was_not_named_is_noticed() -> None:
    taken = collector("web-1")
    taken.add(event("runner_on_ok", {"changed": False}, host="db-1"))

    assert taken.strangers() == ["db-1"]


def test_a_long_diff_is_cut_and_says_so() -> None:
    long = {"before": "", "after": "".join(f"line {n}\n" for n in range(9_000))}

    evidence = finish([event("runner_on_ok", {"changed": True, "diff": long})])

    diff = evidence.tasks[0].diff
    assert len(diff) < TASK_DIFF_LIMIT + 60
    assert diff.endswith("more characters]")


def test_all_diffs_of_a_run_together_have_a_limit() -> None:
    long = {"before": "", "after": "".join(f"line {n}\n" for n in range(2_000))}
    events = [event("runner_on_ok", {"changed": True, "diff": long}) for _ in range(40)]

    evidence = finish(events)

    assert sum(len(task.diff) for task in evidence.tasks) < RUN_DIFF_LIMIT + 40 * 60
    assert all("[cut: " in task.diff for task in evidence.tasks)
    assert len(evidence.tasks) == 40


def test_no_secret_reaches_the_evidence() -> None:
    events = [
        event("runner_on_ok", {"changed": True, "diff": {"before": "", "after": "token: s3cr3t"}}),
        event("runner_on_failed", {"msg": "login with password=s3cr3t failed"}),
        event("runner_on_failed", {"msg": "x"}, task="Log in with password=s3cr3t"),
    ]

    evidence = finish(events, code=2)

    assert "s3cr3t" not in evidence.model_dump_json()


@pytest.mark.parametrize("created", [None, "", "yesterday"])
def test_an_event_without_a_time_gets_that_of_the_start(created: str | None) -> None:
    change = {**event("runner_on_ok", {"changed": True}), "created": created}

    assert finish([change]).tasks[0].at == BEGIN


@pytest.mark.parametrize("odd", [{}, {"event": "EOF"}, {"event": "runner_on_ok"}, {"uuid": "x"}])
def test_an_event_that_says_nothing_is_passed_over(odd: dict[str, Any]) -> None:
    assert finish([odd]).tasks == []


def test_the_live_log_shows_a_diff_without_its_secrets() -> None:
    printed = {
        "event": "runner_on_file_diff",
        "stdout": "+as Ansible prints it",
        "event_data": {"diff": {"before": "", "after": "user: a\npassword: s3cr3t\n"}},
    }

    assert shown_lines(printed)[-2:] == ["+user: a", "+password: ***"]


def test_the_live_log_shows_other_lines_as_they_are_printed() -> None:
    assert shown_lines({"event": "x", "stdout": "\r\nTASK [a] ***\r\nok: [web-1]\r\n"}) == [
        "TASK [a] ***",
        "ok: [web-1]",
    ]


def test_batches_are_told_as_one_playbook() -> None:
    first = finish([event("runner_on_ok", {"changed": True}), stats(changed={"web-1": 1})])
    second = finish(
        [
            event("runner_on_failed", {"msg": "no"}, host="web-2"),
            event("runner_on_skipped", host="web-2"),
            stats(failures={"web-2": 1}),
        ],
        2,
        "web-2",
    ).model_copy(update={"started_at": END, "ended_at": END + timedelta(seconds=3)})

    whole = combine_evidence([first, second])

    assert (whole.started_at, whole.seconds) == (BEGIN, 10.0)
    assert [totals.host for totals in whole.hosts] == ["web-1", "web-2"]
    assert (whole.tasks_total, whole.tasks_skipped, len(whole.tasks)) == (3, 1, 3)
    assert whole.status is ExecutionStatus.FAILED
    assert whole.message.startswith("web-2: task 'Write the file' failed")


def test_no_batch_is_no_evidence() -> None:
    with pytest.raises(ValueError, match="no batch"):
        combine_evidence([])
