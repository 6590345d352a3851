"""The file of a runbook's signatures, beside its content: `.signatures` in its folder.

As a dot file it is no part of the digest, and goes where the folder goes: into git, and to other
machines. Called where runbooks are published, by the lint and by `airmend runbook`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from airmend.errors import RunbookError, SigningError
from airmend.openssh.signatures import Signature, read_signatures
from airmend.runbook.folder import read_limited
from airmend.whole_files import PUBLIC, replace_file

SIGNATURE_FILE = ".signatures"
MAX_BYTES = 64 * 1024

_REMEDY = "Sign the runbook again with `airmend runbook sign`, or remove the file."


def read_signature_file(folder: Path) -> list[Signature]:
    """The signatures beside a runbook, whatever they are worth; none where there is no file.

    Raises:
        RunbookError: The file cannot be read, is too large, or holds something else.
    """
    path = folder / SIGNATURE_FILE
    if not os.path.lexists(path):
        return []
    content = read_limited(os.fspath(path), MAX_BYTES)
    if len(content) > MAX_BYTES:
        raise RunbookError(path, None, f"it is larger than {MAX_BYTES // 1024} KiB", _REMEDY)
    try:
        return read_signatures(content.decode("ascii"))
    except UnicodeDecodeError as error:
        raise RunbookError(path, None, "it is no plain text", _REMEDY) from error
    except SigningError as error:
        raise RunbookError(path, None, str(error), _REMEDY) from error


def write_signature_file(folder: Path, signatures: Iterable[Signature]) -> Path:
    """Replace the file in one step; gives its path.

    Raises:
        SigningError: It cannot be written.
    """
    path = folder / SIGNATURE_FILE
    try:
        return replace_file(path, "".join(map(str, signatures)), mode=PUBLIC)
    except OSError as error:
        raise SigningError(
            f"{path}: it cannot be written: {error.strerror}. Check the folder's rights"
        ) from error
