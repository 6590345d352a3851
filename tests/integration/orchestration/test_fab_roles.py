"""Roles under FAB: real accounts in a real Airflow database, written down for tasks to read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from airmend.change.model import ChangeStatus
from airmend.errors import ChangeRefusedError, NotAuthorisedError, RolesUnknownError
from airmend.execution.model import Phase
from airmend.orchestration.answering import Answer, settle, take_answer
from airmend.orchestration.asking import Asked
from airmend.orchestration.assessment import assess_again, assess_risk
from airmend.orchestration.auth_roles import find_assignees, find_roles
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.executing import authorise
from airmend.records.database import Database
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from airmend.records.people_tables import RoleSnapshotRow
from airmend.records.role_snapshots import read_snapshot
from tests.integration.orchestration.conftest import Office, as_task
from tests.integration.orchestration.fab_site import SETTINGS, FabSite

BEGINS = {
    "type": "http",
    "method": "PATCH",
    "path": "/execution/task-instances/0199d0d6-0000-7000-8000-000000000000/run",
}
OPERATORS = {"name": "ops", "from": ["role:Op"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FabSite]:
    """Airflow's API server with the FAB auth manager, as far as accounts go."""
    site = FabSite(tmp_path_factory.mktemp("airflow"))
    yield site
    site.close()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: what differs between the two is tested with the records."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture(autouse=True)
