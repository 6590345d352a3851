"""No order of events lets a normal change be executed without enough votes on the same content."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import update

from airmend.change.model import Verdict
from airmend.errors import ChangeRefusedError
from airmend.execution.model import Phase
from airmend.orchestration.answering import Answer, settle, take_answer
from airmend.orchestration.assessment import assess_again, assess_risk
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.executing import authorise
from airmend.records.changes import get_change, get_decision
from airmend.records.database import Database
from airmend.records.tables import ChangeRow
from airmend.records.votes import list_votes
from tests.integration.orchestration.conftest import Office, as_task, make_office

LEADS = ("olga", "peter", "rita")
PEOPLE = (*LEADS, "vera", "robin", "source:alertmanager", "OLGA", "")


class Approvals(RuleBasedStateMachine):
    """People answer, join and leave, time passes, the world changes, tasks die and begin again."""

    @initialize()
    def open_office(self) -> None:
        """A normal change of which two of three leads have to approve."""
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        database = Database(f"sqlite:///{folder / 'records.db'}")
        database.migrate()
        office = make_office(database, folder)
        self.policy = folder / "policy.yaml"
        self.leads = set(LEADS)
        self.write_policy()
        chosen = office.settings.model_copy(update={"policy_file": self.policy})
        self.office: Office = replace(office, settings=chosen)
        version = self.office.publish(
            authors=["robin"], change={"type": "normal", "service": "shop"}
        )
        self.change, guard = self.office.guarded(version)
        self.run: ChangeRun = as_task(guard, "approval")
        assess_risk(self.run)
        self.drift = 0  # how the world will look at the next look
        self.seen = 0
        self.may_answer_at_decision: set[str] | None = None
        self.settle()

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "folder"):
            self.office.database.close()
            self.folder.cleanup()

    def write_policy(self) -> None:
        approval = {
            "groups": {"leads": sorted(self.leads)},
            "rules": [{"name": "two leads", "count": 2, "from": ["leads"]}],
        }
        self.policy.write_text(yaml.safe_dump({"approval": approval}))

    def look_again(self, run: ChangeRun) -> None:
        """What the real one finds out with Ansible is told by the test here."""
        if self.drift != self.seen:
            self.seen = self.drift
            with run.database.session() as session:
                session.execute(update(ChangeRow).values(foreseen={"repair": str(self.drift)}))
        assess_again(run)

    def settle(self) -> None:
        before = self.decided()
        try:
            settle(self.run, {}, self.look_again)
        except ChangeRefusedError:
            pass
        if before is None and self.decided() is Verdict.APPROVED:
            self.may_answer_at_decision = set(self.leads)

    def decided(self) -> Verdict | None:
        with self.office.database.session() as session:
            decision = get_decision(session, self.change.id)
        return decision.verdict if decision else None

    @rule(user=st.sampled_from(PEOPLE), chosen=st.sampled_from(["Approve", "Approve", "Reject"]))
    def answer(self, user: str, chosen: str) -> None:
        """Somebody answers, and the task goes on."""
        self.answer_and_die(user, chosen)
        self.settle()

    @rule(user=st.sampled_from(PEOPLE), chosen=st.sampled_from(["Approve", "Approve", "Reject"]))
    def answer_and_die(self, user: str, chosen: str) -> None:
        """Somebody answers, and the task dies before it looks at the question."""
        answer = Answer(chosen, user, self.office.clock(), "")
        try:
            take_answer(self.run, answer, {}, approve="Approve", reject="Reject")
        except ChangeRefusedError:
            pass

    @rule()
    def begin_again(self) -> None:
        """The task begins again, or a person cleared it."""
        self.settle()

    @rule()
    def change_the_world(self) -> None:
        """Check mode will show something else the next time."""
        self.drift += 1

    @rule(inputs=st.sampled_from([{"host": "web1", "service": "shop"}, {"host": "web1"}]))
    def edit_the_change(self, inputs: dict[str, str]) -> None:
        """Somebody writes into the records."""
        with self.office.database.session() as session:
            session.execute(update(ChangeRow).values(inputs=inputs))

    @rule(user=st.sampled_from(LEADS))
    def leave_or_join(self, user: str) -> None:
        """The group changes while people are asked."""
        self.leads ^= {user}
        if not self.leads:
            self.leads = {user}
        self.write_policy()

    @rule(hours=st.floats(0.1, 5))
    def pass_time(self, hours: float) -> None:
        """Time passes; after four hours no answer is a no."""
        self.office.clock.pass_time(hours=hours)

    @invariant()
    def nothing_is_authorised_without_two_leads_on_this_content(self) -> None:
        """Try to execute at every moment."""
        if not hasattr(self, "run"):
            return
        with self.office.database.session() as session:
            change = get_change(session, self.change.id)
            decision = get_decision(session, change.id)
            votes = list_votes(session, change.id)
        try:
            with self.office.database.session() as session:
                authorise(self.run, session, Phase.STEP)
        except ChangeRefusedError:
            return
        assert decision is not None
        assert decision.verdict is Verdict.APPROVED
        yes = {
            vote.person
            for vote in votes
            if vote.approves and vote.content_hash == change.content_hash()
        }
        assert self.may_answer_at_decision is not None
        assert len(yes & self.may_answer_at_decision & set(LEADS)) >= 2


TestApprovals = Approvals.TestCase
TestApprovals.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    suppress_health_check=list(HealthCheck),
)
