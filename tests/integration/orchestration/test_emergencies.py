"""A person starts a runbook by hand, or breaks the glass: real records, inventory and Ansible."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from airmend.change.emergency import BREAK_GLASS
from airmend.change.factors import BY_SIMILARITY
from airmend.change.model import ChangeRequest, ChangeStatus, ChangeType, Choice
from airmend.change.policy import load_policy
from airmend.change.reviewing import review_change
from airmend.errors import (
    BudgetSpentError,
    CalendarClosedError,
    ChangeRefusedError,
    NotAuthorisedError,
    ReviewError,
    RunbookLockedError,
    SuppressedError,
)
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.orchestration.answering import Answer, settle, take_answer
from airmend.orchestration.asking import Asked, open_question
from airmend.orchestration.assessment import assess_risk
from airmend.orchestration.change_run import ChangeRun, find_change_of_run
from airmend.orchestration.closing import close_change, follow_reviews
from airmend.orchestration.emergencies import find_lock
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.preflight import run_preflight
from airmend.orchestration.repairing import run_step
from airmend.orchestration.requesting import Trigger, request_by_hand
from airmend.records.changes import change_of_run
from airmend.records.emergency_tables import HandRequestRow
from airmend.records.executions import claim_execution, finish_execution, list_executions
from airmend.records.hand_requests import get_request
from airmend.records.incidents import create_incident, get_incident
from airmend.records.ledger import read_story
from airmend.records.model import FactKind, Review, ReviewVerdict
from airmend.records.reports import load_report
from airmend.records.reviews import find_review, overdue_review
from airmend.records.suppressions import set_kill_switch
from airmend.records.tables import DecisionRow
from airmend.runbook.model import RunbookVersion
from tests.builders import make_incident, make_switch
from tests.integration.orchestration.conftest import NEVER, Office, as_task
from tests.unit.change.builders import make_playbook

ROLES = {"admin": ["ada"], "op": ["olivia", "priya"]}
REASON = "customers cannot pay, and nobody who may approve answers"
DAY = timedelta(days=1)


@dataclass
class Desk:
    """People in front of Airflow's trigger form."""

    office: Office
    version: RunbookVersion
    policy_file: Path
    roles: dict[str, Sequence[str]]

    def let(self, *, calendar: dict[str, Any] | None = None, **emergency: Any) -> None:
        """Write the policy."""
        document = {
            "calendar": calendar or {},
            "approval": {"groups": {"board": ["vera"], "on-call": ["otto"]}},
            "emergency": {"who": ["role:admin", "on-call"]} | emergency,
            "guard_rails": {"runbook_starts_an_hour": 1},
        }
        self.policy_file.write_text(yaml.safe_dump(document))

    def open(self, number: int = 1, **override: Any) -> None:
        """An incident that is a person's."""
        fields = {"status": IncidentStatus.ESCALATED, "labels": {"job": "shop"}} | override
        with self.office.database.session() as session:
            create_incident(
                session,
                make_incident(id=f"INC-20260302-{number}", fingerprint=f"f{number}", **fields),
            )

    def ask(self, user: str = "ada", number: int = 1, **override: Any) -> Trigger:
        """Somebody triggers the DAG; gives the run."""
        fields: dict[str, Any] = {
            "dag_id": self.version.runbook.id,
            "run_id": f"manual__{number}",
            "digest": self.version.digest,
            "user": user,
            "is_manual": True,
            "incident_id": f"INC-20260302-{number}",
            "reason": REASON,
            "is_emergency": True,
        } | override
        trigger = Trigger(**fields)
        request_by_hand(
            self.office.database,
            self.office.settings,
            trigger,
            self.roles,
            known_users=frozenset({"ada", "otto", "olivia", "priya", "victor"}),
            at=self.office.clock(),
        )
        return trigger

    def change(self, trigger: Trigger) -> ChangeRequest:
        """The change of a run."""
        with self.office.database.session() as session:
            change = change_of_run(session, trigger.dag_id, trigger.run_id)
        assert change is not None
        return change

    def task(self, trigger: Trigger, name: str = "guard") -> ChangeRun:
        """A task of the run."""
        run = self.office.run(self.change(trigger), self.version, name)
        return replace(as_task(run, name), find_roles=lambda _session: self.roles)

    def prepare(self, trigger: Trigger, *, ansible: bool = False) -> None:
        """Everything before the approval; without Ansible, with what it would have recorded."""
        assert guard_change(self.task(trigger))
        if ansible:
            run_preflight(self.task(trigger, "preflight"), NEVER)
        else:
            self.record_preflight(trigger)
        assess_risk(self.task(trigger, "assess_risk"))

    def record_preflight(self, trigger: Trigger) -> None:
        """Check mode has passed."""
        now, change = self.office.clock(), self.change(trigger)
        with self.office.database.session() as session:
            claim = claim_execution(
                session,
                change.id,
                Phase.PREFLIGHT,
                "repair",
                task_id="preflight",
                owner="worker",
                now=now,
            )
            finish_execution(
                session,
                claim.execution.id,
                "worker",
                ExecutionStatus.SUCCEEDED,
                at=now,
                playbook=make_playbook(),
            )

    def settle(self, trigger: Trigger) -> Asked:
        """The approval."""
        return settle(self.task(trigger, "approval"), self.roles, lambda _run: None)

    def step(self, trigger: Trigger) -> dict[str, Any]:
        """The step."""
        return run_step(self.task(trigger, "repair"), "repair", NEVER)

    def close(self, trigger: Trigger) -> str:
        """The report, as Markdown."""
        files = close_change(self.task(trigger, "report")).files
        return next(Path(file) for file in files if file.endswith(".md")).read_text()

    def run(self, trigger: Trigger) -> None:
        """From the start to the end; somebody stops it before its step."""
        self.prepare(trigger)
        assert self.settle(trigger).approved
        self.close(trigger)

    def review(self, trigger: Trigger) -> Review | None:
        """The review of the change."""
        change = self.change(trigger)
        with self.office.database.session() as session:
            return find_review(session, change.id)

    def complete(self, trigger: Trigger, by: str = "vera", **override: Any) -> Review:
        """Somebody looks back."""
        fields: dict[str, Any] = {
            "verdict": ReviewVerdict.JUSTIFIED,
            "notes": "the shop was down, and the restart was right",
        } | override
        change = self.change(trigger)
        with self.office.database.session() as session:
            return review_change(
                session,
                change.id,
                by=by,
                policy=load_policy(self.policy_file),
                roles=self.roles,
                at=self.office.clock(),
                **fields,
            )

    def told(self, kind: FactKind, number: int = 1) -> list[str]:
        """The texts of one kind of fact."""
        with self.office.database.session() as session:
            story = read_story(session, f"INC-20260302-{number}")
        return [fact.text for fact in story if fact.kind is kind]

    def incident_status(self, number: int = 1) -> IncidentStatus:
        """Where an incident stands."""
        with self.office.database.session() as session:
            return get_incident(session, f"INC-20260302-{number}").status


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def desk(office: Office) -> Desk:
    """An open incident, and a policy that lets admins and the group on-call break the glass."""
    policy_file = office.folder / "policy.yaml"
    settings = office.settings.model_copy(update={"policy_file": policy_file})
    office = replace(office, settings=settings)
    version = office.publish(
        authors=["robin"],
        change={"type": "standard", "service": "shop"},
        steps=[
            {
                "id": "repair",
                "name": "Repair",
                "playbook": "playbooks/restart.yml",
                "vars": {"mark": str(office.folder / "mark")},
            }
        ],
    )
    desk = Desk(office, version, policy_file, dict(ROLES))
    desk.let()
    desk.open()
    return desk


