"""Open questions are reminded of and told, each time once, and nothing of it holds them up."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
import yaml
from airflow.sdk import Context
from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time import task_runner

from airmend.change.model import ChangeStatus
from airmend.change.notice_text import NoticeText
from airmend.change.notifier_plan import Notifier
from airmend.orchestration import answering, approval_sensor
from airmend.orchestration.answering import Answer, settle, take_answer
from airmend.orchestration.asking import Asked
from airmend.orchestration.asking_again import AskedAgain
from airmend.orchestration.assessment import assess_again, assess_risk
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.closing import close_change
from airmend.orchestration.telling import tell_people
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from tests.integration.orchestration.conftest import Office, as_task

MINUTES_10 = {"remind_after_seconds": 600}
TWO_LEADS = {"name": "two leads", "count": 2, "from": ["leads"]}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


def assess_anew(run: ChangeRun) -> None:
    """What the sensor looks at before a yes is final, without Ansible."""
    assess_again(run)


class Desk:
    """A question that two leads are asked, and the notifiers that tell them."""

    def __init__(self, office: Office) -> None:
        self.policy, self.plan = office.folder / "policy.yaml", office.folder / "notifiers.yaml"
        paths = {"policy_file": self.policy, "notifiers_file": self.plan}
        self.office = replace(office, settings=office.settings.model_copy(update=paths))
        self.write_policy(TWO_LEADS, **MINUTES_10)
        self.write_plan({"name": "mail"})
        version = self.office.publish(
            authors=["robin"], change={"type": "normal", "service": "shop"}
        )
        self.change, guard = self.office.guarded(version)
        self.run: ChangeRun = as_task(guard, "approval")
        assess_risk(self.run)
        self.sent: list[tuple[str, NoticeText]] = []
        self.failure = ""

    def write_policy(self, *rules: dict[str, Any], **override: Any) -> None:
        groups = {"leads": ["olga", "peter", "rita"], "board": ["vera"]}
        approval = {"groups": groups, "rules": list(rules), **override}
        self.policy.write_text(yaml.safe_dump({"approval": approval}))

    def write_plan(self, *notifiers: dict[str, Any]) -> None:
        entries = [{"class": "airmend.mail.Notifier", **each} for each in notifiers]
        self.plan.write_text(yaml.safe_dump({"notifiers": entries}))

    def send(self, notifier: Notifier, text: NoticeText) -> str:
        self.sent.append((notifier.name, text))
        return self.failure

    def settle(self) -> Asked:
        """The task looks at the question."""
        return settle(self.run, {}, assess_anew)

    def look(self) -> Asked:
        """The task looks at the question and tells of it, as the sensor does."""
        asked = self.settle()
        if asked.decision is None:
            tell_people(self.run, asked, self.send)
        return asked

    def answer(self, user: str) -> Asked:
        answer = Answer("Approve", user, self.office.clock(), "")
        take_answer(self.run, answer, {}, approve="Approve", reject="Reject")
        return self.look()

    def pass_time(self, **units: float) -> None:
        self.office.clock.pass_time(**units)

    def told(self, kind: FactKind) -> list[str]:
        with self.office.database.session() as session:
            story = read_story(session, self.change.incident_id)
        return [fact.text for fact in story if fact.kind is kind]

    @property
    def occasions(self) -> list[tuple[str, int]]:
        return [(text.occasion, text.number) for _, text in self.sent]


@pytest.fixture
def desk(office: Office) -> Desk:
    """A question, not put yet."""
    return Desk(office)


def test_people_are_told_of_the_question_and_each_time_that_it_stays_open(desk: Desk) -> None:
    asked = desk.look()
    assert desk.occasions == [("asked", 0)]
    assert "Reminded" not in asked.body
    for number in (1, 2):
        desk.pass_time(seconds=(asked.looks_at - desk.office.clock()).total_seconds())
        asked = desk.look()
        assert desk.occasions[-1] == ("reminder", number)
    assert "**Reminded 2 times**, last at" in asked.body
    first, second = desk.told(FactKind.APPROVAL_REMINDED)
    assert first.startswith("Reminder 1: still needs 2 of olga, peter, rita (two leads)")
    assert second.startswith("Reminder 2")
    assert asked.looks_at - asked.asked_at == 3 * (asked.looks_at - desk.office.clock())


def test_what_is_told_says_who_is_wanted_and_where(desk: Desk) -> None:
    desk.look()
    desk.answer("olga")
    desk.pass_time(minutes=10)
    desk.look()
    text = desk.sent[-1][1]
    assert text.people == ("peter", "rita")
    assert text.needs == "1 of olga, peter, rita (two leads)"
    assert text.subject.startswith("Reminder 1: ")
    assert "\n" not in text.subject
    assert text.link == (
        "http://localhost:8080/dags/service-down/runs/airmend__INC-1/tasks/approval/required_actions"
    )
    assert text.link in text.text
    assert text.incident == "INC-1"


def test_nobody_is_reminded_once_enough_have_answered(desk: Desk) -> None:
    desk.look()
    desk.answer("olga")
    assert desk.answer("peter").approved
    desk.pass_time(minutes=30)
    desk.look()
    assert desk.occasions == [("asked", 0)]
    assert desk.told(FactKind.APPROVAL_REMINDED) == []


def test_the_end_of_the_time_is_a_no_and_no_reminder(desk: Desk) -> None:
    desk.look()
    desk.pass_time(hours=4)
    assert desk.look().decision is not None
    assert desk.office.read(desk.change).status is ChangeStatus.EXPIRED
    assert desk.told(FactKind.APPROVAL_REMINDED) == []


def test_a_task_that_begins_again_reminds_nobody_twice(desk: Desk) -> None:
    desk.look()
    desk.pass_time(minutes=10)
    for _ in range(3):
        desk.look()
    assert desk.occasions == [("asked", 0), ("reminder", 1)]
    assert len(desk.told(FactKind.APPROVAL_REMINDED)) == 1


def test_a_death_between_record_and_telling_loses_nothing(desk: Desk) -> None:
    desk.settle()  # written down, and killed before anybody was told
    desk.look()
    desk.pass_time(minutes=10)
    desk.settle()
    desk.look()
    assert desk.occasions == [("asked", 0), ("reminder", 1)]


def test_a_notifier_that_takes_the_process_with_it_is_left_after_the_second_time(
    desk: Desk,
) -> None:
    desk.settle()
    program = desk.office.folder / "dies.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import logging, os, signal
            from dataclasses import replace
            from airmend.orchestration.answering import settle
            from airmend.orchestration.telling import tell_people
            from airmend.records.database import Database
            from airmend.records.runbooks import get_version
            from airmend.orchestration.change_run import ChangeRun
            from airmend.settings import Settings
            from datetime import datetime

            database = Database({str(desk.office.database.url)!r})
            with database.session() as session:
                version = get_version(session, {desk.run.digest!r})
            run = ChangeRun(
                database=database,
                settings=Settings(
                    policy_file={str(desk.policy)!r}, notifiers_file={str(desk.plan)!r}
                ),
                now=lambda: datetime.fromisoformat({desk.office.clock().isoformat()!r}),
                log=logging.getLogger(), change_id={desk.change.id!r}, version=version,
                run_id={desk.run.run_id!r}, task_id="approval", try_number=1,
            )
            asked = settle(run, {{}}, lambda run: None)
            tell_people(run, asked, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            """
        )
    )
    ends = [subprocess.run([sys.executable, program], check=False).returncode for _ in range(3)]
    assert ends == [-signal.SIGKILL, -signal.SIGKILL, 0]
    desk.look()
    assert desk.sent == []
    desk.pass_time(minutes=10)
    desk.look()
    assert desk.occasions == [("reminder", 1)]  # the next one is the next chance


