"""Few hosts of a tier are worked on at once, over all changes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
import yaml

from airmend.change.model import ChangeStatus
from airmend.errors import ExecutionCancelledError, TargetBusyError
from airmend.orchestration import sharing
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.guarding import guard_change
from airmend.orchestration.repairing import run_step
from airmend.orchestration.sharing import wait_for_share
from airmend.records.ledger import read_story
from airmend.records.model import FactKind
from tests.integration.orchestration.conftest import NEVER, Office
from tests.integration.orchestration.test_remediation import Job

TOPOLOGY = """\
services:
  shop:
    tier: 3
    owner: web-team
    configuration_items: [web1, web2, web3]
  news:
    tier: 4
    owner: news-team
    configuration_items: [mail1]
"""


@dataclass
class Share:
    """Changes of one runbook on one host each, in an installation that knows its tiers."""

    office: Office

    def begin(self, number: int, host: str) -> ChangeRun:
        version = self.office.publish()
        change = self.office.request(version, number, inputs={"host": host, "service": "shop"})
        run = self.office.run(change, version, "guard")
        assert guard_change(run)
        return run


@pytest.fixture
def share(office: Office) -> Share:
    """Three web hosts of tier 3, of which one may be worked on at once."""
    path = office.folder / "topology.yaml"
    path.write_text(TOPOLOGY)
    settings = office.settings.model_copy(update={"topology_file": path})
    return Share(replace(office, settings=settings))


def allow(share: Share, part: float, **more: Any) -> None:
    path = share.office.folder / "policy.yaml"
    path.write_text(yaml.safe_dump({"guard_rails": {"tier_share": part}, **more}))
    settings = share.office.settings.model_copy(update={"policy_file": path})
    share.office = replace(share.office, settings=settings)


def test_the_second_change_waits_until_the_first_has_ended(
    share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LOOK_AGAIN_SECONDS", 0.05)
    first, second = share.begin(1, "web1"), share.begin(2, "web2")
    assert wait_for_share(first, NEVER) == 1
    assert wait_for_share(first, NEVER) == 1  # a task that begins again
    looked = threading.Event()

    class Watching(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            looked.set()
            return super().wait(timeout)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for_share, second, Watching())
        assert looked.wait(60)
        assert not waiting.done()
        with share.office.database.session() as session:
            first.end(session, ChangeStatus.SUCCEEDED, "done")
        assert waiting.result(60) == 1
    with share.office.database.session() as session:
        facts = [f.text for f in read_story(session, "INC-2") if f.kind is FactKind.TARGETS_WAITED]
    assert facts == [
        "Waits: 1 of 1 hosts of tier 3 that may be worked on at once are taken, by CHG-1"
    ]


def test_waiting_ends_with_the_policys_limit(share: Share) -> None:
    allow(share, 0.1, target_wait_seconds=0)
    first, second = share.begin(1, "web1"), share.begin(2, "web2")
    wait_for_share(first, NEVER)
    with pytest.raises(TargetBusyError, match=r"taken, by CHG-1; waited 0 s"):
        wait_for_share(second, NEVER)


def test_waiting_can_be_stopped(share: Share) -> None:
    first, second = share.begin(1, "web1"), share.begin(2, "web2")
    wait_for_share(first, NEVER)
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(ExecutionCancelledError):
        wait_for_share(second, stopped)


def test_as_many_as_the_share_holds_work_at_once(share: Share) -> None:
    allow(share, 0.67, target_wait_seconds=0)
    runs = [share.begin(number, f"web{number}") for number in (1, 2, 3)]
    assert wait_for_share(runs[0], NEVER) == 1
    assert wait_for_share(runs[1], NEVER) == 1
    with pytest.raises(TargetBusyError, match=r"2 of 2 hosts .* by CHG-1, CHG-2"):
        wait_for_share(runs[2], NEVER)


def test_of_many_that_ask_at_the_same_instant_no_more_than_the_share_get_one(share: Share) -> None:
    allow(share, 0.67, target_wait_seconds=0)
    runs = [share.begin(number, f"web{number}") for number in (1, 2, 3)]

    def ask(run: ChangeRun) -> bool:
        try:
            return wait_for_share(run, NEVER) == 1
        except TargetBusyError:
            return False

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(ask, runs)) == [False, True, True]


def test_without_a_topology_nobody_knows_what_a_tier_is(office: Office) -> None:
    _, run = office.guarded(office.publish())
    assert wait_for_share(run, NEVER) is None


def test_a_step_on_all_hosts_goes_host_by_host(
    share: Share, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job(share.office, targets={"pattern": "web", "max_hosts": 3})
    job.decide()
    with caplog.at_level("INFO"):
        run_step(job.task("repair"), "repair", NEVER)
    batches = [record.getMessage() for record in caplog.records if "batch" in record.getMessage()]
    assert batches == ["batch 1 of 3: web1", "batch 2 of 3: web2", "batch 3 of 3: web3"]
