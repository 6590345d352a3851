"""`file-descriptor-limit`, on a host that takes the new limit and on one that refuses it."""

from __future__ import annotations

import pytest

from airmend.cli.estate import OPEN_FILES, STUBBORN_HOST, Estate
from tests.integration.runbooks.conftest import Repair, changed, content, load

LIVE_FILES = ("shop.log", "shop.pid", "service.err")  # written by the running service


def make_repair(estate: Estate, host: str) -> Repair:
    estate.exhaust_descriptors(host)
    inputs = {"host": host, "service": "shop"}
    return Repair(estate, load("file-descriptor-limit"), inputs, hosts=(host,))


@pytest.fixture
def repair(estate: Estate) -> Repair:
    return make_repair(estate, "web-1")


@pytest.fixture
def refused(estate: Estate) -> Repair:
    return make_repair(estate, STUBBORN_HOST)


def test_the_service_works_with_the_new_limit_and_keeps_its_sessions(
    estate: Estate, repair: Repair
) -> None:
    before = estate.health("web-1")
    assert before is not None
    assert before["open_files"] == OPEN_FILES
    assert not repair.is_verified("web-1")

    repair.run()

    after = estate.health("web-1")
    assert after is not None
    assert repair.is_verified("web-1")
    assert (after["pid"], after["sessions"]) == (before["pid"], before["sessions"])


def test_a_second_run_changes_nothing(estate: Estate, repair: Repair) -> None:
    repair.run()
    after_the_first = content(estate.host_folder("web-1"), *LIVE_FILES)

    assert changed(repair.run()) == set()
    assert content(estate.host_folder("web-1"), *LIVE_FILES) == after_the_first


def test_check_mode_shows_the_line_and_changes_nothing(estate: Estate, repair: Repair) -> None:
    before = content(estate.host_folder("web-1"), *LIVE_FILES)

    evidence = repair.check()

    assert [playbook.changed_hosts for playbook in evidence] == [["web-1"], ["web-1"]]
    assert sum(playbook.tasks_skipped for playbook in evidence) == 0
    assert "-open_files = 128\n+open_files = 1024" in evidence[0].diff
    assert content(estate.host_folder("web-1"), *LIVE_FILES) == before


def test_a_refused_limit_fails_the_verification_and_the_rollback_heals(
    estate: Estate, refused: Repair
) -> None:
    before = content(estate.host_folder(STUBBORN_HOST), *LIVE_FILES)

    refused.run()

    health = estate.health(STUBBORN_HOST)
    assert health is not None
    assert "hard limit" in health["problem"]
    assert not refused.is_verified(STUBBORN_HOST)

    refused.roll_back()

    assert refused.is_verified(STUBBORN_HOST, after_rollback=True)
    assert content(estate.host_folder(STUBBORN_HOST), *LIVE_FILES) == before
    assert changed([refused.roll_back()]) == set()


def test_a_repeated_step_keeps_the_first_configuration_for_the_rollback(
    estate: Estate, refused: Repair
) -> None:
    before = estate.configuration(STUBBORN_HOST).read_bytes()
    refused.run()
    refused.run()

    refused.roll_back()

    assert estate.configuration(STUBBORN_HOST).read_bytes() == before


def test_the_rollback_of_one_change_never_undoes_another(estate: Estate, repair: Repair) -> None:
    repair.run()
    other = Repair(estate, repair.runbook, repair.inputs, repair.hosts, change_id="CHG-8")

    assert changed([other.roll_back()]) == set()
    assert repair.is_verified("web-1")
