"""Templates and the ladder over real records: who grants, what takes it away, and what counts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from airmend.change.granting import (
    approve_template,
    move_on_ladder,
    suspend_by_person,
)
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.change.policy import Policy
from airmend.change.standard import Ground
from airmend.change.trust import (
    draw_conclusions,
    read_ground,
    rung_of,
    settle_caused,
    withdraw_trust,
)
from airmend.errors import RunbookLockedError, StandardChangeError, UnknownRunbookError
from airmend.execution.model import ExecutionStatus, Phase
from airmend.incident.model import IncidentStatus
from airmend.orchestration.publication import publish_runbooks
from airmend.records.authorship import save_authorship
from airmend.records.changes import create_change, get_change, set_change_status
from airmend.records.database import Database
from airmend.records.executions import claim_execution, finish_execution
from airmend.records.incidents import create_incident
from airmend.records.ledger import append_fact, read_story
from airmend.records.model import FactKind
from airmend.records.runbooks import lock_runbook
from airmend.records.standard import latest_template, list_steps, list_templates
from airmend.records.standard_model import Authorship, Autonomy, GitPerson, Template
from airmend.records.standard_tables import TemplateRow
from airmend.records.starts import record_start
from airmend.records.troubles import count_runs
from airmend.runbook.catalog import load_catalog
from airmend.runbook.model import RunbookVersion
from tests.builders import AT, make_change, make_incident, make_target
from tests.runbook_folders import write_runbook

POLICY = Policy()
WORD = Policy.model_validate({"standard": {"success_bound": 0}})
NAME = "service-down"


@dataclass
class Shop:
    """Records with one runbook, and changes that end as a test says."""

    database: Database
    runbooks: Path
    version: RunbookVersion
    now: datetime = AT
    count: int = 0

    def publish(self, **override: Any) -> RunbookVersion:
        self.now += timedelta(minutes=1)
        write_runbook(self.runbooks, **override)
        loaded = load_catalog(self.runbooks)
        with self.database.session() as session:
            publish_runbooks(session, loaded, {}, at=self.now)
        self.version = loaded.runbooks[0].version
        return self.version

    def incident(self, number: str, **override: Any) -> str:
        with self.database.session() as session:
            create_incident(
                session,
                make_incident(id=number, fingerprint=number, opened_at=self.now, **override),
            )
        return number

    def begin(self) -> ChangeRequest:
        """A change of a host of its own, of which a step has begun."""
        with self.database.session() as session:
            return self._begin(session)

    def _begin(self, session: Session) -> ChangeRequest:
        self.count += 1
        name = f"web{self.count}"
        incident = make_incident(
            id=f"INC-{self.count}", fingerprint=name, opened_at=self.now, host=name
        )
        change = make_change(
            id=f"CHG-{self.count}",
            incident_id=incident.id,
            run_id=f"run-{self.count}",
            runbook_digest=self.version.digest,
            targets=[make_target(name, address=f"10.0.0.{self.count}")],
            requested_at=self.now,
        )
        create_incident(session, incident)
        create_change(session, change)
        record_start(session, change.id, runbook_id=NAME, service="shop", at=self.now)
        claim = claim_execution(
            session,
            change.id,
            Phase.STEP,
            "restart",
            task_id="restart",
            owner="a",
            now=self.now,
            again=False,
        )
        succeeded = ExecutionStatus.SUCCEEDED
        finish_execution(session, claim.execution.id, "a", succeeded, at=self.now)
        return change

    def end(
        self,
        status: ChangeStatus = ChangeStatus.SUCCEEDED,
        policy: Policy = POLICY,
        times: int = 1,
    ) -> ChangeRequest:
        """Changes that begin and end, as their report task leaves them; gives the last one."""
        with self.database.session() as session:
            for _ in range(times):
                change = self._begin(session)
                self.now += timedelta(minutes=1)
                set_change_status(session, change.id, status, at=self.now)
                session.expire_all()
                draw_conclusions(session, policy, change.id, at=self.now)
                draw_conclusions(session, policy, change.id, at=self.now)  # the task began again
                self.now += timedelta(minutes=1)
            return get_change(session, change.id)

    def grant(self, policy: Policy = POLICY, by: str = "olivia", **limits: Any) -> Template:
        self.now += timedelta(minutes=1)
        with self.database.session() as session:
            return approve_template(
                session, NAME, policy, by=by, reason="it goes well", now=self.now, **limits
            )

    def move(self, wanted: Autonomy, policy: Policy = POLICY, by: str = "olivia") -> None:
        self.now += timedelta(minutes=1)
        with self.database.session() as session:
            move_on_ladder(session, NAME, wanted, policy, by=by, reason="so", now=self.now)

    def rung(self, policy: Policy = POLICY) -> Autonomy:
        with self.database.session() as session:
            return rung_of(session, NAME, policy.autonomy)

    def template(self) -> Template | None:
        with self.database.session() as session:
            return latest_template(session, NAME)

    def ground(self, change: ChangeRequest, policy: Policy = POLICY) -> Ground:
        with self.database.session() as session:
            return read_ground(session, change, policy, now=self.now)

    def settle(self, policy: Policy = POLICY) -> int:
        with self.database.session() as session:
            return settle_caused(session, policy, now=self.now)

    def story(self, change: ChangeRequest) -> list[FactKind]:
        with self.database.session() as session:
            return [fact.kind for fact in read_story(session, change.incident_id)]

    def record(self) -> tuple[int, int]:
        with self.database.session() as session:
            found = count_runs(session, self.version.digest)
        return found.clean, found.failed


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    found = Shop(database, tmp_path / "runbooks", None)  # type: ignore[arg-type] # set below
    found.publish()
    return found


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty records to copy."""
    path = tmp_path_factory.mktemp("records") / "records.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()  # the last connection leaves everything in the one file
    return path


