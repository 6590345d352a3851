"""`airmend standard` and `airmend autonomy`, on the records of an installation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from airmend.change.granting import published_version
from airmend.cli import main
from airmend.cli.standing_in import approve_template_by_command
from airmend.openssh.signatures import read_signatures
from airmend.orchestration.publication import publish_runbooks
from airmend.records.database import Database
from airmend.records.signatures import save_signatures
from airmend.runbook.catalog import load_catalog
from airmend.settings import get_settings
from tests.builders import AT
from tests.runbook_folders import write_runbook
from tests.ssh_keys import OLGA, trust

Command = Callable[..., Result]
WHY = ("--by", "olivia", "--reason", "it goes well")


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here: the records are tested on both."""
    return f"sqlite:///{tmp_path / 'records.db'}"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text("{}")
    return path


@pytest.fixture
def airmend(
    database: Database, policy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    """Runs commands on records that hold one standard and one normal runbook."""
    runbooks = tmp_path / "runbooks"
    write_runbook(runbooks)
    write_runbook(runbooks, id="disk-full", change={"type": "normal", "service": "shop"})
    with database.session() as session:
        publish_runbooks(session, load_catalog(runbooks), {}, at=AT)
    monkeypatch.setenv("AIRMEND_DATABASE_URL", f"sqlite:///{tmp_path / 'records.db'}")
    monkeypatch.setenv("AIRMEND_POLICY_FILE", str(policy))
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(main.app, list(words))
    get_settings.cache_clear()


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_a_template_that_is_not_earned_is_refused_with_what_is_missing(airmend: Command) -> None:
    assert "service-down  approve  no template; 0 clean runs of 0" in said(
        airmend("standard", "list")
    )
    refused = airmend("standard", "approve", "service-down", *WHY)
    assert refused.exit_code == 1
    assert "28 more clean runs are needed" in refused.output
    for words in (("service-down", "--by", "rita", "--reason", "mine"), ("no-such", *WHY)):
        assert airmend("standard", "approve", *words).exit_code == 1
    assert airmend("standard", "approve", "service-down", "--by", "olivia").exit_code == 2


def test_a_template_on_a_word_says_that_it_is_one(airmend: Command, policy: Path) -> None:
    policy.write_text("standard: {success_bound: 0}")
    limits = ("--max-hosts", "1", "--host", "web*", "--host", "db1")
    output = said(airmend("standard", "approve", "service-down", *WHY, *limits))
    assert "template 1 of service-down is approved by olivia" in output
    assert "limits    at most 1 hosts; web*, db1" in output
    assert "rests on the approver's word alone" in output
    assert "service-down  auto  approved by olivia" in said(airmend("standard", "list"))
    shown = said(airmend("standard", "show", "service-down"))
    assert "authors   rita; they approve nothing of it" in shown
    assert "somebody may be missing: its authors in git were not looked up yet" in shown
    assert "is suspended" in said(airmend("standard", "suspend", "service-down", *WHY))
    assert "suspended by olivia at" in said(airmend("standard", "show", "service-down"))
    assert airmend("standard", "suspend", "service-down", *WHY).exit_code == 1


def test_a_runbook_that_is_not_signed_gets_no_template_where_signatures_are_required(
    airmend: Command, policy: Path, database: Database
) -> None:
    document = {
        "standard": {"success_bound": 0},
        "runbooks": {"signatures": "required", "trusted_keys": trust(OLGA)},
    }
    policy.write_text(yaml.safe_dump(document))
    refused = airmend("standard", "approve", "service-down", *WHY)
    assert refused.exit_code == 1
    assert "runbook service-down 1.0.0 (content " in refused.output
    assert "is not signed by a trusted key" in refused.output
    assert "`airmend runbook sign`. It gets no template before" in refused.output
    assert "no template" in said(airmend("standard", "list"))
    with database.session() as session:
        version = published_version(session, "service-down")
        save_signatures(session, version, read_signatures(OLGA.sign_version(version)), at=AT)
    assert "is approved by olivia" in said(airmend("standard", "approve", "service-down", *WHY))


def test_the_ladder_is_listed_moved_and_remembered(airmend: Command) -> None:
    listed = said(airmend("autonomy", "list"))
    assert "service-down  approve  not yet 'auto': 0 clean runs of 0" in listed
    assert "disk-full  approve  its highest rung as a normal change" in listed
    assert "nobody has moved service-down" in said(airmend("autonomy", "history", "service-down"))
    moved = said(airmend("autonomy", "set", "service-down", "observe", *WHY))
    assert moved == "service-down stands at 'observe', was at 'approve'\n"
    too_far = airmend("autonomy", "set", "service-down", "approve", *WHY)
    assert too_far.exit_code == 1
    assert "one rung at a time. Set 'propose' first" in too_far.output
    assert "not yet 'propose': 0 of 5 matched incidents" in said(airmend("autonomy", "list"))
    history = said(airmend("autonomy", "history", "service-down"))
    assert "approve -> observe  by olivia: it goes well" in history


def test_evidence_that_suffices_is_told_with_the_command(airmend: Command, policy: Path) -> None:
    policy.write_text("autonomy: {default: propose, proposals_to_approve: 0}")
    assert (
        "disk-full  propose  evidence suffices for 'approve': 0 of 0 proposals; "
        "airmend autonomy set disk-full approve --by NAME --reason WHY"
    ) in said(airmend("autonomy", "list"))


def test_the_program_itself_approves(airmend: Command, policy: Path) -> None:
    assert airmend is not None
    policy.write_text("standard: {success_bound: 0}")
    output = approve_template_by_command(os.environ, "service-down", by="olivia", reason="so")
    assert output.startswith("template 1 of service-down is approved by olivia\n")
