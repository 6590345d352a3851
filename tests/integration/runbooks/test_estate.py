"""The demo estate is real: it starts, breaks, can be taken over, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from airmend.change.topology import load_topology
from airmend.cli.estate import HOSTS, Estate
from airmend.cli.estate_control import find_process
from airmend.errors import ConfigurationError


def processes(estate: Estate) -> dict[str, int | None]:
    return {host: find_process(estate.host_folder(host)) for host in HOSTS}


def test_every_host_answers_for_itself(estate: Estate) -> None:
    for host in HOSTS:
        health = httpx.get(estate.url(host), trust_env=False).json()

        assert (health["service"], health["host"], health["status"]) == ("shop", host, "ok")


def test_starting_again_leaves_what_runs_alone(estate: Estate) -> None:
    before, ports = processes(estate), [estate.url(host) for host in HOSTS]

    estate.start()

    assert processes(estate) == before
    assert [estate.url(host) for host in HOSTS] == ports


def test_the_services_outlive_the_process_that_started_them(tmp_path: Path) -> None:
    program = "from airmend.cli.estate import *; Estate(Path(sys.argv[1])).start()"
    command = [sys.executable, "-c", program, str(tmp_path)]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    estate = Estate(tmp_path)
    try:
        assert all(estate.health(host) for host in HOSTS)
    finally:
        estate.stop()


def test_another_object_on_the_same_folder_stops_everything(estate: Estate) -> None:
    pids = [pid for pid in processes(estate).values() if pid is not None]
    assert len(pids) == len(HOSTS)

    Estate(estate.folder).stop()

    assert processes(estate) == dict.fromkeys(HOSTS)
    assert not any(_serves(pid) for pid in pids)


def test_a_removed_folder_takes_its_service_along(estate: Estate) -> None:
    pid = find_process(estate.host_folder("web-3"))
    assert pid is not None
    service = psutil.Process(pid)

    shutil.rmtree(estate.host_folder("web-3"))

    psutil.wait_procs([service], timeout=10)
    assert not _serves(pid)


def test_stopping_what_never_ran_is_no_error(tmp_path: Path) -> None:
    Estate(tmp_path / "nothing").stop()


def test_a_killed_service_is_gone_when_the_call_returns(estate: Estate) -> None:
    estate.break_service("web-2")

    assert estate.health("web-2") is None
    assert find_process(estate.host_folder("web-2")) is None
    assert estate.health("web-1") is not None


def test_a_service_listens_on_the_address_of_its_host(tmp_path: Path) -> None:
    addresses = {"web-1": "127.0.0.1", "web-2": "127.0.0.1", "web-3": "localhost"}
    estate = Estate(tmp_path, addresses)
    try:
        estate.start()

        assert estate.host_variables("web-3")["ansible_host"] == "localhost"
        assert estate.health("web-3") is not None
    finally:
        estate.stop()


def test_the_inventory_says_all_that_the_playbooks_ask_for(estate: Estate) -> None:
    web = yaml.safe_load(estate.inventory.read_text(encoding="utf-8"))["all"]["children"]["web"]

    assert sorted(web["hosts"]) == list(HOSTS)
    assert web["hosts"]["web-1"] == estate.host_variables("web-1")
    assert web["vars"]["ansible_connection"] == "local"


def test_two_other_services_depend_on_the_shop(estate: Estate) -> None:
    facts = load_topology(estate.topology).describe("shop", HOSTS)

    assert facts is not None
    assert facts.service.tier == 3
    assert len(facts.dependants) == 2
    assert facts.unlisted_hosts == ()


def test_a_service_that_cannot_start_says_where_to_look(estate: Estate) -> None:
    estate.break_service("web-1")
    (estate.host_folder("web-1") / "unit.json").write_text(
        (estate.host_folder("web-2") / "unit.json").read_text(encoding="utf-8"), encoding="utf-8"
    )  # the port of web-2 is taken

    with pytest.raises(ConfigurationError, match=r"service\.err"):
        estate.control("web-1", "start")


def test_a_reload_of_a_service_that_does_not_run_fails(estate: Estate) -> None:
    estate.break_service("web-1")

    with pytest.raises(ConfigurationError, match="does not run"):
        estate.control("web-1", "reload")


def _serves(pid: int) -> bool:
    try:
        return any("estate_service.py" in part for part in psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return False