# --- The request ----------------------------------------------------------------------------


def test_a_change_by_hand_is_bound_to_the_incident_and_to_whoever_triggered_it(desk: Desk) -> None:
    trigger = desk.ask("olivia", is_emergency=False)
    change = desk.change(trigger)
    assert change.requested_by == "olivia"
    assert change.change_type is ChangeType.NORMAL  # whatever the runbook says of itself
    assert change.inputs == {"host": "web1", "service": "shop"}
    assert desk.incident_status() is IncidentStatus.REMEDIATING
    with desk.office.database.session() as session:
        request = get_request(session, change.id)
    assert request is not None
    assert (request.choice, request.unmet) == (Choice.MATCHED, [])
    assert request.reason in desk.told(FactKind.CHANGE_REQUESTED)[0]


def test_the_guard_that_is_tried_again_finds_the_change_of_the_first_try(desk: Desk) -> None:
    first = desk.change(desk.ask())
    desk.office.clock.pass_time(hours=30)
    assert desk.change(desk.ask()) == first
    assert len(desk.told(FactKind.CHANGE_REQUESTED)) == 1
    assert desk.told(FactKind.REQUEST_REFUSED) == []


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ({"user": ""}, "does not say who"),
        ({"user": "policy"}, "does not say who"),
        ({"user": "source:generic"}, "does not say who"),
        ({"user": "root"}, "root is no user of Airflow"),
        ({"is_manual": False}, "not triggered by a person"),
        ({"reason": "  urgent!! "}, "the reason has 8 characters"),
        ({"reason": "x" * 2001}, "the reason has 2001 characters"),
        ({"user": "victor"}, "victor may not run emergency changes"),
        ({"user": "olivia"}, "olivia may not run emergency changes"),
        ({"user": "ADA"}, "ADA is no user"),
    ],
)
def test_who_may_not_and_says_nothing_is_turned_away_and_the_story_tells_it(
    desk: Desk, override: dict[str, Any], why: str
) -> None:
    for _ in range(2):
        with pytest.raises(ChangeRefusedError, match=why):
            desk.ask(**override)
    assert len(desk.told(FactKind.REQUEST_REFUSED)) == 1
    assert desk.incident_status() is IncidentStatus.ESCALATED


