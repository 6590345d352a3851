"""Checkpoints: how the log stood, signed, in the form of c2sp.org/tlog-checkpoint.

Pure. A checkpoint is three lines (the log's name, the number of leaves, the root) as a note.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from airmend.audit.merkle import HASH_SIZE
from airmend.audit.notes import Signer, split_note
from airmend.errors import AuditError


@dataclass(frozen=True)
class Checkpoint:
    """The state of a log.

    Args:
        name: Of the log.
        size: Its leaves.
        root: The root of its tree.
        note: The text with its signatures.
    """

    name: str
    size: int
    root: bytes
    note: str


def sign_checkpoint(signer: Signer, size: int, root: bytes) -> Checkpoint:
    """Sign how the log stands."""
    text = f"{signer.name}\n{size}\n{base64.b64encode(root).decode()}\n"
    return Checkpoint(signer.name, size, root, signer.sign(text))


def read_checkpoint(note: str) -> Checkpoint:
    """A checkpoint from its note; whether its signature is right is asked elsewhere.

    Raises:
        AuditError: It is not a checkpoint.
    """
    text, _ = split_note(note)
    lines = text.splitlines()
    if len(lines) >= 3 and lines[0] and lines[1].isascii() and lines[1].isdigit():
        try:
            root = base64.b64decode(lines[2], validate=True)
        except binascii.Error:
            root = b""
        if len(root) == HASH_SIZE and str(int(lines[1])) == lines[1]:
            return Checkpoint(lines[0], int(lines[1]), root, note)
    raise AuditError("a note is not a checkpoint: name, size and root, one in a line, are missing")


def read_checkpoints(text: str) -> list[Checkpoint]:
    """The checkpoints of a file that holds one after another.

    Raises:
        AuditError: Something in it is none.
    """
    return [read_checkpoint(note) for note in _split_notes(text)]


def read_checkpoint_file(path: Path) -> list[Checkpoint]:
    """The checkpoints of a file.

    Raises:
        AuditError: It cannot be read, or holds something else.
    """
    try:
        return read_checkpoints(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path}: it cannot be read: {error}") from error
    except AuditError as error:
        raise AuditError(f"{path}: {error}") from error


def _split_notes(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.splitlines():
        if lines and lines[-1].startswith("\u2014 ") and not line.startswith("\u2014 "):
            yield "\n".join(lines) + "\n"
            lines = []
        if lines or line:
            lines.append(line)
    if lines:
        yield "\n".join(lines) + "\n"
