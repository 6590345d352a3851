"""Files are seen whole or not at all, whoever is killed and whoever writes at the same time."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from airmend.whole_files import COLLEAGUES, PRIVATE, PUBLIC, create_file, replace_file

Write = Callable[..., object]


@pytest.mark.parametrize("mode", [PRIVATE, COLLEAGUES, PUBLIC])
@pytest.mark.parametrize("write", [replace_file, create_file])
def test_a_file_has_its_content_and_its_rights_whatever_the_umask(
    tmp_path: Path, write: Write, mode: int
) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / "file", "Größe\n", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "Größe\n"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    assert os.listdir(tmp_path) == ["file"]


def test_what_is_replaced_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    assert replace_file(path, "new", mode=PRIVATE) == path
    assert path.read_text() == "new"


def test_of_two_that_create_a_file_the_second_leaves_it_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert create_file(path, "first", mode=PRIVATE) is True
    assert create_file(path, "second", mode=PUBLIC) is False
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["file"]


def test_of_many_that_create_a_file_at_once_one_wins(tmp_path: Path) -> None:
    path, together = tmp_path / "file", threading.Barrier(8)
    won: list[str] = []

    def create(name: str) -> None:
        together.wait()
        if create_file(path, name, mode=PRIVATE):
            won.append(name)

    threads = [threading.Thread(target=create, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [path.read_text()]


@pytest.mark.parametrize("write", [replace_file, create_file])
def test_a_disk_that_is_full_leaves_what_was_there(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write(path, "new", mode=PRIVATE)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_process_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    child = os.fork()
    if child == 0:
        os.fsync = lambda _descriptor: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        replace_file(path, "new", mode=PRIVATE)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert path.read_text() == "old"
    drafts = [name for name in os.listdir(tmp_path) if name != "file"]
    assert [name[0] for name in drafts] == ["."]
    assert stat.S_IMODE((tmp_path / drafts[0]).stat().st_mode) == PRIVATE