@pytest.fixture
def on_sqlite(migrated: Path, tmp_path: Path) -> Shop:
    """For what no database does differently."""
    copy = shutil.copy(migrated, tmp_path / "records.db")
    database = Database(f"sqlite:///{copy}")
    found = Shop(database, tmp_path / "runbooks", None)  # type: ignore[arg-type] # set below
    found.publish()
    return found


def test_a_template_takes_28_clean_runs_and_sets_auto(shop: Shop) -> None:
    shop.end(times=27)
    with pytest.raises(StandardChangeError, match=r"27 clean runs of 27.* 1 more clean runs"):
        shop.grant()
    assert (shop.template(), shop.rung()) == (None, Autonomy.APPROVE)
    shop.end()
    template = shop.grant(max_hosts=1, hosts=["web*"])
    assert (template.clean_runs, template.failed_runs) == (28, 0)
    assert template.bound == pytest.approx(0.9018, abs=1e-3)
    assert shop.rung() is Autonomy.AUTO
    ground = shop.ground(shop.begin())
    assert ground.template == template
    assert (ground.autonomy, ground.trouble, ground.record.clean) == (Autonomy.AUTO, None, 28)


@pytest.mark.parametrize("status", [ChangeStatus.FAILED, ChangeStatus.ROLLED_BACK])
def test_a_change_that_fails_suspends_the_template_and_costs_one_rung(
    shop: Shop, status: ChangeStatus
) -> None:
    shop.grant(WORD)
    shop.end(policy=WORD)
    assert shop.rung() is Autonomy.AUTO
    failed = shop.end(status, policy=WORD)
    template = shop.template()
    assert template is not None
    assert template.suspended_by == "policy"
    assert template.suspension_reason.startswith(f"change {failed.id}: it ")
    assert shop.rung() is Autonomy.APPROVE
    kinds = shop.story(failed)
    assert kinds.count(FactKind.TEMPLATE_SUSPENDED) == 1
    assert kinds.count(FactKind.AUTONOMY_LOWERED) == 1
    assert shop.record() == (1, 1)
    # a person approves it anew, and the old failure does not take that away again
    shop.grant(WORD)
    with shop.database.session() as session:
        withdraw_trust(session, WORD, failed.id, at=shop.now)
    assert shop.rung() is Autonomy.AUTO
    assert len([kept for kept in _templates(shop) if kept.is_active]) == 1


def _templates(shop: Shop) -> list[Template]:
    with shop.database.session() as session:
        return list_templates(session)


@pytest.mark.parametrize(
    "status",
    [ChangeStatus.REFUSED, ChangeStatus.REJECTED, ChangeStatus.EXPIRED, ChangeStatus.CANCELLED],
)
def test_a_change_that_did_nothing_costs_nothing(on_sqlite: Shop, status: ChangeStatus) -> None:
    on_sqlite.grant(WORD)
    on_sqlite.end(status, policy=WORD)
    assert on_sqlite.rung() is Autonomy.AUTO
    assert on_sqlite.record() == (0, 0)


def test_an_edit_suspends_and_what_was_before_the_edit_counts_no_more(shop: Shop) -> None:
    shop.end(times=28)
    first = shop.version
    shop.grant()
    edited = shop.publish(version="1.0.1")
    assert edited.digest != first.digest
    template = shop.template()
    assert template is not None
    assert template.suspended_by == "policy"
    assert template.suspension_reason.endswith(f"it is content {edited.digest[:12]} now")
    assert shop.record() == (0, 0)
    with pytest.raises(StandardChangeError, match="28 more clean runs"):
        shop.grant()
    shop.publish()  # as it was: the suspension stays, and its record counts again
    assert shop.version.digest == first.digest
    assert shop.template() == template
    shop.grant()


