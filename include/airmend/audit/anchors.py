"""Where checkpoints go besides the database: a file, and an anchor that somebody else keeps.

Whoever can write the database can write the log anew, and sign it with a stolen key; what they
cannot do is change what lies elsewhere. Only the newest checkpoint is handed on, since it
covers those before. What could not be handed on is tried again after the next seal.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import httpx

from airmend.audit.checkpoints import Checkpoint, read_checkpoint
from airmend.audit.store import newest_checkpoint
from airmend.errors import AuditError
from airmend.records.database import Database

TIMEOUT_SECONDS = 10.0


class Anchor(Protocol):
    """A place that keeps checkpoints; the same one may be handed to it again."""

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep one.

        Raises:
            AuditError: It does not now.
        """


class CheckpointFile:
    """A file to which checkpoints are appended."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, checkpoint: Checkpoint) -> None:
        """Append it, and see it written to the disk."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{checkpoint.note}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise AuditError(
                f"{self._path}: no checkpoint can be written: {error.strerror}. Give access to it"
            ) from error


class AnchorFolder:
    """A folder with a file for each checkpoint; it may be one where nothing is ever changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write it as a new file; one of the same size with another root is not replaced."""
        path = self._folder / f"checkpoint-{checkpoint.size:012d}"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(checkpoint.note)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            self._compare(path, checkpoint)
        except OSError as error:
            raise AuditError(
                f"{self._folder}: the anchor takes no checkpoint: {error.strerror}. Give access to "
                "it, or correct AIRMEND_AUDIT_ANCHOR"
            ) from error

    def _compare(self, path: Path, checkpoint: Checkpoint) -> None:
        kept = read_checkpoint(path.read_text(encoding="utf-8"))
        if (kept.name, kept.root) != (checkpoint.name, checkpoint.root):
            raise AuditError(
                f"{path}: the anchor has another checkpoint of {checkpoint.size} records: the log "
                "was written anew, or is another one. Compare both with `airmend audit verify`"
            )


class AnchorAddress:
    """An address to which checkpoints are posted as text."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url, self._transport = url, transport

    def keep(self, checkpoint: Checkpoint) -> None:
        """Post it; any answer below 300 says that it is kept."""
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, transport=self._transport) as client:
                answer = client.post(
                    self._url,
                    content=checkpoint.note.encode(),
                    headers={"Content-Type": "text/plain; charset=utf-8"},
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AuditError(f"{self._url}: the anchor cannot be reached: {error}") from error
        if not answer.is_success:
            raise AuditError(f"{self._url}: the anchor answers {answer.status_code}")


def find_anchor(place: str) -> Anchor | None:
    """The anchor of a setting: nothing, an address, or a folder."""
    if not place:
        return None
    return AnchorAddress(place) if "://" in place else AnchorFolder(Path(place))


def hand_on(
    database: Database, file: Anchor, anchor: Anchor | None, *, now: Callable[[], datetime]
) -> None:
    """Hand the newest checkpoint to the file and the anchor, unless they have it.

    Raises:
        AuditError: The file or the anchor does not take it; the next call tries again.
    """
    with database.session() as session:
        row = newest_checkpoint(session)
        if row is None:
            return
        checkpoint = read_checkpoint(row.note)
        places = [("filed_at", file)] if row.filed_at is None else []
        if anchor is not None and row.anchored_at is None:
            places.append(("anchored_at", anchor))
    for column, place in places:
        place.keep(checkpoint)  # outside of a transaction: it may take seconds
        with database.session() as session:
            row = newest_checkpoint(session)
            if row is not None and row.size == checkpoint.size:
                setattr(row, column, now())
