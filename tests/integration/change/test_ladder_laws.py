"""No order of events lets the policy approve without template, rung and record, all at once."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from airmend.change.approval import decide_automatically
from airmend.change.granting import (
    approve_template,
    move_on_ladder,
    suspend_by_person,
    suspend_edited,
)
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.change.policy import Policy
from airmend.change.standard import success_bound
from airmend.change.trust import draw_conclusions, read_ground, rung_of, settle_caused
from airmend.errors import StandardChangeError
from airmend.records.changes import create_change, set_change_status
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.model import Catalog, CatalogEntry
from airmend.records.runbooks import publish_catalog, save_version
from airmend.records.standard_model import Autonomy
from airmend.records.tables import Table
from tests.builders import AT, make_change, make_incident, make_runbook_version, make_target
from tests.unit.change.builders import make_preflight, make_score

NAME = "service-down"
FAILURES = {ChangeStatus.FAILED, ChangeStatus.ROLLED_BACK}
POLICY = Policy.model_validate({"standard": {"success_bound": 0.5}})
ENOUGH = 4
"""So many clean runs in a row meet the bound of 0.5: 0.05 ** (1 / 5) is 0.549."""

VERSIONS = [make_runbook_version(version=f"1.0.{number}") for number in range(2)]


class Ladder(RuleBasedStateMachine):
    """Events in any order, beside a model that knows only when trust was given and lost."""

    def __init__(self) -> None:
        super().__init__()
        self.database = Database("sqlite://")
        self.now = AT
        self.count = 0
        self.content = 0
        self.trusted: int | None = None  # the content that a person's template is for
        self.rung = Autonomy.APPROVE
        self.clean = [0, 0]
        self.failed = [0, 0]
        self.last_clean: tuple[str, int] | None = None  # its host, and its content

    @initialize()
    def install(self) -> None:
        Table.metadata.create_all(self.database.engine)
        self.publish()

    def teardown(self) -> None:
        self.database.close()

    def publish(self) -> None:
        version = VERSIONS[self.content]
        entry = CatalogEntry(runbook_id=NAME, digest=version.digest)
        catalog = Catalog(version=version.digest[:16], entries=[entry])
        with self.tick() as session:
            save_version(session, version, b"", at=self.now)
            publish_catalog(session, catalog, at=self.now)
            suspend_edited(session, catalog, at=self.now)

    def tick(self) -> AbstractContextManager[Session]:
        self.now += timedelta(minutes=1)
        return self.database.session()

    def change(self, session: Session, host: str) -> str:
        self.count += 1
        incident = f"INC-{self.count}"
        at = {"opened_at": self.now - timedelta(days=9)}
        create_incident(session, make_incident(id=incident, fingerprint=incident, host=host, **at))
        change = make_change(
            id=f"CHG-{self.count}",
            incident_id=incident,
            run_id=incident,
            runbook_digest=VERSIONS[self.content].digest,
            targets=[make_target(host, address=host)],
        )
        create_change(session, change)
        return change.id

    @rule(status=st.sampled_from([ChangeStatus.SUCCEEDED] * 4 + [*FAILURES, ChangeStatus.REFUSED]))
    def run(self, status: ChangeStatus) -> None:
        host = f"web{self.count}"
        with self.tick() as session:
            change_id = self.change(session, host)
            set_change_status(session, change_id, status, at=self.now)
            session.expire_all()
            draw_conclusions(session, POLICY, change_id, at=self.now)
        if status is ChangeStatus.SUCCEEDED:
            self.clean[self.content] += 1
            self.last_clean = (host, self.content)
        elif status in FAILURES:
            self.failed[self.content] += 1
            self.lose(self.content)

    def lose(self, content: int) -> None:
        if self.trusted == content:
            self.trusted = None
        if self.rung is Autonomy.AUTO:
            self.rung = Autonomy.APPROVE

    @precondition(lambda self: self.last_clean is not None)
    @rule(settled=st.booleans())
    def incident(self, settled: bool) -> None:
        assert self.last_clean is not None
        host, content = self.last_clean
        self.last_clean = None
        with self.tick() as session:
            self.count += 1
            name = f"INC-{self.count}"
            create_incident(
                session,
                make_incident(id=name, fingerprint=name, host=host, opened_at=self.now),
            )
        self.clean[content] -= 1
        self.failed[content] += 1
        # whether or not upkeep has been by, the policy approves nothing from now on
        with self.tick() as session:
            if not settled:
                found = read_ground(session, self.asked(host), POLICY, now=self.now)
                lost = content == self.trusted == self.content
                assert found.trouble is not None or not lost
            settle_caused(session, POLICY, now=self.now)
        self.lose(content)

    @rule()
    def edit(self) -> None:
        self.content = 1 - self.content
        self.publish()
        self.trusted = None

    @rule()
    def approve(self) -> None:
        content, allowed = self.content, True
        allowed &= self.rung in {Autonomy.APPROVE, Autonomy.AUTO}
        allowed &= self.is_proven()
        try:
            with self.tick() as session:
                approve_template(session, NAME, POLICY, by="olivia", reason="so", now=self.now)
        except StandardChangeError:
            assert not allowed
        else:
            assert allowed
            self.trusted, self.rung = content, Autonomy.AUTO

    @rule()
    def suspend(self) -> None:
        try:
            with self.tick() as session:
                suspend_by_person(session, NAME, by="rita", reason="so", now=self.now)
        except StandardChangeError:
            assert self.trusted is None
        self.trusted = None

    @rule(wanted=st.sampled_from(Autonomy))
    def move(self, wanted: Autonomy) -> None:
        step = wanted.rung - self.rung.rung
        allowed = step < 0 or (
            step == 1 and (wanted is not Autonomy.AUTO or self.trusted == self.content)
        )
        try:
            with self.tick() as session:
                move_on_ladder(
                    session, NAME, wanted, POLICY, by="olivia", reason="so", now=self.now
                )
        except StandardChangeError:
            assert not allowed
        else:
            assert allowed
            self.rung = wanted

    def is_proven(self) -> bool:
        """By counting alone, where nothing failed; otherwise by the bound of the same counts."""
        clean, failed = self.clean[self.content], self.failed[self.content]
        if failed == 0:
            return clean >= ENOUGH
        with self.database.session() as session:
            record = read_ground(session, self.asked("web"), POLICY, now=self.now).record
        assert (record.clean, record.failed) == (clean, failed)
        proven = success_bound(record, POLICY.standard) >= POLICY.standard.success_bound
        assert not proven or clean > failed
        return proven

    def asked(self, host: str) -> ChangeRequest:
        return make_change(
            id="CHG-asked",
            runbook_digest=VERSIONS[self.content].digest,
            targets=[make_target(host)],
            risk=make_score(),
        )

    @invariant()
    def the_policy_approves_with_all_three_alone(self) -> None:
        if self.count == 0 and self.trusted is None and self.now == AT:
            return  # before the first event
        with self.database.session() as session:
            ground = read_ground(session, self.asked("web-x"), POLICY, now=self.now)
            assert rung_of(session, NAME, POLICY.autonomy) is self.rung
        approved = decide_automatically(self.asked("web-x"), POLICY, make_preflight(), ground)
        trusted = self.trusted == self.content and self.rung is Autonomy.AUTO
        if approved is not None:
            assert trusted
        assert (approved is not None) is (trusted and self.is_proven())


def test_no_order_of_events_lets_the_policy_approve_without_ground() -> None:
    run_state_machine_as_test(
        Ladder,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
        ),
    )