def accounts(site: FabSite, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Three people, anew for each test, with their ids; tasks know that FAB has them."""
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", SETTINGS["AIRFLOW__CORE__AUTH_MANAGER"])
    site("group", name="night shift", members=[], roles=["Op"])
    site("user", name="gone", roles=["Op"], active=False)
    people = {"olga": ["Op"], "peter": ["Op", "Viewer"], "vera": ["Viewer"]}
    return {name: site("user", name=name, roles=roles) for name, roles in people.items()}


def assess_anew(run: ChangeRun) -> None:
    """What the sensor looks at before a yes is final, without Ansible."""
    assess_again(run)


class Desk:
    """A change that an operator has to approve, in tasks that know of Airflow what they can."""

    def __init__(self, office: Office, site: FabSite, rule: dict[str, Any]) -> None:
        self.site = site
        policy = office.folder / "policy.yaml"
        approval = {"groups": {"leads": ["olga", "vera"]}, "rules": [rule]}
        policy.write_text(yaml.safe_dump({"approval": approval}))
        settings = office.settings.model_copy(update={"policy_file": policy})
        self.office = replace(office, settings=settings)
        version = self.office.publish(
            authors=["robin"], change={"type": "normal", "service": "shop"}
        )
        self.change, guard = self.office.guarded(version)
        self.run = replace(as_task(guard, "approval"), find_roles=find_roles)
        assess_risk(self.run)

    @property
    def database(self) -> Database:
        return self.office.database

    def begin(self) -> None:
        """A task begins: its call passes by the API server first."""
        assert self.site("call", records=str(self.database.url), scope=BEGINS)

    def look(self) -> Asked:
        """The approval begins and looks at its question."""
        self.begin()
        return settle(self.run, self.roles(), assess_anew)

    def answer(self, user: str) -> Asked:
        """Somebody answers, and the approval goes on."""
        self.begin()
        answer = Answer("Approve", user, self.office.clock(), "")
        take_answer(self.run, answer, self.roles(), approve="Approve", reject="Reject")
        return self.look()

    def roles(self) -> Any:
        with self.database.session() as session:
            return find_roles(session)

    def authorise(self) -> None:
        """A step begins."""
        self.begin()
        with self.database.session() as session:
            authorise(self.run, session, Phase.STEP)

    def grow_old(self) -> None:
        """Ten minutes pass for what was written down."""
        with self.database.session() as session:
            taken_at = read_snapshot(session, max_age=timedelta(minutes=1)).taken_at
            old = taken_at - timedelta(minutes=10)
            session.execute(update(RoleSnapshotRow).values(taken_at=old))

    def told(self, kind: FactKind) -> list[str]:
        with self.database.session() as session:
            story = read_story(session, self.change.incident_id)
        return [fact.text for fact in story if fact.kind is kind]


@pytest.fixture
def desk(office: Office, site: FabSite) -> Desk:
    """One operator is asked."""
    return Desk(office, site, OPERATORS)


def test_a_role_is_asked_by_its_members_and_airflow_by_their_ids(
    desk: Desk, accounts: dict[str, str]
) -> None:
    asked = desk.look()
    assert asked.people == ["olga", "peter"]
    with desk.database.session() as session:
        assigned = find_assignees(session, [*asked.people, "nobody"])
    assert assigned == [{"id": accounts[name], "name": name} for name in ("olga", "peter")]
    assert all(user["id"].isdigit() for user in assigned)
    assert desk.answer("olga").approved
    desk.authorise()


def test_who_has_another_role_decides_nothing(desk: Desk) -> None:
    desk.look()
    assert desk.answer("vera").decision is None
    assert "vera is not among those whom 'ops' asks" in desk.told(FactKind.APPROVAL_IGNORED)[0]


def test_who_lost_the_role_before_the_answer_decides_nothing(desk: Desk, site: FabSite) -> None:
    desk.look()
    site("user", name="olga", roles=["Viewer"])
    assert desk.answer("olga").decision is None
    assert desk.answer("peter").approved


def test_whose_account_was_closed_decides_nothing(desk: Desk, site: FabSite) -> None:
    desk.look()
    site("user", name="olga", roles=["Op"], active=False)
    assert desk.answer("olga").decision is None


def test_who_lost_the_role_after_the_decision_carries_no_step(desk: Desk, site: FabSite) -> None:
    desk.look()
    desk.answer("olga")
    site("user", name="olga", roles=["Viewer"])
    with pytest.raises(NotAuthorisedError, match="olga may not approve it any more"):
        desk.authorise()


def test_a_role_by_a_group_of_fab_counts(desk: Desk, site: FabSite) -> None:
    site("group", name="night shift", members=["vera"], roles=["Op"])
    assert desk.look().people == ["olga", "peter", "vera"]


def test_a_role_that_nobody_has_refuses_the_change(desk: Desk, site: FabSite) -> None:
    for name in ("olga", "peter"):
        site("user", name=name, roles=["Viewer"])
    with pytest.raises(ChangeRefusedError, match="needs 1 of nobody is known"):
        desk.look()
    assert desk.office.read(desk.change).status is ChangeStatus.REFUSED


def test_without_a_young_word_of_the_api_server_nothing_is_decided(desk: Desk) -> None:
    with pytest.raises(RolesUnknownError, match="has not written it down"):
        settle(desk.run, desk.roles(), assess_anew)
    desk.look()
    desk.grow_old()
    with pytest.raises(RolesUnknownError, match="at most 120 s count"):
        settle(desk.run, desk.roles(), assess_anew)
    assert desk.office.read(desk.change).status is ChangeStatus.AWAITING_APPROVAL
    assert desk.answer("olga").approved  # once it is known again
    desk.grow_old()
    with pytest.raises(RolesUnknownError), desk.database.session() as session:
        authorise(desk.run, session, Phase.STEP)
    desk.authorise()


def test_what_asks_no_role_needs_none(office: Office, site: FabSite) -> None:
    desk = Desk(office, site, {"name": "leads", "from": ["leads"]})
    asked = settle(desk.run, desk.roles(), assess_anew)
    assert asked.people == ["olga", "vera"]
    with desk.database.session() as session:
        assert find_assignees(session, asked.people) == []


def test_the_server_writes_roles_down_when_it_starts(desk: Desk, site: FabSite) -> None:
    url = str(desk.database.url)
    assert site("call", records=url, scope={"type": "lifespan"}, thread=True)
    for _ in range(600):
        with desk.database.session() as session:
            if session.get(RoleSnapshotRow, "airflow") is not None:
                break
        time.sleep(0.1)
    with desk.database.session() as session:
        assert read_snapshot(session, max_age=timedelta(minutes=1)).roles["op"] == ["olga", "peter"]


def test_a_call_passes_though_roles_cannot_be_written_down(site: FabSite) -> None:
    assert site("call", records="sqlite:////proc/nowhere/records.db", scope=BEGINS)


def test_any_other_call_passes_without_a_look(desk: Desk, site: FabSite) -> None:
    other = {"type": "http", "method": "GET", "path": "/api/v2/dags"}
    assert site("call", records=str(desk.database.url), scope=other)
    with desk.database.session() as session:
        assert session.get(RoleSnapshotRow, "airflow") is None


def test_the_servers_own_pages_ask_fab_itself(site: FabSite) -> None:
    roles = site("pages")
    assert roles["op"] == ["olga", "peter"]
    assert "gone" not in {name for names in roles.values() for name in names}


def test_a_question_that_is_put_again_has_the_new_text_and_keeps_a_new_answer(
    site: FabSite,
) -> None:
    steps = [{"put": "first"}, {"put": "reminder 1"}, {"answer": "olga"}, {"put": "reminder 2"}]
    states = site("question", tries=[steps])
    assert [state["text"] for state in states] == [
        "first",
        "reminder 1",
        "reminder 1",
        "reminder 2",
    ]
    assert [state["by"] for state in states] == [None, None, "olga", "olga"]
    assert states[-1]["chosen"] == ["Approve"]
    assert states[-1]["comment"] == "fine"


def test_an_answer_that_ended_a_try_is_not_given_back_in_the_next(site: FabSite) -> None:
    first = [{"put": "first"}, {"answer": "olga"}]
    states = site("question", tries=[first, [{"put": "second"}, {"put": "reminder"}]])
    assert [state["by"] for state in states] == [None, "olga", None, None]
    assert states[-1]["text"] == "reminder"