@pytest.mark.parametrize("override", [{"incident_id": ""}, {"run_id": "airmend__INC-20260302-1"}])
def test_a_run_that_names_no_incident_or_takes_the_name_of_another_is_no_change(
    desk: Desk, override: dict[str, Any]
) -> None:
    trigger = desk.ask(**override)
    with (
        desk.office.database.session() as session,
        pytest.raises(NotAuthorisedError, match="belongs to no recorded change"),
    ):
        find_change_of_run(session, trigger.dag_id, trigger.run_id, trigger.digest)


def test_an_incident_that_is_over_or_unknown_gets_no_change(desk: Desk) -> None:
    desk.open(2, status=IncidentStatus.CLOSED)
    with pytest.raises(ChangeRefusedError, match="is over"):
        desk.ask(number=2)
    desk.open(3, recovered_at=desk.office.clock())
    with pytest.raises(ChangeRefusedError, match="is over"):
        desk.ask(number=3)
    with pytest.raises(ChangeRefusedError, match="there is no incident"):
        desk.ask(number=4)


def test_an_incident_without_the_inputs_gets_no_change(desk: Desk) -> None:
    desk.open(2, labels={"job": "shop; rm -rf /"})
    with pytest.raises(ChangeRefusedError, match="cannot take its inputs"):
        desk.ask(number=2)


@pytest.mark.parametrize("suggested", [True, False])
def test_a_runbook_that_does_not_match_is_allowed_told_and_riskier(
    desk: Desk, suggested: bool
) -> None:
    suggestions = [{"runbook_id": "service-down", "score": 0.4}] if suggested else []
    desk.open(2, name="SomethingElse", suggestions=suggestions)
    trigger = desk.ask("olivia", number=2, is_emergency=False)
    desk.prepare(trigger)
    risk = desk.change(trigger).risk
    assert risk is not None
    factor = next(each for each in risk.factors if each.name == BY_SIMILARITY)
    assert factor.contribution == 0.5
    words = "matched by similarity" if suggested else "chosen by hand"
    assert words in desk.told(FactKind.CHANGE_REQUESTED, 2)[0]
    body = open_question(desk.task(trigger, "approval"), desk.roles).body
    assert "**Asked for by hand** by `olivia`" in body
    assert "incident.name == 'ServiceDown' is not true" in body


