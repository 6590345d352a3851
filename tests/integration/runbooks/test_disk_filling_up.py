"""`disk-filling-up`, on hosts with weeks of old logs."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from airmend.cli.estate import HOSTS, Estate
from airmend.errors import AirmendError
from airmend.execution.model import ExecutionStatus
from tests.integration.runbooks.conftest import NOW, Repair, changed, content, load

CURRENT_LOG = "shop.log"  # grows with every request


def make_repair(estate: Estate, *hosts: str) -> Repair:
    estate.fill_disk(hosts, NOW, file_megabytes=2)
    return Repair(estate, load("disk-filling-up"), {"mountpoint": "/"}, hosts)


@pytest.fixture
def repair(estate: Estate) -> Repair:
    return make_repair(estate, "web-1")


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def test_old_logs_make_room_on_every_host_and_the_checks_agree(estate: Estate) -> None:
    repair = make_repair(estate, *HOSTS)
    before = {host: megabytes(estate.log_folder(host)) for host in HOSTS}
    assert [check.status for check in repair.run_checks()] == [ExecutionStatus.FAILED]

    evidence = repair.run()

    assert changed(evidence) == set(HOSTS)
    assert all(megabytes(estate.log_folder(host)) < before[host] / 4 for host in HOSTS)
    assert [check.status for check in repair.run_checks()] == [ExecutionStatus.SUCCEEDED]
    assert all(repair.is_verified(host) for host in HOSTS)


def test_a_second_run_changes_nothing(estate: Estate, repair: Repair) -> None:
    repair.run()
    after_the_first = content(estate.log_folder("web-1"), CURRENT_LOG)

    assert changed(repair.run()) == set()
    assert content(estate.log_folder("web-1"), CURRENT_LOG) == after_the_first


def test_check_mode_lists_the_files_and_touches_none(estate: Estate, repair: Repair) -> None:
    before = content(estate.log_folder("web-1"), CURRENT_LOG)

    evidence = repair.check()

    assert changed(evidence) == {"web-1"}
    assert sum(playbook.tasks_skipped for playbook in evidence) == 0
    for name in before:
        assert f"/web-1/log/{name}" in evidence[0].diff
    assert content(estate.log_folder("web-1"), CURRENT_LOG) == before


def test_the_rollback_brings_every_file_back_as_it_was(estate: Estate, repair: Repair) -> None:
    before = content(estate.log_folder("web-1"), CURRENT_LOG)
    repair.run()

    rolled_back = repair.roll_back()

    assert changed([rolled_back]) == {"web-1"}
    assert content(estate.log_folder("web-1"), CURRENT_LOG) == before
    assert changed([repair.roll_back()]) == set()


def test_the_rollback_leaves_the_archive_of_an_earlier_change(
    estate: Estate, repair: Repair
) -> None:
    repair.run()
    later = Repair(estate, repair.runbook, repair.inputs, repair.hosts, change_id="CHG-8")
    before = content(estate.log_folder("web-1"), CURRENT_LOG)

    assert changed([later.roll_back()]) == set()
    assert content(estate.log_folder("web-1"), CURRENT_LOG) == before


def test_recent_and_current_logs_stay(estate: Estate, repair: Repair) -> None:
    recent = estate.log_folder("web-1") / "shop.log-yesterday"
    recent.write_text("still of use\n", encoding="utf-8")

    repair.run()

    assert recent.exists()
    assert (estate.log_folder("web-1") / CURRENT_LOG).exists()


def test_a_file_name_is_never_read_as_a_command(estate: Estate, repair: Repair) -> None:
    old = min(estate.log_folder("web-1").glob("shop.log-*"))
    names = ["-rf.log.1", "$HOME.log.1", "{{ 7 * 7 }}.log.1", "`touch x`; two words.log.1"]
    for name in names:
        shutil.copy2(old, estate.log_folder("web-1") / name)
    before = content(estate.log_folder("web-1"), CURRENT_LOG)

    repair.run()
    left = {path.name for path in estate.log_folder("web-1").iterdir()}
    repair.roll_back()

    assert left == {CURRENT_LOG, "archive"}
    assert content(estate.log_folder("web-1"), CURRENT_LOG) == before


def test_nothing_is_deleted_when_the_archive_cannot_be_written(
    estate: Estate, repair: Repair
) -> None:
    before = content(estate.log_folder("web-1"), CURRENT_LOG)
    (estate.log_folder("web-1") / "archive").write_text("in the way\n", encoding="utf-8")

    with pytest.raises(AssertionError):
        repair.run()

    assert content(estate.log_folder("web-1"), CURRENT_LOG, "archive") == before


def test_an_archive_that_was_cut_off_is_made_again(estate: Estate, repair: Repair) -> None:
    repair.run()
    [archive] = (estate.log_folder("web-1") / "archive").rglob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = packed.getnames()
    repair.roll_back()
    archive.parent.mkdir(parents=True)
    archive.with_name(archive.name + ".part").write_bytes(b"half an archive")

    repair.run()

    with tarfile.open(archive) as packed:
        assert packed.getnames() == names


def test_logs_outside_the_full_file_system_are_refused(estate: Estate, repair: Repair) -> None:
    elsewhere = Repair(estate, repair.runbook, {"mountpoint": "/var/log"}, repair.hosts)
    before = content(estate.log_folder("web-1"), CURRENT_LOG)

    with pytest.raises((AssertionError, AirmendError)):
        elsewhere.run()

    assert content(estate.log_folder("web-1"), CURRENT_LOG) == before