def test_one_that_failed_is_in_the_story_and_the_question_stays_open(desk: Desk) -> None:
    desk.write_plan({"name": "mail"}, {"name": "chat"})
    desk.failure = "TimeoutError; the log of this task says more"
    assert desk.look().decision is None
    desk.look()
    assert [name for name, _ in desk.sent] == ["mail", "chat"]
    assert desk.told(FactKind.APPROVAL_UNTOLD) == [
        f"The notifier '{name}' told nobody: {desk.failure}" for name in ("mail", "chat")
    ]
    desk.failure = ""
    desk.answer("olga")
    assert desk.answer("peter").approved


@pytest.mark.parametrize("text", ["notifiers: 3", "{", "notifiers: [{name: a, class: 'os; x'}]"])
def test_a_mistake_in_the_file_stops_no_approval(desk: Desk, text: str) -> None:
    desk.plan.write_text(text)
    assert desk.look().decision is None
    assert "Nobody could be told" in desk.told(FactKind.APPROVAL_UNTOLD)[0]
    assert "notifiers.yaml" in desk.told(FactKind.APPROVAL_UNTOLD)[0]
    desk.answer("olga")
    assert desk.answer("peter").approved


def test_a_notifier_is_told_of_the_occasions_that_it_names(desk: Desk) -> None:
    desk.write_plan({"name": "mail", "occasions": ["reminder"]}, {"name": "chat"})
    desk.look()
    desk.pass_time(minutes=10)
    desk.look()
    assert [(name, text.occasion) for name, text in desk.sent] == [
        ("chat", "asked"),
        ("mail", "reminder"),
        ("chat", "reminder"),
    ]


