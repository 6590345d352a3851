"""YAML as plain data, fast, with the line of every part for those who made a mistake.

Owns which YAML Airmend reads: mappings with text keys, lists, text, whole numbers, decimals,
true, false and null. Everything that makes a file say more than it shows is a mistake: a key
given twice, an alias, a tag. Only `true` and `false` are booleans; `yes`, `on`, `010` and
`2026-03-02` are text, so nothing turns into a value that its author did not mean.

Reads with the C parser and builds the data in one pass over its nodes: half the time that
`CSafeLoader` takes. Lines are looked up by reading again, since only a mistake asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from airmend.errors import AirmendError, RunbookError

try:
    from yaml._yaml import CParser
except ImportError as error:  # pragma: no cover - every wheel of PyYAML has it
    raise ImportError(
        "PyYAML lacks its C parser; install a wheel that was built with it"
    ) from error

Place = Sequence[str | int]
Mistake = Callable[[str, int | None, str, str], AirmendError]
"""Makes the error of a mistake from path, line, fact and remedy: one a kind of file."""
Locate = Callable[[Place], int]
"""Gives the 1-based line of a part; of the nearest part around it when it is not there."""

ANSIBLE_TAGS = frozenset({"!vault", "!unsafe"})
"""Tags that Ansible content may hold; their value is read as text."""

_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_NUMBER_STARTS = frozenset("+-0123456789")
_PERHAPS_ALIAS = re.compile(r"(?:\A|[\s\[{,:])\*\S")  # most stars are globs and arithmetic
_INTEGER_DIGITS = 18  # fits the 64 bits of CEL, JSON readers and databases


MAX_DEPTH = 100
"""Levels of mappings and lists; no file that people write comes near."""

_TOO_DEEP = ("it is nested too deeply", "Write it with fewer levels.")


class _Parser(CParser):
    """The C composer without its search for types, which is most of its time."""

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> None:
        return None

    def descend_resolver(self, parent: Node | None, index: Any) -> None:
        return None

    def ascend_resolver(self) -> None:
        return None


def load_located(
    content: bytes,
    path: str,
    *,
    tags: frozenset[str] = frozenset(),
    mistake: Mistake = RunbookError,
) -> tuple[Any, Locate]:
    """Read one YAML document.

    Args:
        content: The bytes of the file, UTF-8.
        path: The file as messages name it.
        tags: Tags that are allowed; a tagged value is read as text.
        mistake: Makes the error that is raised.

    Returns:
        The data, and a function from a path such as `("steps", 0, "playbook")` to its line.

    Raises:
        AirmendError: As `mistake` makes it: the file is not UTF-8, not YAML, or YAML that
            Airmend does not read.
    """
    text = _decode(content, path, mistake)
    try:
        root = _compose(text, path, mistake)
        document = None if root is None else _Builder(path, tags, mistake).build(root, MAX_DEPTH)
    except RecursionError:  # of the C parser, which has a limit of its own
        raise mistake(path, None, *_TOO_DEEP) from None

    return document, _Lines(text, path, mistake)


class _Lines:
    """Finds lines in a text that was read before; reads it again when the first is asked for."""

    __slots__ = ("_mistake", "_path", "_root", "_text")

    def __init__(self, text: str, path: str, mistake: Mistake) -> None:
        self._text, self._path, self._mistake = text, path, mistake

    def __call__(self, place: Place) -> int:
        if not hasattr(self, "_root"):
            self._root = _compose(self._text, self._path, self._mistake)
        return _find_line(self._root, place)


def _decode(content: bytes, path: str, mistake: Mistake) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise mistake(path, line, "it is not UTF-8 text", "Save the file as UTF-8.") from error


def _compose(text: str, path: str, mistake: Mistake) -> Node | None:
    try:
        # the second pass is for those files alone; most have no star at all
        if "*" in text and _PERHAPS_ALIAS.search(text):
            _refuse_aliases(text, path, mistake)
        node: Node | None = _Parser(text).get_single_node()
        return node
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        fact = " ".join(part for part in (error.context, error.problem) if part)
        raise mistake(
            path,
            mark.line + 1 if mark else None,
            f"it is not YAML: {fact}",
            "Check indentation, colons and quotes at this place.",
        ) from error
    except yaml.YAMLError as error:
        raise mistake(
            path, None, f"it is not YAML: {error}", "Save it as plain UTF-8 text."
        ) from error


def _refuse_aliases(text: str, path: str, mistake: Mistake) -> None:
    parser = _Parser(text)
    while (event := parser.get_event()) is not None:
        if isinstance(event, yaml.AliasEvent):
            mark: Any = event.start_mark
            raise mistake(
                path,
                mark.line + 1,
                f"the alias '*{event.anchor}' stands for text from elsewhere",
                "Write the text out.",
            )


class _Builder:
    """Turns nodes into data, and refuses what Airmend does not read."""

    def __init__(self, path: str, tags: frozenset[str], mistake: Mistake) -> None:
        self.path, self.tags, self._mistake = path, tags, mistake

    def build(self, node: Any, levels: int) -> Any:
        kind = type(node)
        if not levels:
            raise self.mistake(node, *_TOO_DEEP)
        if node.tag is not None and (kind is not ScalarNode or node.tag not in self.tags):
            raise self.mistake(node, f"the tag '{node.tag}' is not known", "Remove it.")
        if kind is ScalarNode:
            # a plain scalar has an empty style; quotes and a tag make it text
            if node.style or node.tag is not None:
                return node.value
            return self.build_plain(node, node.value)
        if kind is SequenceNode:
            return [self.build(item, levels - 1) for item in node.value]
        return self.build_mapping(node, levels - 1)

    def build_plain(self, node: Node, text: str) -> Any:
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] in _NUMBER_STARTS:
            if _INTEGER.fullmatch(text):
                if len(text.lstrip("+-")) > _INTEGER_DIGITS:
                    raise self.mistake(node, "the number is too large", "Put it in quotes.")
                return int(text)
            if _DECIMAL.fullmatch(text):
                return float(text)
        return text

    def build_mapping(self, node: Node, levels: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.build(key_node, levels)
            if type(key) is not str:
                raise self.mistake(key_node, f"the key {key!r} is not text", "Put it in quotes.")
            if key in data:
                raise self.mistake(
                    key_node,
                    f"the key '{key}' is there twice",
                    "Remove one of the two.",
                )
            data[key] = self.build(value_node, levels)
        return data

    def mistake(self, node: Node, fact: str, remedy: str) -> AirmendError:
        return self._mistake(self.path, node.start_mark.line + 1, fact, remedy)


def _find_line(node: Node | None, place: Place) -> int:
    line = 1 if node is None else node.start_mark.line + 1
    for part in place:
        if isinstance(node, MappingNode) and isinstance(part, str):
            found = next((pair for pair in node.value if pair[0].value == part), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line