def test_whoever_asked_cannot_approve_and_somebody_else_can(desk: Desk) -> None:
    trigger = desk.ask("olivia", is_emergency=False)
    desk.prepare(trigger)
    assert desk.settle(trigger).decision is None  # nor does the policy
    for user in ("olivia", "OLIVIA"):
        _answer(desk, trigger, user)
        assert desk.settle(trigger).decision is None
    _answer(desk, trigger, "priya")
    decision = desk.settle(trigger).decision
    assert decision is not None
    assert decision.decided_by == "priya"


def _answer(desk: Desk, trigger: Trigger, user: str) -> None:
    answer = Answer("Approve", user, desk.office.clock(), "")
    take_answer(
        desk.task(trigger, "approval"), answer, desk.roles, approve="Approve", reject="Reject"
    )


def test_of_two_people_at_the_same_instant_one_gets_a_change(desk: Desk) -> None:
    together, outcomes = threading.Barrier(2), []

    def ask(number: int) -> None:
        together.wait()
        try:
            desk.ask("ada" if number else "otto", run_id=f"manual__both-{number}")
            outcomes.append("made")
        except ChangeRefusedError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("made" if each == "made" else "refused" for each in outcomes) == [
        "made",
        "refused",
    ]
    assert any("is under the change CHG-20260302-" in each for each in outcomes)


# --- Break-glass ----------------------------------------------------------------------------


def test_somebody_of_a_group_may_break_the_glass_too(desk: Desk) -> None:
    trigger = desk.ask("otto")
    desk.prepare(trigger)
    assert desk.settle(trigger).approved


def test_an_emergency_change_runs_at_once_and_owes_a_review(desk: Desk) -> None:
    user = "ada"
    trigger = desk.ask(user)
    desk.prepare(trigger, ansible=True)
    decision = desk.settle(trigger).decision
    assert decision is not None
    assert (decision.decided_by, decision.basis) == (user, BREAK_GLASS)
    assert decision.comment == REASON
    assert decision.content_hash == desk.change(trigger).content_hash()
    assert desk.told(FactKind.APPROVAL_ASKED) == []
    review = desk.review(trigger)
    assert review is not None
    assert review.due_at == desk.office.clock() + DAY
    assert desk.step(trigger)["changed"] == ["web1"]
    page = desk.close(trigger)
    assert f"an emergency change, break-glass, by {user}" in page
    assert REASON in page
    assert "Reviewed: not yet" in page
    assert "Review this emergency change until" in page


def test_without_names_in_the_policy_nobody_may(desk: Desk) -> None:
    desk.let(who=[])
    with pytest.raises(ChangeRefusedError, match="allows emergency changes to nobody"):
        desk.ask("ada")


def test_who_lost_the_role_before_the_decision_decides_nothing(desk: Desk) -> None:
    trigger = desk.ask("ada")
    desk.prepare(trigger)
    desk.roles["admin"] = []
    with pytest.raises(NotAuthorisedError, match="ada may not run emergency changes"):
        desk.settle(trigger)
    assert desk.change(trigger).status is ChangeStatus.REFUSED
    assert desk.review(trigger) is None


def test_who_lost_the_role_after_the_decision_runs_no_step(desk: Desk) -> None:
    trigger = desk.ask("ada")
    desk.prepare(trigger)
    desk.settle(trigger)
    desk.roles["admin"] = []
    with pytest.raises(NotAuthorisedError, match="ada may not run emergency changes"):
        desk.step(trigger)
    change = desk.change(trigger)
    with desk.office.database.session() as session:
        executions = list_executions(session, change.id)
    assert [each for each in executions if each.phase is Phase.STEP] == []
    assert desk.review(trigger) is not None  # the glass was broken, so somebody looks


