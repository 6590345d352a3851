"""Patterns resolved by the real Ansible: who is a target, and who never becomes one."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from airmend.change.model import Target
from airmend.errors import ChangeRefusedError, InventoryError, NoTargetsError
from airmend.execution import listing
from airmend.execution.inventory import resolve_targets

HOSTS = """
[web]
web-[1:3] colour=red port=8080 ansible_user=root ansible_password=s3cr3t db_password=s3cr3t
[db]
db-1 ansible_host=10.0.0.9 dsn=postgres://u:s3cr3t@db/x later="{{ colour }}" ready=true
db-2 ansible_host=10.0.0.10
fd00::7
[prod:children]
web
db
[none]
"""

Resolve = Callable[..., list[Target]]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "inventory" / "hosts"
    path.parent.mkdir()
    path.write_text(HOSTS)
    return path


@pytest.fixture
def resolve(inventory: Path, tmp_path: Path) -> Resolve:
    def call(
        pattern: str, host: str | None = None, max_hosts: int = 10, path: Path = inventory
    ) -> list[Target]:
        return resolve_targets(path, pattern, host, max_hosts, cache_dir=tmp_path / "cache")

    return call


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs of Ansible that were looked for to be started."""
    started: list[str] = []
    run = listing.subprocess.run  # type: ignore[attr-defined]

    def note(command: list[str], **options: object) -> object:
        started.append(Path(command[0]).name)
        return run(command, **options)

    monkeypatch.setattr("subprocess.run", note)
    return started


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("web", ["web-1", "web-2", "web-3"]),
        ("web-2", ["web-2"]),
        ("db,web-3", ["db-1", "db-2", "fd00::7", "web-3"]),
        ("web-3:web", ["web-3", "web-1", "web-2"]),
        ("prod", ["web-1", "web-2", "web-3", "db-1", "db-2", "fd00::7"]),
        ("all", ["web-1", "web-2", "web-3", "db-1", "db-2", "fd00::7"]),
        ("fd00::7", ["fd00::7"]),
        ("prod:!none", ["web-1", "web-2", "web-3", "db-1", "db-2", "fd00::7"]),
        ("prod:!web", ["db-1", "db-2", "fd00::7"]),
        ("prod:&db:!db-2", ["db-1", "fd00::7"]),
        ("prod,&db,!db-2", ["db-1", "fd00::7"]),
        ("web-*", ["web-1", "web-2", "web-3"]),
        ("~web-[12]", ["web-1", "web-2"]),
        ("web[0]", ["web-1"]),
    ],
)
def test_a_pattern_means_what_ansible_takes_it_for(
    resolve: Resolve, pattern: str, names: list[str]
) -> None:
    assert [target.name for target in resolve(pattern)] == names


def test_a_target_has_its_plain_variables_and_no_secrets(resolve: Resolve) -> None:
    web, database = resolve("web-1,db-1")

    assert web == Target(name="web-1", address="web-1", variables={"colour": "red", "port": 8080})
    assert database == Target(name="db-1", address="10.0.0.9", variables={"ready": "true"})


def test_the_host_of_an_incident_is_found_by_name_or_address(resolve: Resolve) -> None:
    assert [target.name for target in resolve("prod", "web-2", 1)] == ["web-2"]
    assert [target.name for target in resolve("prod", "10.0.0.10", 1)] == ["db-2"]


@pytest.mark.parametrize("host", ["db-1", "web-9", "", "web", "10.0.0.9", "localhost"])
def test_a_host_outside_of_the_pattern_is_no_target(resolve: Resolve, host: str) -> None:
    with pytest.raises(NoTargetsError, match="is not one of the 3"):
        resolve("web", host)


def test_an_address_of_two_hosts_does_not_choose_one(resolve: Resolve, inventory: Path) -> None:
    inventory.write_text("[web]\nweb-1 ansible_host=10.0.0.1\nweb-2 ansible_host=10.0.0.1\n")

    with pytest.raises(NoTargetsError, match=r"several hosts \(web-1, web-2\)"):
        resolve("web", "10.0.0.1")


