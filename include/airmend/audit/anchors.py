"""Where checkpoints go besides the database: a file, and an anchor that somebody else keeps.

Whoever can write the database can write the log anew, and sign it with a stolen key; what they
cannot do is change what lies elsewhere. Only the newest checkpoint is handed on, since it
covers those before. What could not be handed on is tried again at the next seal, and an anchor
that holds another checkpoint is asked before it: nothing is signed on while they differ.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import httpx

from airmend.audit.checkpoints import Checkpoint, read_checkpoint
from airmend.audit.store import newest_checkpoint
from airmend.errors import AuditError, TouchedLogError
from airmend.records.database import Database

TIMEOUT_SECONDS = 10.0

_REMEDY = (
    "the log was written anew, or is another one; nothing more is sealed. "
    "See docs/audit.md, 'When the anchor holds another checkpoint'"
)


class Keeper(Protocol):
    """A place that keeps checkpoints; the same one may be handed to it again."""

    def keep(self, checkpoint: Checkpoint) -> None:
        """Keep one.

        Raises:
            TouchedLogError: It holds another one of this size.
            AuditError: It does not now.
        """


class Anchor(Keeper, Protocol):
    """A place that somebody else keeps."""

    def compare(self, checkpoint: Checkpoint) -> None:
        """Hold one that was kept against what is there; silent where that cannot be seen.

        Raises:
            TouchedLogError: It holds another one of this size.
            AuditError: It cannot be read now.
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
        path = self._path(checkpoint)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(checkpoint.note)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            self.compare(checkpoint)
        except OSError as error:
            raise AuditError(
                f"{self._folder}: the anchor takes no checkpoint: {error.strerror}. Give access to "
                "it, or correct AIRMEND_AUDIT_ANCHOR"
            ) from error

    def compare(self, checkpoint: Checkpoint) -> None:
        """Read the file of the same size, if there is one."""
        path = self._path(checkpoint)
        try:
            note = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise AuditError(
                f"{path}: the anchor's checkpoint cannot be read: {error}. Give access to it"
            ) from error
        kept = read_checkpoint(note)  # what a crash left half written is none, and no other one
        if (kept.name, kept.root) != (checkpoint.name, checkpoint.root):
            raise TouchedLogError(
                f"{path}: the anchor has another checkpoint of {checkpoint.size} records: {_REMEDY}"
            )

    def _path(self, checkpoint: Checkpoint) -> Path:
        return self._folder / f"checkpoint-{checkpoint.size:012d}"


class AnchorAddress:
    """An address to which checkpoints are posted as text."""

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._url, self._transport = url, transport

    def keep(self, checkpoint: Checkpoint) -> None:
        """Post it; any answer below 300 says that it is kept, 409 that another one is."""
        try:
            with httpx.Client(timeout=TIMEOUT_SECONDS, transport=self._transport) as client:
                answer = client.post(
                    self._url,
                    content=checkpoint.note.encode(),
                    headers={"Content-Type": "text/plain; charset=utf-8"},
                )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AuditError(f"{self._url}: the anchor cannot be reached: {error}") from error
        if answer.status_code == HTTPStatus.CONFLICT:
            raise TouchedLogError(
                f"{self._url}: the anchor answers 409 to the checkpoint of {checkpoint.size} "
                f"records, so it has another one: {_REMEDY}"
            )
        if not answer.is_success:
            raise AuditError(f"{self._url}: the anchor answers {answer.status_code}")

    def compare(self, checkpoint: Checkpoint) -> None:
        """What an address keeps cannot be read."""


def find_anchor(place: str) -> Anchor | None:
    """The anchor of a setting: nothing, an address, or a folder."""
    if not place:
        return None
    return AnchorAddress(place) if "://" in place else AnchorFolder(Path(place))


def ask_anchor(database: Database, anchor: Anchor | None, *, now: Callable[[], datetime]) -> None:
    """Ask before a seal whether the anchor holds another checkpoint than this log.

    What it took is compared; what it did not take is handed to it again. One that is away holds
    no seal up.

    Raises:
        TouchedLogError: It does. To sign on would leave behind what differs.
    """
    with database.session() as session:
        row = newest_checkpoint(session)
        if anchor is None or row is None:
            return
        note, is_anchored = row.note, row.anchored_at is not None
    try:
        checkpoint = read_checkpoint(note)
        if is_anchored:
            anchor.compare(checkpoint)
        else:
            _hand(database, "anchored_at", anchor, checkpoint, now)
    except TouchedLogError:
        raise
    except AuditError:
        return  # said after the seal, where it still holds


def hand_on(
    database: Database, file: Keeper, anchor: Anchor | None, *, now: Callable[[], datetime]
) -> None:
    """Hand the newest checkpoint to the file and the anchor, unless they have it.

    Raises:
        TouchedLogError: The anchor holds another one.
        AuditError: The file or the anchor does not take it; the next call tries again.
    """
    with database.session() as session:
        row = newest_checkpoint(session)
        if row is None:
            return
        checkpoint = read_checkpoint(row.note)
        places: list[tuple[str, Keeper]] = [("filed_at", file)] if row.filed_at is None else []
        if anchor is not None and row.anchored_at is None:
            places.append(("anchored_at", anchor))
    for column, place in places:
        _hand(database, column, place, checkpoint, now)


def _hand(
    database: Database,
    column: str,
    place: Keeper,
    checkpoint: Checkpoint,
    now: Callable[[], datetime],
) -> None:
    place.keep(checkpoint)  # outside of a transaction: it may take seconds
    with database.session() as session:
        row = newest_checkpoint(session)
        if row is not None and row.size == checkpoint.size:
            setattr(row, column, now())