def test_a_notifier_that_is_added_later_is_not_told_of_the_past(desk: Desk) -> None:
    desk.look()
    desk.write_plan({"name": "mail"}, {"name": "chat"})
    desk.look()
    assert [name for name, _ in desk.sent] == ["mail"]


def test_an_escalation_is_recorded_and_told_once_to_those_asked_then(desk: Desk) -> None:
    board = {"name": "board", "from": ["board"]}
    desk.write_policy(board | {"escalate_after_seconds": 300, "escalate_to": ["leads"]})
    asked = desk.look()
    assert asked.people == ["vera"]
    desk.pass_time(seconds=(asked.looks_at - asked.asked_at).total_seconds())
    for _ in range(2):
        asked = desk.look()
    assert asked.looks_at == asked.expires_at
    assert desk.occasions == [("asked", 0), ("escalation", 0)]
    assert desk.sent[-1][1].people == ("vera", "olga", "peter", "rita")
    (told,) = desk.told(FactKind.APPROVAL_ESCALATED)
    assert told.startswith("Escalated: 'board' was not met in time")


def test_reminders_are_in_the_report(desk: Desk) -> None:
    desk.look()
    desk.pass_time(minutes=10)
    desk.look()
    desk.pass_time(hours=4)
    desk.look()
    files = close_change(as_task(desk.run, "report")).files
    page = next(Path(file) for file in files if file.endswith(".md")).read_text()
    assert "Reminder 1: still needs 2 of olga, peter, rita" in page


def test_who_left_the_group_after_the_decision_carries_no_step(desk: Desk) -> None:
    from airmend.errors import NotAuthorisedError
    from airmend.execution.model import Phase
    from airmend.orchestration.executing import authorise

    desk.look()
    desk.answer("olga")
    desk.answer("peter")
    with desk.office.database.session() as session:
        authorise(desk.run, session, Phase.STEP)
    desk.policy.write_text(desk.policy.read_text().replace("olga", "otto"))
    with (
        pytest.raises(NotAuthorisedError, match="olga may not approve it any more"),
        desk.office.database.session() as session,
    ):
        authorise(desk.run, session, Phase.STEP)


class Supervisor:
    """What Airflow hears of a task while it runs."""

    def __init__(self) -> None:
        self.questions: list[Any] = []

    def send(self, msg: Any) -> None:
        self.questions.append(msg)


@pytest.fixture
def supervisor(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """Stands between the sensor and Airflow, which runs no task here; the sensor has the desk's."""
    supervisor = Supervisor()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    monkeypatch.setattr(approval_sensor, "open_run", lambda *_: desk.run)
    monkeypatch.setattr(answering, "look_again", lambda run, _cancelled: assess_anew(run))
    return supervisor


def test_the_sensor_parks_again_for_a_reminder_and_in_another_try_after_an_answer(
    desk: Desk, supervisor: Supervisor
) -> None:
    desk.plan.unlink()  # so that telling cannot work, which must not matter
    sensor = approval_sensor.ApprovalSensor(task_id="approval", digest=desk.run.digest)
    context = cast("Context", {"ti": SimpleNamespace(id=uuid4())})
    with pytest.raises(TaskAwaitingInput) as parked:
        sensor.execute(context)
    assert parked.value.timeout == timedelta(minutes=10)
    desk.pass_time(minutes=10)
    with pytest.raises(TaskAwaitingInput) as parked:
        sensor.resume(context, {"error": "nobody answered", "error_type": "timeout"})
    assert parked.value.timeout == timedelta(minutes=10)
    first, second = supervisor.questions
    assert "Reminded" not in first.body
    assert "**Reminded once**" in second.body
    user = {"id": "1", "name": "olga"}
    answer = {"chosen_options": ["Approve"], "responded_by_user": user, "responded_at": None}
    with pytest.raises(AskedAgain):
        sensor.resume(context, answer)
    answer["responded_by_user"] = {"id": "2", "name": "peter"}
    assert sensor.resume(context, answer)["verdict"] == "approved"
    assert len(supervisor.questions) == 2