HORIZON = timedelta(seconds=POLICY.standard.recurrence_horizon_seconds)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("after", "what", "caused"),
    [
        (HORIZON, {"host": "web1"}, True),
        (HORIZON + SECOND, {"host": "web1"}, False),
        (SECOND, {"host": "WEB1:9100"}, True),
        (SECOND, {"host": "10.0.0.1"}, True),
        (-30 * SECOND, {"host": "web1"}, True),  # while the step ran
        (-90 * SECOND, {"host": "web1"}, False),  # before it began
        (SECOND, {"host": "web7", "service": "shop"}, False),  # another host of the service
        (SECOND, {"host": None, "service": "shop"}, True),
        (SECOND, {"host": None, "service": "mail"}, False),
        (SECOND, {"host": None, "service": None}, False),
        (SECOND, {"host": "web1", "status": IncidentStatus.SUPPRESSED}, False),
    ],
)
def test_an_incident_is_laid_to_a_change(
    on_sqlite: Shop, after: timedelta, what: dict[str, Any], caused: bool
) -> None:
    shop = on_sqlite
    shop.grant(WORD)
    done = shop.end(policy=WORD)
    assert done.ended_at is not None
    shop.now = done.ended_at + after
    shop.incident("INC-next", **what)
    shop.now = done.ended_at + HORIZON + timedelta(minutes=5)
    following = shop.begin()
    # it counts at once, before upkeep has written it down
    assert (shop.ground(following, WORD).trouble is not None) is caused
    assert shop.settle(WORD) == caused
    assert shop.settle(WORD) == 0
    template = shop.template()
    assert template is not None
    assert template.is_active is not caused
    assert shop.rung() is (Autonomy.APPROVE if caused else Autonomy.AUTO)
    assert shop.record() == ((0, 1) if caused else (1, 0))
    if caused:
        assert FactKind.INCIDENT_CAUSED in shop.story(done)
        with shop.database.session() as session:
            told = read_story(session, "INC-next")
        assert [fact.kind for fact in told] == [FactKind.INCIDENT_CAUSED]
        assert {fact.change_id for fact in told} == {done.id}


def test_an_incident_that_opens_again_is_laid_to_its_change(shop: Shop) -> None:
    shop.grant(WORD)
    done = shop.end(policy=WORD)
    with shop.database.session() as session:
        append_fact(
            session,
            FactKind.INCIDENT_REOPENED,
            "fires again",
            at=shop.now,
            incident_id=done.incident_id,
        )
    assert shop.settle(WORD) == 1
    template = shop.template()
    assert template is not None
    assert template.suspension_reason == (
        f"change {done.id}: its incident {done.incident_id} came again"
    )


def test_a_policy_may_lay_nothing_to_changes(on_sqlite: Shop) -> None:
    policy = Policy.model_validate(
        {"standard": {"success_bound": 0, "recurrence_horizon_seconds": 0}}
    )
    on_sqlite.grant(policy)
    on_sqlite.end(policy=policy)
    on_sqlite.incident("INC-next", host="web1")
    assert on_sqlite.settle(policy) == 0
    assert on_sqlite.ground(on_sqlite.begin(), policy).trouble is None


def _lock(shop: Shop) -> None:
    with shop.database.session() as session:
        lock_runbook(session, NAME, reason="look", change_id="CHG-1", at=shop.now)