def test_a_decision_of_somebody_else_in_its_place_lets_no_step_run(desk: Desk) -> None:
    trigger = desk.ask("ada")
    desk.prepare(trigger)
    desk.settle(trigger)
    with desk.office.database.session() as session:
        session.execute(update(DecisionRow).values(decided_by="olivia"))
    with pytest.raises(NotAuthorisedError, match="olivia decided, and ada started it"):
        desk.step(trigger)


def test_a_request_for_a_normal_change_breaks_no_glass(desk: Desk) -> None:
    trigger = desk.ask("ada")
    desk.prepare(trigger)
    with desk.office.database.session() as session:
        session.execute(update(HandRequestRow).values(is_emergency=False))
    with pytest.raises(NotAuthorisedError, match="nobody is on record who broke the glass"):
        desk.settle(trigger)


def test_the_decision_without_check_mode_is_refused(desk: Desk) -> None:
    trigger = desk.ask("ada")
    assert guard_change(desk.task(trigger))
    assess_risk(desk.task(trigger, "assess_risk"))
    with pytest.raises(NotAuthorisedError, match="check mode did not pass"):
        desk.settle(trigger)


def test_a_task_that_died_after_the_decision_finds_it_with_its_review(desk: Desk) -> None:
    trigger = desk.ask("ada")
    desk.prepare(trigger)
    first = desk.settle(trigger).decision
    desk.office.clock.pass_time(minutes=5)
    assert desk.settle(trigger).decision == first
    assert len(desk.told(FactKind.REVIEW_OPENED)) == 1


def test_the_kill_switch_stops_an_emergency_change_too(desk: Desk) -> None:
    trigger = desk.ask("ada")
    with desk.office.database.session() as session:
        set_kill_switch(session, make_switch(at=desk.office.clock()))
    with pytest.raises(SuppressedError):
        guard_change(desk.task(trigger))
    assert desk.incident_status() is IncidentStatus.SUPPRESSED


def test_an_emergency_change_passes_the_budget_where_the_policy_lets_it(desk: Desk) -> None:
    first = desk.ask("ada")
    desk.run(first)  # one of one an hour
    desk.open(2)
    desk.open(3)
    with pytest.raises(BudgetSpentError):
        guard_change(desk.task(desk.ask("olivia", number=3, is_emergency=False)))
    assert guard_change(desk.task(desk.ask("ada", number=2)))


def test_an_emergency_change_passes_no_budget_where_the_policy_does_not(desk: Desk) -> None:
    desk.let(passes=[])
    desk.run(desk.ask("ada"))
    desk.open(2)
    with pytest.raises(BudgetSpentError):
        guard_change(desk.task(desk.ask("ada", number=2)))


CLOSED = {
    "freezes": [{"name": "year end", "from": "2026-03-01", "to": "2026-03-10"}],
    "windows": [{"name": "never", "from": "03:00", "to": "03:30", "binding": True}],
}


def test_an_emergency_change_runs_at_once_in_a_freeze_and_outside_of_its_window(
    desk: Desk,
) -> None:
    desk.let(calendar=CLOSED)
    trigger = desk.ask("ada")
    desk.prepare(trigger, ansible=True)
    assert desk.settle(trigger).approved
    desk.step(trigger)
    (passed,) = desk.told(FactKind.GUARD_PASSED)
    assert "as an emergency change it does not wait, though the freeze 'year end' lasts" in passed


