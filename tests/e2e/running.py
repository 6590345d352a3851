"""Starts a whole installation: Airflow with Airmend, warm, over an estate and a lab."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from airmend.cli.environment import airflow_environment
from airmend.cli.estate import Estate
from airmend.cli.stack import AirflowStack
from airmend.cli.standing_in import approve_template_by_command
from airmend.records.database import Database
from tests.e2e.house import House
from tests.e2e.lab import LAB_HOSTS, Lab
from tests.postgres import free_port
from tests.ssh_hosts import ADDRESSES, SshHosts

PROJECT = Path(__file__).parents[2]
UPKEEP, SEALING, RISK_WATCH = "airmend-upkeep", "airmend-sealing", "airmend-risk-watch"


@contextmanager
def running_house(
    folder: Path,
    ssh_hosts: SshHosts,
    policy: Mapping[str, Any],
    *,
    settings: Mapping[str, str] | None = None,
    dags: tuple[str, ...] = (),
) -> Iterator[House]:
    """An installation in a folder that holds its runbooks, in `runbooks`.

    Args:
        folder: For everything that is written.
        ssh_hosts: The machines of the estate and of the lab.
        policy: What the policy file says.
        settings: Further variables of its environment.
        dags: Further DAGs that it has beside those of the runbooks.
    """
    estate, lab = Estate(folder / "estate", ADDRESSES), Lab(ssh_hosts)
    runbooks = folder / "runbooks"
    (folder / "policy.yaml").write_text(yaml.safe_dump(policy))
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
                "AIRMEND_POLICY_FILE": str(folder / "policy.yaml"),
                **(settings or {}),
            },
        )
        with AirflowStack(environment, cache=PROJECT / ".airmend/cache") as stack:
            expected = [path.name for path in runbooks.iterdir()] + [UPKEEP, *dags]
            assert stack.wait_for_dags(expected) == []
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