@pytest.mark.parametrize(
    ("prepare", "options", "error", "words"),
    [
        (None, {"by": "rita"}, StandardChangeError, "rita is an author"),
        (None, {"by": "RITA "}, StandardChangeError, "is an author"),
        (None, {"by": "robin"}, StandardChangeError, "robin is an author"),  # by git
        (None, {"by": "quincy"}, StandardChangeError, "quincy is an author"),  # by the policy
        (None, {"by": "policy"}, StandardChangeError, "is no person"),
        (None, {"by": " "}, StandardChangeError, "say who decides"),
        (None, {"max_hosts": 2}, StandardChangeError, "the runbook allows 1 to 1"),
        (None, {"max_hosts": 0}, StandardChangeError, "the runbook allows 1 to 1"),
        (None, {"hosts": ["web*", " "]}, StandardChangeError, "empty pattern"),
        (_lock, {}, RunbookLockedError, "Unlock it first"),
        (lambda it: it.move(Autonomy.PROPOSE), {}, StandardChangeError, "stands at 'propose'"),
        (
            lambda it: it.publish(change={"type": "normal", "service": "shop"}),
            {},
            StandardChangeError,
            "only a standard change has a template",
        ),
    ],
)
def test_a_template_is_refused(
    on_sqlite: Shop,
    prepare: Callable[[Shop], None] | None,
    options: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    policy = Policy.model_validate(
        {
            "standard": {"success_bound": 0},
            "authors": {"git_identities": {"q.smith@example.com": "quincy"}},
        }
    )
    authors(on_sqlite, "robin@example.com", "Q.Smith@example.com")
    if prepare is not None:
        prepare(on_sqlite)
    with pytest.raises(error, match=words):
        on_sqlite.grant(policy, **options)
    assert on_sqlite.template() is None


def authors(shop: Shop, *emails: str, unknown: str = "") -> None:
    with shop.database.session() as session:
        save_authorship(
            session,
            Authorship(
                runbook_id=NAME,
                digest=shop.version.digest,
                tree="t",
                commit=f"commit-{unknown}",
                people=[GitPerson(name="", email=email) for email in emails],
                unknown=unknown,
                taken_at=shop.now,
            ),
        )


def test_a_policy_may_require_that_every_author_is_known(on_sqlite: Shop) -> None:
    policy = Policy.model_validate(
        {"standard": {"success_bound": 0}, "authors": {"require_committed": True}}
    )
    with pytest.raises(StandardChangeError, match="not looked up yet"):
        on_sqlite.grant(policy)
    authors(on_sqlite, unknown="not committed to git as they are: runbook.yaml")
    with pytest.raises(StandardChangeError, match="not committed"):
        on_sqlite.grant(policy)
    authors(on_sqlite, "robin@example.com")
    on_sqlite.grant(policy)


def test_what_is_not_published_gets_nothing(on_sqlite: Shop) -> None:
    with on_sqlite.database.session() as session, pytest.raises(UnknownRunbookError):
        approve_template(session, "no-such", WORD, by="olivia", reason="so", now=AT)


def test_a_newer_template_takes_the_place_of_the_one_before(shop: Shop) -> None:
    first = shop.grant(WORD)
    second = shop.grant(WORD, hosts=["web1"])
    assert [(kept.id, kept.is_active) for kept in _templates(shop)] == [
        (first.id, False),
        (second.id, True),
    ]
    two_at_once = update(TemplateRow).where(TemplateRow.id == first.id).values(suspended_at=None)
    with shop.database.session() as session, pytest.raises(IntegrityError), session.begin_nested():
        session.execute(two_at_once)


def test_anybody_suspends_a_template_once(shop: Shop) -> None:
    shop.grant(WORD)
    with shop.database.session() as session:
        suspend_by_person(session, NAME, by="rita", reason="I doubt it", now=shop.now)
    with shop.database.session() as session, pytest.raises(StandardChangeError, match="no templ"):
        suspend_by_person(session, NAME, by="rita", reason="again", now=shop.now)


def test_the_ladder_is_climbed_by_people_and_every_move_is_kept(shop: Shop) -> None:
    shop.move(Autonomy.OBSERVE, by="rita")  # down: an author too
    with pytest.raises(StandardChangeError, match="one rung at a time"):
        shop.move(Autonomy.APPROVE)
    with pytest.raises(StandardChangeError, match="rita is an author"):
        shop.move(Autonomy.PROPOSE, by="rita")
    shop.move(Autonomy.PROPOSE)
    shop.move(Autonomy.APPROVE)
    with pytest.raises(StandardChangeError, match="no approved template"):
        shop.move(Autonomy.AUTO)
    shop.grant(WORD)
    shop.move(Autonomy.APPROVE)
    shop.move(Autonomy.AUTO)  # its template was never taken away
    with shop.database.session() as session:
        steps = list_steps(session, NAME)
    assert [step.level.value for step in steps] == [
        *("observe", "propose", "approve", "auto", "approve", "auto")
    ]
    assert [step.before for step in steps[1:]] == [step.level for step in steps[:-1]]
    assert [step.by for step in steps] == ["rita", *["olivia"] * 5]


def test_evidence_for_a_rung_is_told_once(on_sqlite: Shop) -> None:
    shop = on_sqlite
    shop.end(times=30)
    with shop.database.session() as session:
        told = [
            fact
            for number in range(1, 31)
            for fact in read_story(session, f"INC-{number}")
            if fact.kind is FactKind.AUTONOMY_EARNED
        ]
    (fact,) = told
    assert fact.change_id == "CHG-28"
    assert "airmend standard approve service-down --by NAME --reason WHY" in fact.text


def test_a_floor_below_lets_a_runbook_fall_further(on_sqlite: Shop) -> None:
    policy = Policy.model_validate({"autonomy": {"floor": "observe"}})
    falls = []
    for _ in range(4):
        on_sqlite.end(ChangeStatus.FAILED, policy)
        falls.append(on_sqlite.rung(policy).value)
    assert falls == ["propose", "observe", "observe", "observe"]
