"""A runbook's folder as one file, and bringing it back."""

from __future__ import annotations

import io
import os
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import RunbookError
from airmend.runbook import folder as folder_module
from airmend.runbook.archive import LEFTOVER_AFTER_SECONDS, pack_files, unpack_archive
from airmend.runbook.folder import digest_files, list_folder, read_folder, stamp_entries
from tests.runbook_folders import write_runbook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_runbook(tmp_path / "runbooks")


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


_names = st.text("ab/.", min_size=1, max_size=6)


@given(
    st.dictionaries(_names, st.binary(max_size=9), max_size=4),
    st.dictionaries(_names, st.binary(max_size=9), max_size=4),
)
def test_two_archives_are_alike_only_when_their_folders_are(
    one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    assert (pack_files(one) == pack_files(two)) is (one == two)


def test_an_archive_does_not_depend_on_the_order_of_files(folder: Path) -> None:
    files = read_folder(folder)
    backwards = dict(reversed(files.items()))
    assert pack_files(files) == pack_files(backwards)
    assert digest_files(files) == digest_files(backwards)


def test_an_unpacked_version_is_the_folder_again(folder: Path, tmp_path: Path) -> None:
    files = read_folder(folder)
    unpacked = unpack_archive(pack_files(files), digest_files(files), tmp_path / "versions")
    assert unpacked == tmp_path / "versions" / digest_files(files)
    assert read_folder(unpacked) == files
    assert not list((tmp_path / "versions").glob(".unpack-*"))


def test_unpacking_needs_nothing_of_python_that_came_after_3_11_0(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def extract(_stream: Any, _member: Any, _path: Any = "", set_attrs: bool = True) -> None:
        """As Debian 12's Python has it: without filters."""

    monkeypatch.setattr(tarfile.TarFile, "extract", extract)
    monkeypatch.delattr(tarfile, "data_filter")
    files = read_folder(folder)
    unpacked = unpack_archive(pack_files(files), digest_files(files), tmp_path / "versions")
    assert read_folder(unpacked) == files


def test_unpacking_again_leaves_the_files_alone(folder: Path, tmp_path: Path) -> None:
    files = read_folder(folder)
    first = unpack_archive(pack_files(files), digest_files(files), tmp_path / "versions")
    stamp = stamp_entries(list_folder(first))
    assert unpack_archive(b"not read", digest_files(files), tmp_path / "versions") == first
    assert stamp_entries(list_folder(first)) == stamp


@pytest.mark.parametrize("damage", ["change", "add", "remove", "link"])
def test_a_version_that_was_changed_on_disk_is_replaced(
    folder: Path, tmp_path: Path, damage: str
) -> None:
    files = read_folder(folder)
    digest = digest_files(files)
    unpacked = unpack_archive(pack_files(files), digest, tmp_path / "versions")
    playbook = unpacked / "playbooks/restart.yml"
    match damage:
        case "change":
            playbook.write_text("- hosts: localhost")
        case "add":
            (unpacked / "playbooks/vars.yml").write_text("x: 1")
        case "remove":
            playbook.unlink()
        case "link":
            playbook.unlink()
            playbook.symlink_to(folder / "playbooks/restart.yml")
    assert read_folder(unpack_archive(pack_files(files), digest, tmp_path / "versions")) == files


def test_many_may_unpack_the_same_version_at_once(folder: Path, tmp_path: Path) -> None:
    files = read_folder(folder)
    archive, digest = pack_files(files), digest_files(files)
    (tmp_path / "versions" / digest).mkdir(parents=True)  # a damaged one, to make it harder

    def unpack(_: int) -> bool:
        return read_folder(unpack_archive(archive, digest, tmp_path / "versions")) == files

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(unpack, range(24)))
    assert [path.name for path in (tmp_path / "versions").iterdir()] == [digest]


def test_an_archive_of_another_version_is_refused(folder: Path, tmp_path: Path) -> None:
    files = read_folder(folder)
    with pytest.raises(RunbookError, match="does not have the digest"):
        unpack_archive(pack_files(files | {"more": b""}), digest_files(files), tmp_path / "v")
    assert list((tmp_path / "v").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "..", "../" + "0" * 61, "/tmp/x", "A" * 64])
def test_only_a_digest_becomes_the_name_of_a_folder(tmp_path: Path, digest: str) -> None:
    with pytest.raises(RunbookError, match="this is not a digest"):
        unpack_archive(b"", digest, tmp_path / "versions")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_archive_is_refused(folder: Path, tmp_path: Path) -> None:
    files = read_folder(folder)
    archive = pack_files(files)
    for damaged in (b"", b"x", archive[: len(archive) // 2]):
        with pytest.raises(RunbookError, match="cannot be unpacked"):
            unpack_archive(damaged, digest_files(files), tmp_path / "v")


def _link(name: str, target: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


@pytest.mark.parametrize(
    "member",
    [
        (tarfile.TarInfo("../escaped"), b"x"),
        (tarfile.TarInfo("a/../../../escaped"), b"x"),
        _link("link", "/etc/passwd", tarfile.SYMTYPE),
        _link("link", "../escaped", tarfile.LNKTYPE),
        _link("device", "", tarfile.CHRTYPE),
    ],
    ids=["parent", "deep-parent", "symlink", "hardlink", "device"],
)
def test_an_archive_cannot_write_outside_its_folder(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes]
) -> None:
    with pytest.raises(RunbookError, match="cannot be unpacked"):
        unpack_archive(_tar(member), "0" * 64, tmp_path / "a" / "b")
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []


def test_an_absolute_name_stays_inside_and_fails_the_digest(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    with pytest.raises(RunbookError):
        unpack_archive(_tar((tarfile.TarInfo(str(outside)), b"x")), "0" * 64, tmp_path / "v")
    assert not outside.exists()


def test_an_archive_that_grows_without_end_is_stopped(tmp_path: Path) -> None:
    bomb = _tar((tarfile.TarInfo("zeros"), bytes(folder_module.MAX_FOLDER_BYTES + 1)))
    assert len(bomb) < 10_000
    with pytest.raises(RunbookError, match="does not belong in it"):
        unpack_archive(bomb, "0" * 64, tmp_path / "v")


def test_what_a_killed_process_left_is_removed_once_it_is_old(folder: Path, tmp_path: Path) -> None:
    files, versions = read_folder(folder), tmp_path / "versions"
    old, new = versions / ".unpack-old", versions / ".unpack-new"
    for work in (old, new):
        (work / "content").mkdir(parents=True)
    past = time.time() - LEFTOVER_AFTER_SECONDS - 60
    os.utime(old, (past, past))
    unpack_archive(pack_files(files), digest_files(files), versions)
    assert sorted(path.name for path in versions.iterdir()) == sorted(
        [new.name, digest_files(files)]
    )