@pytest.mark.parametrize("calendar", ["freezes", "windows"])
def test_no_other_change_by_hand_passes_the_calendar(desk: Desk, calendar: str) -> None:
    desk.let(calendar={calendar: CLOSED[calendar]})
    trigger = desk.ask("olivia", is_emergency=False)
    if calendar == "freezes":
        with pytest.raises(CalendarClosedError):  # for longer than changes wait
            guard_change(desk.task(trigger))
    else:
        desk.prepare(trigger)
        assert not desk.settle(trigger).approved


def test_an_emergency_change_keeps_the_calendar_where_the_policy_says_so(desk: Desk) -> None:
    desk.let(calendar=CLOSED, passes=["budgets"])
    with pytest.raises(CalendarClosedError):
        guard_change(desk.task(desk.ask("ada")))


# --- The review -----------------------------------------------------------------------------


def test_the_runbook_is_locked_from_the_deadline_on(desk: Desk) -> None:
    first = desk.ask("ada")
    desk.run(first)
    review = desk.review(first)
    assert review is not None
    desk.open(2)
    second = desk.ask("ada", number=2)
    for seconds, locked in ((-1, False), (0, True), (1, True)):
        now = review.due_at + timedelta(seconds=seconds)
        with desk.office.database.session() as session:
            assert (find_lock(session, "service-down", now) is not None) == locked
    desk.office.clock.at = review.due_at
    desk.office.seal()
    with pytest.raises(RunbookLockedError, match="is overdue since"):
        guard_change(desk.task(second))


def test_completing_an_overdue_review_frees_the_runbook_and_the_report_tells_it(
    desk: Desk,
) -> None:
    first = desk.ask("ada")
    desk.run(first)
    desk.office.clock.pass_time(days=2)
    for _ in range(2):
        follow_reviews(desk.office.database, desk.office.settings, now=desk.office.clock)
    (told,) = desk.told(FactKind.REVIEW_OVERDUE)
    assert "Runbook service-down is locked" in told

    desk.office.clock.pass_time(hours=1)
    assert desk.complete(first).verdict is ReviewVerdict.JUSTIFIED
    desk.office.clock.pass_time(minutes=1)
    with desk.office.database.session() as session:
        assert overdue_review(session, "service-down", desk.office.clock()) is None
    desk.office.seal()
    desk.open(2)
    assert guard_change(desk.task(desk.ask("ada", number=2)))

    follow_reviews(desk.office.database, desk.office.settings, now=desk.office.clock)
    change = desk.change(first)
    with desk.office.database.session() as session:
        report = load_report(session, change.id)
    assert report is not None
    assert report["review"]["reviewed_by"] == "vera"
    assert "vera reviewed it: justified." in report["summary"]


def test_who_had_a_part_or_is_not_asked_reviews_nothing(desk: Desk) -> None:
    desk.let(reviewers=["board"])
    trigger = desk.ask("ada")
    desk.run(trigger)
    for by, why in (
        ("ada", "ada ran this change"),
        ("Ada", "Ada ran this change"),
        ("robin", "robin is an author"),
        ("policy", "names nobody"),
        (" ", "names nobody"),
        ("priya", "priya is not among the reviewers"),
    ):
        with pytest.raises(ReviewError, match=why):
            desk.complete(trigger, by)
    review = desk.review(trigger)
    assert review is not None
    assert review.reviewed_at is None


def test_a_review_is_completed_once_with_notes_and_after_the_end(desk: Desk) -> None:
    trigger = desk.ask("ada")
    desk.prepare(trigger)
    desk.settle(trigger)
    with pytest.raises(ReviewError, match="has not ended"):
        desk.complete(trigger)
    desk.close(trigger)
    with pytest.raises(ReviewError, match="the notes have 2 characters"):
        desk.complete(trigger, notes=" ok ")
    desk.complete(trigger)
    with pytest.raises(ReviewError, match="was reviewed by vera already"):
        desk.complete(trigger, "priya", verdict=ReviewVerdict.NOT_JUSTIFIED)
    desk.open(2)
    normal = desk.ask("olivia", number=2, is_emergency=False)
    with pytest.raises(ReviewError, match="owes no review"):
        desk.complete(normal)
