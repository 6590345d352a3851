"""A runbook as Markdown, for people who look at its DAG in Airflow.

The text is the author's, which was reviewed like code; it is escaped only so far that it
cannot break the table or the list that it stands in.
"""

from __future__ import annotations

from collections.abc import Iterable

from airmend.change.model import ChangeType
from airmend.runbook.model import Check, HttpCheck, Runbook, RunbookVersion

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def explain_runbook(version: RunbookVersion) -> str:
    """What a runbook is for, when it acts, what it does and who is asked, as Markdown."""
    runbook = version.runbook
    return "\n\n".join(
        block
        for block in (
            f"## {_line(runbook.title)}",
            _explain_known_error(runbook),
            "### When it acts",
            "An incident for which all of these are true:",
            "\n".join(f"- {_code(expression)}" for expression in runbook.match),
            *_explain_inputs(runbook),
            "### What it does",
            _explain_steps(runbook),
            "### Limits",
            _explain_limits(runbook),
            "### Who approves",
            _explain_approval(runbook),
            "### How it knows that it helped",
            _explain_checks(runbook.verify),
            "### If it does not help",
            _explain_rollback(runbook),
            *_explain_follow_ups(runbook),
            _explain_version(version),
        )
        if block
    )


def _explain_known_error(runbook: Runbook) -> str:
    error = runbook.known_error
    return _table(
        ("Known error", error.id),
        [
            ("Symptom", error.symptom),
            ("Cause", error.cause),
            ("Workaround", error.workaround),
            ("Impact", runbook.report.impact),
        ],
    )


def _explain_inputs(runbook: Runbook) -> list[str]:
    if not runbook.inputs:
        return []
    rows = []
    for name, spec in runbook.inputs.items():
        limits = [spec.type.value]
        limits += [f"matches {_code(spec.pattern)}"] if spec.pattern else []
        limits += [f"one of {', '.join(map(str, spec.choices))}"] if spec.choices else []
        limits += [f"at least {spec.minimum}"] if spec.minimum is not None else []
        limits += [f"at most {spec.maximum}"] if spec.maximum is not None else []
        limits += [f"else {spec.default}"] if spec.default is not None else []
        rows.append((_code(name), _code(spec.source), ", ".join(limits), spec.description))
    return [
        "It takes from the incident:",
        _table(("Input", "From", "Form", "Meaning"), rows),
    ]


def _explain_steps(runbook: Runbook) -> str:
    rows = [
        (
            str(number),
            step.name,
            _code(step.playbook),
            _duration(step.timeout_seconds),
            str(step.retries) if step.retries else "none",
        )
        for number, step in enumerate(runbook.steps, start=1)
    ]
    return _table(("", "Step", "Playbook", "At most", "Retries"), rows)


def _explain_limits(runbook: Runbook) -> str:
    targets, change = runbook.targets, runbook.change
    where = f"Hosts of {_code(targets.pattern)}, at most {_hosts(targets.max_hosts)}"
    if targets.host_input:
        where = (
            f"The host of the input {_code(targets.host_input)}, within {_code(targets.pattern)}"
        )
    lines = [
        f"{where}; no host at all is an error.",
        f"All steps together end within {_duration(change.timeout_seconds)}.",
    ]
    if change.canary:
        lines.append(f"First {_hosts(change.canary)} alone as a canary, then the others.")
    if change.serial:
        lines.append(f"{_hosts(change.serial)} at a time.")
    if change.privileged:
        lines.append("It uses privilege escalation.")
    return _list(lines)


def _explain_approval(runbook: Runbook) -> str:
    authors = ", ".join(runbook.authors)
    wait = _duration(runbook.change.approval_timeout_seconds)
    if runbook.change.type is ChangeType.STANDARD:
        rule = "A **standard** change: authorised beforehand while its risk is low, else a person."
    else:
        rule = "A **normal** change: a person approves each run."
    return (
        f"{rule} Neither the requester nor an author ({_line(authors)}) may approve. "
        f"No answer within {wait} is a no."
    )


def _explain_checks(checks: Iterable[Check]) -> str:
    lines = []
    for check in checks:
        if isinstance(check, HttpCheck):
            how = f"{_code(check.url)} answers {check.status}"
            how += f" with {_code(check.contains)}" if check.contains else ""
        else:
            how = f"{_code(check.playbook)} succeeds"
        lines.append(f"{_line(check.name)}: {how}, within {_duration(check.deadline_seconds)}.")
    return _list(lines)


def _explain_rollback(runbook: Runbook) -> str:
    rollback = runbook.rollback
    if rollback is None:
        return f"There is no way back: {_line(runbook.change.irreversible or '')}"
    return (
        f"{_code(rollback.playbook)} brings the state before back, "
        f"within {_duration(rollback.timeout_seconds)}, and this is checked:\n\n"
        f"{_explain_checks(rollback.verify)}"
    )


def _explain_follow_ups(runbook: Runbook) -> list[str]:
    if not runbook.report.follow_ups:
        return []
    return [
        "### Left for a person",
        _list(_line(text) for text in runbook.report.follow_ups),
    ]


def _explain_version(version: RunbookVersion) -> str:
    runbook = version.runbook
    return (
        f"Runbook {_code(runbook.id)} {runbook.version}, digest {_code(version.digest[:12])}, "
        f"service {_line(runbook.change.service)}, owned by {_line(runbook.owner)}."
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _code(text: str) -> str:
    """A code span; its fence is longer than any run of backticks in the text."""
    text = _line(text)
    fence = "`"
    while fence in text:
        fence += "`"
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count} hosts"


def _duration(seconds: int) -> str:
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit and seconds % unit == 0:
            count = seconds // unit
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
