"""Plain text to Atlassian's document format and back, as far as notes need it.

Source of the form: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/.
"""

from __future__ import annotations

from typing import Any

_DEEPEST = 20


def write_document(text: str) -> dict[str, Any]:
    """A text as a document: one paragraph a line, nothing in it is markup."""
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
        for line in text.split("\n")
    ]
    return {"version": 1, "type": "doc", "content": paragraphs}


def read_document_text(node: Any, depth: int = _DEEPEST) -> str:
    """All words of a document, or of a part of it."""
    if isinstance(node, str):
        return node
    if depth == 0:
        return ""
    if isinstance(node, list):
        return "\n".join(read_document_text(each, depth - 1) for each in node)
    if isinstance(node, dict):
        words = node.get("text") if isinstance(node.get("text"), str) else ""
        return f"{words}{read_document_text(node.get('content'), depth - 1)}"
    return ""