def test_more_hosts_than_allowed_are_refused_with_the_numbers(resolve: Resolve) -> None:
    with pytest.raises(ChangeRefusedError, match="holds 3 hosts, and the runbook allows 2"):
        resolve("web", max_hosts=2)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        " ",
        ",",
        "-i/etc/hosts",
        "@/etc/hosts",
        "web:@x",
        "web,--x",
        "nope",
        "web:nope",
        "web:db,web-1",
        "nope*",
    ],
)
def test_what_names_no_host_is_an_error_and_never_everything(
    resolve: Resolve, pattern: str
) -> None:
    with pytest.raises(NoTargetsError):
        resolve(pattern)


@pytest.mark.parametrize("pattern", ["localhost", "127.0.0.1", "~localhost", "localhos?"])
def test_this_machine_is_no_target_unless_the_inventory_says_so(
    resolve: Resolve, pattern: str
) -> None:
    with pytest.raises(NoTargetsError):
        resolve(pattern)


def test_this_machine_is_a_target_where_the_inventory_says_so(
    resolve: Resolve, inventory: Path
) -> None:
    inventory.write_text("localhost ansible_connection=local\n")

    assert [target.name for target in resolve("localhost")] == ["localhost"]


def test_a_static_inventory_is_read_once_until_a_file_of_it_changes(
    resolve: Resolve, inventory: Path, programs: list[str]
) -> None:
    resolve("web")
    resolve("db")
    resolve("web:!web-1")
    resolve("web:!web-1")
    assert programs == ["ansible-inventory", "ansible"]

    variables = inventory.parent / "group_vars" / "web.yml"
    variables.parent.mkdir()
    variables.write_text("colour: blue\nshade: dark\n")
    assert resolve("web-1")[0].variables["shade"] == "dark"

    inventory.write_text(HOSTS + "[more]\nweb-9\n")
    assert [target.name for target in resolve("more")] == ["web-9"]
    assert programs.count("ansible-inventory") == 3


def test_nothing_secret_is_kept_on_disk(resolve: Resolve, tmp_path: Path) -> None:
    resolve("prod")

    kept = list((tmp_path / "cache").iterdir())
    assert kept
    assert not any("s3cr3t" in path.read_text() for path in kept)
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


def test_a_damaged_answer_on_disk_is_asked_for_again(resolve: Resolve, tmp_path: Path) -> None:
    resolve("web")
    for path in (tmp_path / "cache").iterdir():
        path.write_text('{"hosts": 3')

    assert len(resolve("web")) == 3


def test_an_inventory_that_is_a_program_is_asked_every_time(
    resolve: Resolve, inventory: Path, programs: list[str]
) -> None:
    answer = {"web": {"hosts": ["web-1"]}, "_meta": {"hostvars": {}}}
    inventory.write_text(f"#!{sys.executable}\nprint('''{json.dumps(answer)}''')\n")
    inventory.chmod(inventory.stat().st_mode | stat.S_IXUSR)

    assert [target.name for target in resolve("web")] == ["web-1"]
    resolve("web")

    assert programs == ["ansible-inventory", "ansible-inventory"]


def test_an_inventory_of_a_plugin_is_asked_every_time(
    resolve: Resolve, inventory: Path, programs: list[str]
) -> None:
    plugin = inventory.parent / "zz.constructed.yml"
    plugin.write_text("plugin: ansible.builtin.constructed\ngroups: {red: colour == 'red'}\n")

    assert len(resolve("red", path=inventory.parent)) == 3
    resolve("red", path=inventory.parent)

    assert programs == ["ansible-inventory", "ansible-inventory"]


def test_a_missing_inventory_is_named(resolve: Resolve, tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"missing: there is no such inventory\. Set AIRMEND"):
        resolve("web", path=tmp_path / "missing")


def test_a_file_that_is_no_inventory_is_an_error(resolve: Resolve, inventory: Path) -> None:
    inventory.write_text("[web\nweb-1: :\n  - {")

    with pytest.raises(InventoryError, match="Ansible cannot read it"):
        resolve("web")
