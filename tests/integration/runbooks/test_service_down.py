"""`service-down`, on hosts whose service was killed or hangs."""

from __future__ import annotations

import os
import signal

import pytest

from airmend.cli.estate import Estate
from airmend.cli.estate_control import find_process
from tests.integration.runbooks.conftest import Repair, changed, load


@pytest.fixture
def repair(estate: Estate) -> Repair:
    inputs = {"host": "web-2", "unit": "shop.service"}
    return Repair(estate, load("service-down"), inputs, hosts=("web-2",))


def test_a_killed_service_answers_again(estate: Estate, repair: Repair) -> None:
    estate.break_service("web-2")
    assert not repair.is_verified("web-2")

    evidence = repair.run()

    assert changed(evidence) == {"web-2"}
    assert repair.is_verified("web-2")


def test_a_service_that_hangs_is_restarted(estate: Estate, repair: Repair) -> None:
    hanging = find_process(estate.host_folder("web-2"))
    assert hanging is not None
    os.kill(hanging, signal.SIGSTOP)

    repair.run()

    assert repair.is_verified("web-2")
    assert find_process(estate.host_folder("web-2")) not in {None, hanging}


def test_a_service_that_is_well_is_left_alone(estate: Estate, repair: Repair) -> None:
    running = find_process(estate.host_folder("web-2"))

    evidence = repair.run()

    assert changed(evidence) == set()
    assert find_process(estate.host_folder("web-2")) == running


def test_check_mode_says_that_it_would_restart_and_does_not(estate: Estate, repair: Repair) -> None:
    estate.break_service("web-2")

    evidence = repair.check()

    assert changed(evidence) == {"web-2"}
    assert sum(playbook.tasks_skipped for playbook in evidence) == 0
    assert estate.health("web-2") is None


def test_no_other_host_is_touched(estate: Estate, repair: Repair) -> None:
    others = [find_process(estate.host_folder(host)) for host in ("web-1", "web-3")]
    estate.break_service("web-2")

    repair.run()

    assert [find_process(estate.host_folder(host)) for host in ("web-1", "web-3")] == others
