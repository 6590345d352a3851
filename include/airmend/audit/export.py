"""The file that an auditor is given: the whole log as JSON lines, its checkpoints, its keys.

A zip of three plain files, so that other programs can read it as well. Nothing here asks a
database: whoever exports hands the records in.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from airmend.audit.canonical import canonical_json
from airmend.audit.checkpoints import Checkpoint, read_checkpoints
from airmend.audit.model import SealedRecord
from airmend.audit.notes import Verifier, find_signer, read_verifier, split_note
from airmend.errors import AuditError

LOG, CHECKPOINTS, KEYS, README = "log.jsonl", "checkpoints", "keys", "README.txt"
RECORDS, MANIFEST = "records.jsonl", "manifest"
"""Of an evidence pack, which has records with proofs in the place of the log."""

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
    is_pack: bool = False

    def records(self) -> Iterator[SealedRecord]:
        """The records one by one.

        Raises:
            AuditError: A line is none.
        """
        name = RECORDS if self.is_pack else LOG
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
            is_pack = MANIFEST in archive.namelist()
            archive.getinfo(RECORDS if is_pack else LOG)
    except (OSError, KeyError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise AuditError(
            f"{path}: it is neither an export nor a pack of an audit log: {error}"
        ) from error
    if is_pack and len(checkpoints) != 1:
        raise AuditError(f"{path}: a pack has one checkpoint. Take the file as it was written")
    return Export(path, checkpoints, keys, is_pack)


def check_manifest(export: Export, trusted: Sequence[Verifier]) -> Iterator[str]:
    """What of a pack is not as its signed manifest says.

    Raises:
        AuditError: The manifest is none.
    """
    with zipfile.ZipFile(export.path) as archive:
        names = set(archive.namelist()) - {MANIFEST}
        note = archive.read(MANIFEST).decode()
        text, _ = split_note(note)
        if find_signer(note, trusted) is None:
            yield "the manifest is signed by none of the keys that are trusted"
        listed = {line[66:]: line[:64] for line in text.splitlines()}
        for name in sorted(names | set(listed)):
            if name not in names:
                yield f"the file {name} is gone"
            elif hashlib.sha256(archive.read(name)).hexdigest() != listed.get(name):
                yield f"the file {name} is not the one of the manifest"
