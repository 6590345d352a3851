"""The one running installation that all end-to-end tests share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.house import House
from tests.e2e.lab import POLICY, write_lab
from tests.e2e.running import PROJECT, running_house
from tests.ssh_hosts import SshHosts, running_ssh_hosts


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
    shutil.copytree(PROJECT / "runbooks", folder / "runbooks")
    write_lab(folder / "runbooks")
    (folder / "anchor").mkdir()
    settings = {"AIRMEND_AUDIT_ANCHOR": str(folder / "anchor")}
    with running_house(folder, ssh_hosts, POLICY, settings=settings) as house:
        yield house
