"""The file that an auditor is given: the whole log as JSON lines, its checkpoints, its keys.

A zip of three plain files, so that other programs can read it as well. Nothing here asks a
database: whoever exports hands the records in.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from airmend.audit.canonical import canonical_json
from airmend.audit.checkpoints import Checkpoint, read_checkpoints
from airmend.audit.model import SealedRecord
from airmend.audit.notes import Verifier, read_verifier
from airmend.errors import AuditError

LOG, CHECKPOINTS, KEYS, README = "log.jsonl", "checkpoints", "keys", "README.txt"

_TEXT = """\
The audit log of Airmend: every record in the order in which it was sealed.

log.jsonl    one record a line: its leaf (canonical JSON, RFC 8785), its leaf hash
             (SHA-256 of a zero byte and the leaf, RFC 6962), and personal fields with
             the salts of their hashes (HMAC-SHA-256 under the salt over name, zero
             byte and canonical value)
checkpoints  size and root of the tree over the first leaves, signed (c2sp.org/tlog-checkpoint)
keys         the public keys of the log; compare them with those that you were given

Check it without a network:  airmend audit verify THIS-FILE --key KEY --checkpoint FILE
where FILE holds checkpoints of this log that somebody else kept.
"""


@dataclass(frozen=True)
class Export:
    """An export that is open for reading."""

    path: Path
    checkpoints: list[Checkpoint]
    keys: list[Verifier]

    def records(self, name: str = LOG) -> Iterator[SealedRecord]:
        """The records one by one.

        Raises:
            AuditError: A line is none.
        """
        with zipfile.ZipFile(self.path) as archive, archive.open(name) as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    record = SealedRecord.model_validate_json(line)
                    bytes.fromhex(record.hash + "".join(record.proof or ()))
                except (ValidationError, ValueError) as error:
                    raise AuditError(
                        f"{self.path}: {name}:{number}: it is not a sealed record. Take the "
                        "file as it was exported"
                    ) from error
                yield record


def write_export(
    path: Path,
    records: Iterable[SealedRecord],
    checkpoints: Sequence[Checkpoint],
    keys: Sequence[Verifier],
) -> None:
    """Write an export.

    Raises:
        AuditError: The file cannot be written.
    """
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(README, _TEXT)
            archive.writestr(KEYS, "".join(f"{key}\n" for key in keys))
            archive.writestr(CHECKPOINTS, "\n".join(each.note for each in checkpoints))
            with archive.open(LOG, "w", force_zip64=True) as log:
                for record in records:
                    log.write(write_record(record))
    except OSError as error:
        raise AuditError(f"{path}: it cannot be written: {error.strerror}") from error


def write_record(record: SealedRecord) -> bytes:
    """One line, written so that what is read from it has the hashes of what was written."""
    unused = {"proof"} if record.proof is None else set()
    return canonical_json(record.model_dump(exclude=unused)) + b"\n"


def open_export(path: Path) -> Export:
    """Open an export, or a pack, which has the same files.

    Raises:
        AuditError: It is none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            checkpoints = read_checkpoints(archive.read(CHECKPOINTS).decode())
            keys = [read_verifier(line) for line in archive.read(KEYS).decode().split()]
    except (OSError, KeyError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise AuditError(
            f"{path}: it is neither an export nor a pack of an audit log: {error}"
        ) from error
    return Export(path, checkpoints, keys)
