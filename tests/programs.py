"""Programs that tests use and a user's machine may lack."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PLACES = "/usr/local/sbin:/usr/sbin:/sbin"


def find_program(name: str, places: str = "") -> str | None:
    """The path of a program, looked for on PATH, in the system folders and in `places`."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), PLACES, places]))


def require_program(name: str, places: str = "") -> str:
    """The path of a program; without it the test is skipped, in CI it fails."""
    path = find_program(name, places)
    if path is None:
        message = f"needs the program '{name}', which is not on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


def postgres_places() -> str:
    """Where Debian keeps the servers of PostgreSQL, newest first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join(map(str, found))
