"""Files that others see whole or not at all, and that a power cut does not take back.

The content is written beside the place, brought to the disk, and put there in one step. A process
that is killed in between leaves a draft, whose name begins with a dot, and the place as it was.
Called by every room that writes files which others read meanwhile.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE, COLLEAGUES, PUBLIC = 0o600, 0o640, 0o644
"""Rights: the owner writes; and nobody else, the owner's group, or everybody may read."""


def replace_file(path: Path, text: str, *, mode: int) -> Path:
    """Write a file in one step, over the one that may be there; gives its path.

    Args:
        path: The file; its folder is there.
        text: Its content; UTF-8.
        mode: Its rights, whatever the process's umask.

    Raises:
        OSError: It cannot be written; the one that was there is as it was.
    """
    with _draft(path, text, mode) as draft:
        os.replace(draft, path)
        _sync_folder(path.parent)
    return path


def create_file(path: Path, text: str, *, mode: int) -> bool:
    """Write a file in one step where there is none; of several at once the first wins.

    Args:
        path: The file; its folder is there.
        text: Its content; UTF-8.
        mode: Its rights, whatever the process's umask.

    Returns:
        False where there is one already; it is as it was.

    Raises:
        OSError: It cannot be written.
    """
    with _draft(path, text, mode) as draft:
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        _sync_folder(path.parent)
    return True


@contextmanager
def _draft(path: Path, text: str, mode: int) -> Iterator[Path]:
    """The content on disk under another name, which is gone afterwards."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        # for nobody else until it is whole: it may hold a secret
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        yield draft
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def _sync_folder(folder: Path) -> None:
    """Bring the name to the disk too, where the file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
