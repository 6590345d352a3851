"""Files in which a person still stands after an erasure: reports, exports, evidence packs.

A report can be made again from the records. An export and a pack are signed as they are: only
whoever keeps them can remove them. Called by `airmend audit erase`.
"""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from airmend.audit.erasure import Scrub, make_scrubber

_JSON_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_MARKDOWN_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def find_files_naming(folder: Path, name: str) -> list[Path]:
    """The files below a folder that hold a name, or that cannot be read, in their order.

    Args:
        folder: Where to look; nothing is there when it does not exist. Links are not followed.
        name: As for `erase_person`: compared without case, as a whole word, also where HTML,
            JSON or Markdown escape it. Of a zip, each file in it is looked at.

    Raises:
        AuditError: The name is nobody's.
    """
    scrub = make_scrubber(name)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in files if _holds(path, scrub)]


def _holds(path: Path, scrub: Scrub) -> bool:
    try:
        return any(scrub(text) != text for data in _contents(path) for text in _readings(data))
    except (OSError, RuntimeError, zipfile.BadZipFile):  # RuntimeError: it has a password
        return True


def _contents(path: Path) -> Iterator[bytes]:
    if not zipfile.is_zipfile(path):
        yield path.read_bytes()
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            yield archive.read(member)


def _readings(data: bytes) -> Iterator[str]:
    """A text as it stands, and as those read it who undo each form's escapes."""
    text = data.decode(errors="replace")
    yield text
    yield html.unescape(text)
    yield _JSON_ESCAPES.sub(lambda found: str(json.loads(f'"{found[0]}"')), text)
    yield _MARKDOWN_ESCAPE.sub(r"\1", text)
