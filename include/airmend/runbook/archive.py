"""A runbook's folder as one file, and that file as a folder again on any worker's disk.

The archive is kept in the records with its version. Called by the catalog, which packs, and by
executions, which unpack.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import shutil
import tarfile
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import IO, cast

from airmend.errors import RunbookError
from airmend.runbook.folder import MAX_FOLDER_BYTES, Files, digest_files, read_folder

LEFTOVER_AFTER_SECONDS = 3_600
"""Unpacking takes seconds; a work folder older than this has no owner any more."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORK_PREFIX = ".unpack-"
_MODE = 0o644  # as packed


def pack_files(files: Files) -> bytes:
    """The folder as a tar.gz whose bytes depend on names and contents alone."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, compresslevel=6) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            entry = tarfile.TarInfo(name)  # mode 0644, owner 0, time 0
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    return buffer.getvalue()


def unpack_archive(archive: bytes, digest: str, destination_dir: Path) -> Path:
    """Put a runbook version on this machine's disk; when it is there and whole, nothing is done.

    A folder that was changed or damaged is replaced. Several processes may unpack the same
    version at once: each works in a folder of its own and the first rename wins, so the folder
    is whole whenever it is there.

    Args:
        archive: From `pack_files`.
        digest: What the content must have.
        destination_dir: Folder of all unpacked versions; made when missing.

    Returns:
        `destination_dir/digest`, with the content verified.

    Raises:
        RunbookError: The archive is damaged, or its content does not have the digest.
    """
    if _DIGEST.fullmatch(digest) is None:  # it becomes the name of a folder
        raise RunbookError(
            f"archive {digest!r}", None, "this is not a digest", "Take it from the records."
        )
    destination = destination_dir / digest
    if _has_digest(destination, digest):
        return destination
    destination_dir.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(destination_dir)
    work = Path(tempfile.mkdtemp(prefix=_WORK_PREFIX, dir=destination_dir))
    try:
        content = work / "content"
        content.mkdir()
        _extract(archive, content, digest)
        if not _has_digest(content, digest):
            raise RunbookError(
                f"archive {digest}",
                None,
                "its content does not have the digest of this version",
                "Restore the records from a backup; do not run this version.",
            )
        if not _has_digest(destination, digest):
            with contextlib.suppress(FileNotFoundError):  # there is none, mostly
                destination.rename(work / "damaged")
        try:
            content.rename(destination)
        except OSError:
            if not _has_digest(destination, digest):  # else another process was first
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return destination


def _remove_leftovers(destination_dir: Path) -> None:
    """Remove what was left by processes that were killed in the middle of unpacking."""
    for work in destination_dir.glob(f"{_WORK_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # its owner was done with it
            if time.time() - work.stat().st_mtime > LEFTOVER_AFTER_SECONDS:
                shutil.rmtree(work, ignore_errors=True)


def _extract(archive: bytes, folder: Path, digest: str) -> None:
    # by hand: the filters of `tarfile`, which keep names inside, came with Python 3.11.4 only
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as stream:
            total = 0
            for member in stream:
                total += member.size
                name = PurePosixPath(member.name)
                is_inside = not name.is_absolute() and ".." not in name.parts
                if not member.isreg() or total > MAX_FOLDER_BYTES or not is_inside:
                    raise tarfile.TarError(f"'{member.name}' does not belong in it")
                content = cast("IO[bytes]", stream.extractfile(member))  # a regular file has one
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())
                path.chmod(_MODE)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise RunbookError(
            f"archive {digest}",
            None,
            f"it cannot be unpacked: {error}",
            "Restore the records from a backup, or free space on the disk.",
        ) from error


def _has_digest(folder: Path, digest: str) -> bool:
    try:
        return digest_files(read_folder(folder)) == digest
    except RunbookError:
        return False
