"""A runbook's folder on disk: its files and its digest."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import RunbookError
from airmend.runbook import folder as folder_module
from airmend.runbook.folder import (
    digest_files,
    list_folder,
    read_folder,
    stamp_entries,
)
from tests.runbook_folders import write_runbook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_runbook(tmp_path / "runbooks")


def _digest(folder: Path) -> str:
    return digest_files(read_folder(folder))


def test_the_digest_can_be_made_with_the_commands_that_are_documented(folder: Path) -> None:
    command = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    out = subprocess.run(  # the text is the module's own
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True
    )
    assert out.stdout.split()[0] == _digest(folder)


@pytest.mark.parametrize(
    "name", [".runbook.yaml.swp", "playbooks/restart.yml~", "x.retry", "__pycache__/a.pyc"]
)
def test_what_editors_leave_behind_does_not_change_the_digest(folder: Path, name: str) -> None:
    before = _digest(folder)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    assert _digest(folder) == before


def test_modes_and_times_do_not_change_the_digest(folder: Path) -> None:
    before = _digest(folder)
    (folder / "runbook.yaml").chmod(0o755)
    os.utime(folder / "runbook.yaml", (0, 0))
    assert _digest(folder) == before


def test_a_name_or_a_byte_changes_the_digest(folder: Path) -> None:
    digests = {_digest(folder)}
    path = folder / "playbooks/restart.yml"
    path.write_text(path.read_text() + "# more\n")
    digests.add(_digest(folder))
    path.rename(folder / "playbooks/again.yml")
    digests.add(_digest(folder))
    assert len(digests) == 3


_names = st.text("ab/.", min_size=1, max_size=6)


@given(
    st.dictionaries(_names, st.binary(max_size=9), max_size=4),
    st.dictionaries(_names, st.binary(max_size=9), max_size=4),
)
def test_two_folders_have_one_digest_only_when_they_are_the_same(
    one: dict[str, bytes], two: dict[str, bytes]
) -> None:
    assert (digest_files(one) == digest_files(two)) is (one == two)


@pytest.mark.parametrize("target", ["/etc/hostname", "runbook.yaml", "nowhere", "/etc"])
def test_a_symbolic_link_is_a_mistake(folder: Path, target: str) -> None:
    (folder / "playbooks/link.yml").symlink_to(target)
    with pytest.raises(RunbookError, match=r"link\.yml: it is a symbolic link"):
        read_folder(folder)


def test_a_pipe_is_a_mistake_and_is_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(RunbookError, match="not a regular file"):
        read_folder(folder)


def test_a_file_name_with_a_line_break_is_a_mistake(folder: Path) -> None:
    (folder / "a\nb").write_text("x")
    with pytest.raises(RunbookError, match="not portable"):
        read_folder(folder)


def test_a_folder_that_is_too_large_is_a_mistake(folder: Path) -> None:
    with (folder / "big").open("wb") as stream:
        stream.truncate(folder_module.MAX_FOLDER_BYTES)
    with pytest.raises(RunbookError, match="more than 5 MiB"):
        read_folder(folder)


def test_too_many_files_are_a_mistake(folder: Path) -> None:
    for number in range(folder_module.MAX_FILES):
        (folder / f"f{number}").touch()
    with pytest.raises(RunbookError, match="1000 files"):
        read_folder(folder)


def test_a_change_of_the_same_size_is_seen_without_reading(folder: Path) -> None:
    before = stamp_entries(list_folder(folder))
    path = folder / "runbook.yaml"
    times = path.stat()
    path.write_text(path.read_text().replace("1.0.0", "2.0.0"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert stamp_entries(list_folder(folder)) != before
