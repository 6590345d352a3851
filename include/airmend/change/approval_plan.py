"""What an approver reads of the change itself: why, what, where, the way back, the trial.

Pure. What came from outside is shown as code, the texts of the runbook's authors are escaped.
Called by `approval_text`, which puts it below what is asked of whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from airmend.change.markdown import code, code_block, prose
from airmend.change.model import ChangeRequest
from airmend.change.signing import SignatureVerdict
from airmend.execution.model import ExecutionStatus, PlaybookEvidence
from airmend.incident.model import Incident, inferred_key
from airmend.runbook.model import AnsibleCheck, Runbook

DIFF_CHARACTERS = 12_000
TARGETS_SHOWN = 50


def write_incident(incident: Incident) -> str:
    """Why: the incident, with what was read out of its words."""
    link = [("Link", code(incident.link))] if incident.link else []
    return _list(
        [
            ("Incident", f"{code(incident.name)} ({code(incident.id)})"),
            ("Says", code(incident.summary or incident.description)),
            ("Severity", incident.severity.value),
            ("Service", _write_field(incident, "service", incident.service)),
            ("Host", _write_field(incident, "host", incident.host)),
            ("Open since", f"{incident.opened_at:%Y-%m-%d %H:%M:%S} {incident.opened_at.tzname()}"),
            ("Alerts", f"{incident.alert_count} from {code(incident.source)}"),
            *link,
        ]
    )


def _write_field(incident: Incident, name: str, value: str | None) -> str:
    """A field of the incident; where it was read out of a ticket's sentences, with their words."""
    if name not in incident.inferred:
        return code(value or "not said")
    words = incident.annotations[inferred_key(name)]
    return f"{code(value or 'not said')}, read out of the text {code(words)}: is that right?"


def write_plan(change: ChangeRequest, runbook: Runbook, signatures: SignatureVerdict | None) -> str:
    """What: runbook, who signed it, inputs, and its steps."""
    known = runbook.known_error
    kind = f"{change.change_type.value}, asked for by {code(change.requested_by)}"
    signed = [("Signature", code(signatures.told))] if signatures else []
    plan = _list(
        [
            ("Runbook", f"{prose(runbook.title)} ({code(runbook.id)})"),
            ("Version", f"{code(runbook.version)}, digest {code(change.runbook_digest[:12])}"),
            *signed,
            ("Owner", prose(runbook.owner)),
            ("Known error", f"{code(known.id)}: {prose(known.cause)}"),
            ("Workaround", prose(known.workaround)),
            ("Kind of change", kind),
            *(("Input " + code(name), code(value)) for name, value in change.inputs.items()),
        ]
    )
    steps = [
        f"{number}. {prose(step.name)}: {code(step.playbook)}, at most {step.timeout_seconds} s"
        + (f", up to {step.retries} more times" if step.retries else "")
        for number, step in enumerate(runbook.steps, start=1)
    ]
    return "\n\n".join([plan, f"Steps{_write_pace(change, runbook)}:", "\n".join(steps)])


def _write_pace(change: ChangeRequest, runbook: Runbook) -> str:
    """In which order the hosts are worked on; of a single host there is nothing to say."""
    if len(change.targets) < 2:
        return ""
    canary, serial = runbook.change.canary, runbook.change.serial
    first = f"{canary} first and alone, then " if canary else ""
    pace = f"{serial} host{'' if serial == 1 else 's'} at a time" if serial else "all hosts at once"
    return f", {first}{pace}"


def write_targets(names: Sequence[str]) -> str:
    """Where: the hosts, or as many of them as a person reads."""
    shown = [f"- {code(name)}" for name in islice(sorted(names), TARGETS_SHOWN)]
    rest = len(names) - len(shown)
    return "\n".join([*shown, f"- and {rest} more"] if rest else shown)


def write_way_back(runbook: Runbook) -> str:
    """When it counts as resolved, and what is done where it does not."""
    checks = "\n".join(
        f"- {prose(check.name)}: "
        + (code(check.playbook) if isinstance(check, AnsibleCheck) else code(check.url))
        for check in runbook.verify
    )
    text = f"It counts as resolved only when all of these pass:\n\n{checks}\n\n"
    if runbook.rollback is None:
        return text + f"**There is no rollback**: {prose(runbook.change.irreversible or '')}"
    return text + (
        f"Otherwise the rollback {code(runbook.rollback.playbook)} brings the state before back, "
        "and that is checked too."
    )


def write_preflight(preflight: Sequence[PlaybookEvidence]) -> str:
    """What check mode tried and skipped, and the diff that it shows."""
    if not preflight:
        return "**There is no preflight**: nothing is known about what would change."
    total = sum(evidence.tasks_total for evidence in preflight)
    skipped = sum(evidence.tasks_skipped for evidence in preflight)
    hosts = {host for evidence in preflight for host in evidence.changed_hosts}
    changed = f"{len(hosts)} host{'' if len(hosts) == 1 else 's'}"
    tried = f"{total - skipped} of {total} tasks"
    lines = [f"It would change {changed}. Check mode tried {tried}; what it skips is not proven."]
    lines += [
        f"**It failed** in {code(evidence.playbook)}: {code(evidence.message or 'no reason given')}"
        for evidence in preflight
        if evidence.status is not ExecutionStatus.SUCCEEDED
    ]
    diff = "\n".join(evidence.diff for evidence in preflight if evidence.diff)
    lines.append(code_block(diff, "diff", DIFF_CHARACTERS) if diff else "It shows no diff.")
    return "\n\n".join(lines)


def _list(items: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in items)
