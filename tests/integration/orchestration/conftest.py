"""A change run over real records and a real inventory, without Airflow."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from airmend.audit.upkeep import seal_and_hand_on
from airmend.change.model import ChangeRequest, ChangeStatus
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.publication import publish_runbooks
from airmend.orchestration.signatures import SignaturesTaker
from airmend.records.changes import create_change, get_change
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.runbook.catalog import load_catalog, load_runbook
from airmend.runbook.model import RunbookVersion
from airmend.runbook.signature_file import SIGNATURE_FILE
from airmend.settings import Settings
from tests.builders import AT, make_change, make_incident
from tests.runbook_folders import write_runbook
from tests.ssh_keys import Person

NEVER = threading.Event()
"""Nobody cancels."""

INVENTORY = {
    "web": {
        "hosts": {
            name: {"ansible_connection": "local", "ansible_host": "127.0.0.1"}
            for name in ("web1", "web2", "web3")
        },
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
    }
}


class Clock:
    """A clock that tests move."""

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_time(self, **units: float) -> None:
        self.at += timedelta(**units)


@dataclass(frozen=True)
class Office:
    """One installation: records, runbooks, inventory and a clock."""

    database: Database
    settings: Settings
    clock: Clock
    folder: Path
    signers: tuple[Person, ...] = ()

    def publish(self, **override: Any) -> RunbookVersion:
        """Write and publish a runbook, signed by those who sign; gives its version."""
        folder = write_runbook(self.settings.runbooks_dir, **override)
        if self.signers:
            self.sign(folder, *self.signers)
        return self.publish_again(folder.name)

    def sign(self, folder: Path, *people: Person) -> None:
        """Put signatures beside what a runbook's folder holds now, instead of earlier ones."""
        version = load_runbook(folder).version
        texts = [person.sign_version(version) for person in people]
        (folder / SIGNATURE_FILE).write_text("".join(texts))

    def publish_again(self, name: str = "service-down") -> RunbookVersion:
        """Publish what the folder holds now, as the DAG processor does; gives one's version."""
        loaded = load_catalog(self.settings.runbooks_dir)
        assert loaded.broken == []
        self.clock.pass_time(seconds=1)
        taker = SignaturesTaker(self.settings.runbooks_dir)
        taker.take(self.database, loaded, at=self.clock())
        with self.database.session() as session:
            publish_runbooks(session, loaded, {}, at=self.clock())
        return next(it.version for it in loaded.runbooks if it.version.runbook.id == name)

    def request(self, version: RunbookVersion, number: int = 1, **override: Any) -> ChangeRequest:
        """Store an incident and the change that was requested for it."""
        runbook = version.runbook
        fields: dict[str, Any] = {
            "id": f"CHG-{number}",
            "incident_id": f"INC-{number}",
            "runbook_id": runbook.id,
            "dag_id": runbook.id,
            "run_id": f"airmend__INC-{number}",
            "runbook_digest": version.digest,
            "runbook_version": runbook.version,
            "change_type": runbook.change.type,
            "requested_by": "source:alertmanager",
            "targets": [],
            "requested_at": self.clock(),
        } | override
        change = make_change(**fields)
        with self.database.session() as session:
            create_incident(
                session, make_incident(id=change.incident_id, fingerprint=f"fp-{number}")
            )
            create_change(session, change)
        return change

    def run(self, change: ChangeRequest, version: RunbookVersion, task: str) -> ChangeRun:
        """The change as one of its tasks sees it."""
        return ChangeRun(
            database=self.database,
            settings=self.settings,
            now=self.clock,
            log=logging.getLogger("airmend.tests"),
            change_id=change.id,
            version=version,
            run_id=change.run_id,
            task_id=task,
            try_number=1,
        )

    def seal(self) -> None:
        """What the DAG of sealing does once a minute."""
        seal_and_hand_on(self.database, self.settings, now=self.clock)

    def read(self, change: ChangeRequest) -> ChangeRequest:
        """The change as the records hold it now."""
        with self.database.session() as session:
            return get_change(session, change.id)

    def guarded(self, version: RunbookVersion, number: int = 1) -> tuple[ChangeRequest, ChangeRun]:
        """A change that holds its targets."""
        change = self.request(version, number)
        run = self.run(change, version, "guard")
        assert guard_change(run)
        assert self.read(change).status is ChangeStatus.ASSESSING
        return self.read(change), run


def make_office(database: Database, folder: Path) -> Office:
    """An installation without runbooks yet, in a folder of its own."""
    inventory = folder / "inventory.yaml"
    inventory.write_text(yaml.safe_dump(INVENTORY))
    settings = Settings(
        home=folder / "home",
        runbooks_dir=folder / "runbooks",
        inventory=inventory,
    )
    settings.runbooks_dir.mkdir()
    return Office(database, settings, Clock(), folder)


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    """An installation without runbooks yet."""
    return make_office(database, tmp_path)


def as_task(run: ChangeRun, task_id: str) -> ChangeRun:
    """The same change as another task sees it, in a process of its own."""
    return replace(run, task_id=task_id, owner=f"{task_id}-process")
