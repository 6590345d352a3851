"""Text out of Atlassian's document format, which Jira's descriptions may come in.

Source of the form: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/.
A document is a tree of nodes: `{"type": "doc", "content": [{"type": "paragraph", "content":
[{"type": "text", "text": "The shop"}, {"type": "hardBreak"}]}]}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from airmend.incident import fields

_BLOCKS = frozenset(
    {"paragraph", "heading", "codeBlock", "blockquote", "rule", "listItem", "tableRow", "panel"}
)
_BREAK = "hardBreak"
_SAID_BY_ATTRIBUTES = ("text", "shortName", "url")


def read_rich_text(value: object) -> str:
    """The words of a description, with a line a block; a plain text as it is.

    What has no words, such as a picture, is left out; "" for anything that is no document.
    """
    if isinstance(value, str):
        return fields.read_text(value).strip()
    lines = "".join(_walk(value)).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def _walk(node: object) -> Iterator[str]:
    """The words of a node; the tree is no deeper than `fields.storable` leaves it."""
    if isinstance(node, list):
        for item in node:
            yield from _walk(item)
        return
    if not isinstance(node, dict):
        return
    kind, attributes = fields.read_text(node.get("type")), node.get("attrs")
    if kind == _BREAK:
        yield "\n"
    yield fields.read_text(node.get("text"))
    if isinstance(attributes, dict) and "content" not in node:
        said = (fields.read_text(attributes.get(name)) for name in _SAID_BY_ATTRIBUTES)
        yield next((text for text in said if text), "")
    yield from _walk(node.get("content"))
    if kind in _BLOCKS:
        yield "\n"
