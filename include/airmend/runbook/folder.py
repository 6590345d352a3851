r"""A runbook's folder as one thing: its files and its digest.

The digest is what a change is bound to, so it depends on names and contents alone: not on
times, modes, owners or the order in which a disk lists files. Anyone can make it again:
`find . -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum | sha256sum`
(in a folder without the files that are left out).
"""

from __future__ import annotations

import hashlib
import os
import stat
from operator import itemgetter
from pathlib import Path

from airmend.errors import RunbookError

MAX_FOLDER_BYTES = 5 * 1024 * 1024
MAX_FILES = 1000

Files = dict[str, bytes]
"""Contents by path inside the folder, with "/" between parts, sorted by path."""


Entries = list[tuple[str, "os.DirEntry[str]"]]
"""What a folder holds, as it was listed: path inside the folder, and the disk's entry."""


def list_folder(folder: Path) -> Entries:
    """List everything that belongs to a runbook, sorted by path.

    Dot files, `__pycache__`, `*.pyc`, `*.retry` and `*~` are left out: editors and programs
    leave them behind, and they are no part of what the author wrote.

    Raises:
        RunbookError: The folder, or one in it, cannot be read.
    """
    return sorted(_walk(folder), key=itemgetter(0))


def read_folder(folder: Path, entries: Entries | None = None) -> Files:
    """Read everything that belongs to a runbook.

    Args:
        folder: The runbook's folder.
        entries: From `list_folder`, where the folder was listed already.

    Raises:
        RunbookError: It cannot be read, is larger than `MAX_FOLDER_BYTES`, has more than
            `MAX_FILES` files, or holds something that is neither a file nor a folder.
    """
    files: Files = {}
    left = MAX_FOLDER_BYTES
    for name, entry in list_folder(folder) if entries is None else entries:
        if not entry.is_file(follow_symlinks=False):
            what = "a symbolic link" if entry.is_symlink() else "not a regular file"
            raise RunbookError(
                folder / name,
                None,
                f"it is {what}",
                "Put the file itself into the runbook's folder.",
            )
        if not name.isprintable() or "\\" in name:
            raise RunbookError(
                folder,
                None,
                f"the file name {name!r} is not portable",
                "Rename the file.",
            )
        content = read_limited(entry.path, left)
        left -= len(content)
        if left < 0 or len(files) >= MAX_FILES:
            raise RunbookError(
                folder,
                None,
                f"it holds more than {MAX_FOLDER_BYTES // 1024**2} MiB or {MAX_FILES} files",
                "Keep large files elsewhere and let a playbook fetch them.",
            )
        files[name] = content
    return files


def stamp_entries(entries: Entries) -> tuple[tuple[str, int, int, int, int], ...]:
    """What changes when the folder does, without reading a file.

    Returns:
        Path, inode, size, and times of change in nanoseconds of every file, sorted.

    Raises:
        RunbookError: A file went away since the folder was listed.
    """
    rows = []
    for name, entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            raise RunbookError(
                entry.path, None, f"it cannot be read: {error.strerror}", "Read the folder again."
            ) from error
        rows.append(
            (
                name,
                status.st_ino,
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
            )
        )
    return tuple(rows)


def is_left_out(name: str) -> bool:
    """Whether a file or folder of this name is no part of a runbook."""
    return name.startswith(".") or name == "__pycache__" or name.endswith((".pyc", ".retry", "~"))


def digest_files(files: Files) -> str:
    """The digest of a folder: 64 hexadecimal digits."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _walk(folder: Path | str, prefix: str = "") -> Entries:
    """Every file below a folder by its path inside it, and whatever else is not a folder."""
    found: Entries = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_left_out(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    found += _walk(entry.path, f"{prefix}{entry.name}/")
                else:
                    found.append((prefix + entry.name, entry))
    except OSError as error:
        raise RunbookError(
            folder,
            None,
            f"it cannot be read: {error.strerror}",
            "Check its name and rights.",
        ) from error
    return found


def read_limited(path: str, limit: int) -> bytes:
    """A file's content, or one byte more than `limit` of it; never through a link.

    Without a buffered file object: with a thousand runbooks that is a tenth of all the work.

    Raises:
        RunbookError: It cannot be read, or is no regular file.
    """
    try:
        # a link put here since the folder was listed must not lead out, nor a pipe hold it up
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(0, "not a regular file")
            parts: list[bytes] = []
            left, size = limit + 1, status.st_size + 1
            while left > 0 and (part := os.read(descriptor, min(size, left))):
                parts.append(part)
                left -= len(part)
                if len(part) == status.st_size:  # one byte more was asked for: that was all
                    break
            return b"".join(parts)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RunbookError(
            path, None, f"it cannot be read: {error.strerror}", "Check its rights."
        ) from error
