"""The one running installation that all end-to-end tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from airmend.cli.environment import airflow_environment
from airmend.cli.estate import Estate
from airmend.cli.stack import AirflowStack
from airmend.cli.standing_in import approve_template_by_command
from airmend.records.database import Database
from tests.e2e.house import House
from tests.e2e.lab import LAB_HOSTS, POLICY, Lab, write_lab
from tests.postgres import free_port
from tests.ssh_hosts import ADDRESSES, SshHosts, running_ssh_hosts

PROJECT = Path(__file__).parents[2]
UPKEEP, RISK_WATCH = "airmend-upkeep", "airmend-risk-watch"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, and let what starts an Airflow of its own go before the shared one."""
    here = Path(__file__).parent
    places = [at for at, item in enumerate(items) if item.path.is_relative_to(here)]
    found = [items[at] for at in places]
    for at, item in zip(places, sorted(found, key=_needs_house), strict=True):
        item.add_marker(pytest.mark.e2e)
        items[at] = item


def _needs_house(item: pytest.Item) -> bool:
    return "house" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def ssh_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshHosts]:
    """Three machines behind real SSH."""
    with running_ssh_hosts(tmp_path_factory.mktemp("ssh") / "hosts") as hosts:
        yield hosts


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, ssh_hosts: SshHosts) -> Iterator[House]:
    """Airflow with Airmend, warm, over an estate and a lab behind real SSH."""
    folder = tmp_path_factory.mktemp("house")
    estate, lab = Estate(folder / "estate", ADDRESSES), Lab(ssh_hosts)
    runbooks = folder / "runbooks"
    shutil.copytree(PROJECT / "runbooks", runbooks)
    write_lab(runbooks)
    policy = folder / "policy.yaml"
    policy.write_text(yaml.safe_dump(POLICY))
    for host in LAB_HOSTS:
        lab.reset(host)
    estate.start()
    try:
        environment = airflow_environment(
            PROJECT,
            home=folder / "home",
            port=free_port(),
            environ={k: v for k, v in os.environ.items() if not k.startswith("AIRMEND_")},
            overrides={
                "AIRMEND_RUNBOOKS_DIR": str(runbooks),
                "AIRMEND_INVENTORY": str(write_inventory(folder / "inventory", estate, lab)),
                "AIRMEND_TOPOLOGY_FILE": str(estate.topology),
                "AIRMEND_POLICY_FILE": str(policy),
            },
        )
        with AirflowStack(environment, cache=PROJECT / ".airmend/cache") as stack:
            dags = [path.name for path in runbooks.iterdir()] + [UPKEEP]
            assert stack.wait_for_dags(dags) == []
            said = approve_template_by_command(
                environment, "service-down", by="olivia", reason="a restart on one host"
            )
            assert "rests on the approver's word alone" in said
            records = Database(f"sqlite:///{stack.home / 'airmend.db'}")
            with stack.client() as client:
                house = House(stack, estate, ssh_hosts, lab, runbooks, records, client, environment)
                warm_up(house)
                yield house
            records.close()
    finally:
        estate.stop()


def write_inventory(folder: Path, estate: Estate, lab: Lab) -> Path:
    """The estate's hosts and the lab's, all reached over SSH; gives the inventory's folder."""
    folder.mkdir()
    connection = lab.hosts.inventory.read_text().replace("[web:vars]", "[all:vars]")
    (folder / "connection.ini").write_text(connection)
    groups = {
        "web": {"hosts": {host: estate.host_variables(host) for host in ADDRESSES}},
        "lab": {"hosts": lab.inventory()},
    }
    (folder / "hosts.yaml").write_text(yaml.safe_dump({"all": {"children": groups}}))
    return folder


def warm_up(house: House) -> None:
    """Have everything imported before the first test: the webhooks' application, and a task."""
    refused = house.client.post("/airmend/hooks/generic", json={})
    assert refused.status_code == httpx.codes.UNAUTHORIZED
    house.wait_for(
        lambda: house.get(f"/api/v2/dags/{UPKEEP}/dagRuns", state="success")["dag_runs"],
        None,
        "the upkeep has run",
    )
