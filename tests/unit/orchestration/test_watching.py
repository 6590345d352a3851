"""A file that people edit is read again when it has changed, and only then."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airmend.errors import ConfigurationError
from airmend.orchestration.watching import WatchedFile


class Reader:
    """Reads a file, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, path: Path) -> list[str]:
        self.times += 1
        if not path.exists():
            raise ConfigurationError(f"{path.name}: there is no such file")
        text = path.read_text()
        if "mistake" in text:
            raise ConfigurationError(f"{path.name}:1: a mistake")
        return text.split()


def write(path: Path, text: str) -> None:
    """Replace a file, as editors do."""
    other = path.with_suffix(".new")
    other.write_text(text)
    os.replace(other, path)


def test_an_unchanged_file_gives_the_same_object(tmp_path: Path) -> None:
    path, reader = tmp_path / "file", Reader()
    write(path, "a b")
    watched = WatchedFile(path, reader)
    assert watched() is watched()
    assert reader.times == 1


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path, reader = tmp_path / "file", Reader()
    write(path, "a b")
    watched = WatchedFile(path, reader)
    watched()
    write(path, "c d")
    assert watched() == ["c", "d"]


def test_a_mistake_is_raised_as_long_as_it_stands_and_read_once(tmp_path: Path) -> None:
    path, reader = tmp_path / "file", Reader()
    watched = WatchedFile(path, reader)
    for fact in ("there is no such file", "a mistake"):
        for _ in range(2):
            with pytest.raises(ConfigurationError, match=fact):
                watched()
        write(path, "mistake")
    assert reader.times == 2
    write(path, "a")
    assert watched() == ["a"]
