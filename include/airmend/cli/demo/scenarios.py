"""What breaks in the demo, which alert tells of it, and what must have come of it at the end.

Three incidents, one a kind of end: a standard change that policy approves, a normal change on
three hosts that a person approves, and one that does not help and is rolled back. An incident
whose `after` names another one breaks when that one's change was decided, so that the third
meets targets that are taken and has to wait for them, but never for a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airmend.change.model import ChangeStatus
from airmend.cli.demo.findings import Finding, expect
from airmend.cli.estate import HOSTS, OLD_LOG_FILES, OPEN_FILES, STUBBORN_HOST, Estate
from airmend.cli.estate_alerts import descriptors_exhausted, disk_filling_up, service_down
from airmend.execution.model import Phase
from airmend.review.model import ReportFacts

CRASHED_HOST = "web-1"


@dataclass(frozen=True)
class Scenario:
    """One incident of the demo.

    Args:
        runbook_id: The runbook that takes it; also its name.
        host: The host that the alert names.
        hosts: Every host that the change is for.
        what: What happens, for people.
        after: The scenario whose change must be decided before this one breaks; "" for none.
        damage: Breaks the estate, at a time.
        alert: The webhook about it, for a host and a time.
        ends_as: How its change ends when it is approved.
        by_policy: Whether policy approves it; otherwise a person does.
        inspect: What must be true of the estate at the end, by whether it was approved.
    """

    runbook_id: str
    host: str
    hosts: tuple[str, ...]
    what: str
    after: str
    damage: Callable[[Estate, datetime], None]
    alert: Callable[[str, datetime], dict[str, Any]]
    ends_as: ChangeStatus
    by_policy: bool
    inspect: Callable[[Estate, ReportFacts, bool], list[Finding]]


def _crash(estate: Estate, _now: datetime) -> None:
    estate.break_service(CRASHED_HOST)


def _exhaust(estate: Estate, _now: datetime) -> None:
    estate.exhaust_descriptors(STUBBORN_HOST)


def _fill(estate: Estate, now: datetime) -> None:
    estate.fill_disk(HOSTS, now)


def _inspect_service(estate: Estate, _facts: ReportFacts, approved: bool) -> list[Finding]:
    expected = "answers: ok" if approved else "does not answer"
    return [expect(f"shop on {CRASHED_HOST}", expected, _tell_health(estate, CRASHED_HOST))]


def _inspect_limit(estate: Estate, _facts: ReportFacts, _approved: bool) -> list[Finding]:
    # nobody ever touches the configuration of the first host, and all began alike
    untouched = estate.configuration(HOSTS[0]).read_bytes()
    same = estate.configuration(STUBBORN_HOST).read_bytes() == untouched
    health = estate.health(STUBBORN_HOST) or {}
    return [
        expect(f"shop on {STUBBORN_HOST}", "answers: ok", _tell_health(estate, STUBBORN_HOST)),
        expect("its shop.conf", "as before", "as before" if same else "changed"),
        expect("its open files", str(OPEN_FILES), str(health.get("open_files", "unknown"))),
    ]


def _inspect_logs(estate: Estate, facts: ReportFacts, approved: bool) -> list[Finding]:
    folders = [estate.log_folder(host) for host in HOSTS]
    left = sum(len(list(folder.glob("shop.log-*"))) for folder in folders)
    archives = sum(len(list(folder.glob("archive/*/*.tar.gz"))) for folder in folders)
    wanted = (0, len(HOSTS)) if approved else (len(HOSTS) * OLD_LOG_FILES, 0)
    findings = [
        expect("old logs", _tell_logs(*wanted), _tell_logs(left, archives)),
        expect(
            "the shop",
            "answers on 3 hosts",
            f"answers on {sum(_tell_health(estate, host) == 'answers: ok' for host in HOSTS)} "
            "hosts",
        ),
    ]
    if approved:
        findings.append(expect("canary", f"{HOSTS[0]} alone, first", _tell_canary(facts)))
    return findings


def _tell_health(estate: Estate, host: str) -> str:
    health = estate.health(host)
    return "does not answer" if health is None else f"answers: {health['status']}"


def _tell_logs(left: int, archives: int) -> str:
    return f"{left} left, {archives} archives"


def _tell_canary(facts: ReportFacts) -> str:
    """Which host had its step before any other one began, as Ansible's events tell."""
    events = [
        (event.at, event.host)
        for execution in facts.executions
        if execution.phase is Phase.STEP and execution.playbook is not None
        for event in execution.playbook.tasks
    ]
    if not events:
        return "no event recorded"
    first = min(events)[1]
    others = [at for at, host in events if host != first]
    alone = bool(others) and max(at for at, host in events if host == first) <= min(others)
    return f"{first} alone, first" if alone else "hosts at the same time"


SCENARIOS = (
    Scenario(
        runbook_id="service-down",
        host=CRASHED_HOST,
        hosts=(CRASHED_HOST,),
        what=f"the shop on {CRASHED_HOST} has crashed",
        after="",
        damage=_crash,
        alert=service_down,
        ends_as=ChangeStatus.SUCCEEDED,
        by_policy=True,
        inspect=_inspect_service,
    ),
    Scenario(
        runbook_id="file-descriptor-limit",
        host=STUBBORN_HOST,
        hosts=(STUBBORN_HOST,),
        what=f"the shop on {STUBBORN_HOST} is close to its limit of open files",
        after="service-down",
        damage=_exhaust,
        alert=descriptors_exhausted,
        ends_as=ChangeStatus.ROLLED_BACK,
        by_policy=False,
        inspect=_inspect_limit,
    ),
    Scenario(
        runbook_id="disk-filling-up",
        host="web-2",
        hosts=HOSTS,
        what="old logs fill the disks of all three hosts",
        after="file-descriptor-limit",
        damage=_fill,
        alert=disk_filling_up,
        ends_as=ChangeStatus.SUCCEEDED,
        by_policy=False,
        inspect=_inspect_logs,
    ),
)
