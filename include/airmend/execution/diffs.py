"""Ansible's diffs as one text: unified, without secrets, cut to a limit that is said.

Called by `evidence.py`, for the record and for the live log alike.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from airmend.execution.redaction import redact

LARGEST_COMPARED = 1_000_000
"""Characters of before and after together; difflib's time grows faster than its input."""

_NOTES = {  # what Ansible says instead of content
    "src_binary": "the new content is binary",
    "dst_binary": "the old content is binary",
    "src_larger": "the new content is too large to show",
    "dst_larger": "the old content is too large to show",
}


def render_diff(diff: Any) -> str:
    """Write the `diff` of a result of Ansible as text.

    Args:
        diff: A mapping with before and after (texts, or mappings of a file's properties),
            with a text that a module `prepared`, or a list of such; anything else is empty.

    Returns:
        Unified diffs without secrets, "" where nothing differs. Secrets are taken out of
        both sides before they are compared: a hunk may show the middle of a key without
        the line that tells what it is.
    """
    if isinstance(diff, list | tuple):
        return "\n".join(filter(None, map(render_diff, diff)))
    if not isinstance(diff, Mapping):
        return ""
    parts = [f"({note})" for key, note in _NOTES.items() if diff.get(key)]
    if "before" in diff or "after" in diff:
        parts.append(_compare(diff))
    if diff.get("prepared"):
        parts.append(redact(_text(diff["prepared"])).rstrip("\n"))
    return "\n".join(filter(None, parts))


def cut(text: str, limit: int) -> str:
    """Shorten a text to `limit` characters, and say how many are missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()}\n[cut: {len(text) - limit} more characters]".lstrip()


def _compare(diff: Mapping[str, Any]) -> str:
    before, after = _text(diff.get("before")), _text(diff.get("after"))
    if before == after:
        return ""
    if len(before) + len(after) > LARGEST_COMPARED:
        return f"(before and after differ; {len(before) + len(after)} characters are not compared)"
    lines = list(
        difflib.unified_diff(
            redact(before).splitlines(),
            redact(after).splitlines(),
            f"before: {_header(diff, 'before_header')}".rstrip(": "),
            f"after: {_header(diff, 'after_header')}".rstrip(": "),
            lineterm="",
        )
    )
    if lines:
        return "\n".join(lines)
    if redact(before) == redact(after):
        return "(they differ only in secret values, which are not shown)"
    return "(they differ only in their line ends)"


def _header(diff: Mapping[str, Any], key: str) -> str:
    return redact(_text(diff.get(key)))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)
