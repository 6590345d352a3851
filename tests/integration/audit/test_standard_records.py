"""Templates, rungs and authors are sealed: what was granted cannot be rewritten, names can go."""

from __future__ import annotations

import pytest

from airmend.audit.erasure import ERASED, erase_person
from airmend.records.authorship import list_authorship, save_authorship
from airmend.records.database import Database
from airmend.records.standard import add_step, add_template, list_steps, list_templates
from airmend.records.standard import suspend_template as suspend
from airmend.records.standard_model import (
    Authorship,
    Autonomy,
    AutonomyStep,
    GitPerson,
    Trouble,
)
from airmend.records.troubles import record_caused
from tests.builders import AT
from tests.integration.audit.stories import edit, record_story, seal_all, verify
from tests.integration.audit.test_sealing import sealed_kinds

DIGEST = "d1" * 32


@pytest.fixture
def granted(database: Database) -> Database:
    """Olivia trusted a runbook that she had changed before; then a change disappointed."""
    record_story(database)
    with database.session() as session:
        template = add_template(
            session,
            runbook_id="service-down",
            digest=DIGEST,
            approved_by="olivia",
            approved_at=AT,
            reason="olivia looked",
            max_hosts=1,
            hosts=["web*"],
            clean_runs=28,
            failed_runs=0,
            bound=0.9018,
            asked_bound=0.9,
        )
        step = AutonomyStep(
            runbook_id="service-down",
            before=Autonomy.APPROVE,
            level=Autonomy.AUTO,
            by="olivia",
            reason="template 1",
            at=AT,
        )
        add_step(session, step)
        trouble = Trouble(
            change_id="chg-0001",
            runbook_id="service-down",
            digest=DIGEST,
            at=AT,
            why="its incident came again",
            incident_id="inc-0001",
        )
        assert record_caused(session, trouble)
        assert not record_caused(session, trouble)
        save_authorship(
            session,
            Authorship(
                runbook_id="service-down",
                digest=DIGEST,
                tree="t",
                commit="c",
                people=[GitPerson(name="Olivia M", email="olivia@example.com")],
                unknown="",
                taken_at=AT,
            ),
        )
    seal_all(database)
    with database.session() as session:
        assert suspend(session, template.id, by="policy", reason="chg-0001 failed", at=AT)
        assert not suspend(session, template.id, by="rita", reason="again", at=AT)
    seal_all(database)
    return database


def test_each_is_sealed_once_and_a_suspension_when_it_is_made(granted: Database) -> None:
    new = sealed_kinds(granted)[9:]
    assert new == [
        *("authorship", "standard_template", "autonomy_step", "caused_incident"),
        "standard_template_end",
    ]
    assert verify(granted).findings == []


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE standard_templates SET max_hosts = 99", "standard_template 1"),
        ("UPDATE standard_templates SET approved_by = 'peter'", "standard_template 1"),
        ("UPDATE standard_templates SET suspended_at = NULL", "standard_template_end 1"),
        ("UPDATE autonomy_steps SET level = 'observe'", "autonomy_step 1"),
        ("DELETE FROM caused_incidents", "caused_incident chg-0001"),
        ("UPDATE runbook_authorship SET people = '[]'", "authorship 1"),
    ],
)
def test_what_was_granted_cannot_be_rewritten(granted: Database, statement: str, kind: str) -> None:
    edit(granted, statement)
    assert kind in str(verify(granted).findings)


def test_an_erased_person_is_in_none_of_them(granted: Database) -> None:
    with granted.session() as session:
        erase_person(session, "olivia", by="the officer", reason="request 17", at=AT)
    seal_all(granted)
    assert verify(granted).findings == []
    with granted.session() as session:
        (template,) = list_templates(session)
        (step,) = list_steps(session, "service-down")
        (authorship,) = list_authorship(session, DIGEST)
    assert (template.approved_by, template.reason) == (ERASED, f"{ERASED} looked")
    assert step.by == ERASED
    assert [(person.name, person.email) for person in authorship.people] == [
        (f"{ERASED} M", f"{ERASED}@example.com")
    ]
