"""Every mistake of the notifiers' file that can be seen before anybody is told.

Called by `airmend lint`. Nothing of Airflow is imported: classes are looked for where they are
installed, and templates are read, not filled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from airmend.change.document import Location, YamlDocument, read_document
from airmend.change.import_paths import find_path_fault
from airmend.change.notice_text import NoticeText
from airmend.change.notifier_plan import NotifierPlan
from airmend.errors import ConfigurationError
from airmend.expressions import suggest

_SPACES = ("airflow.providers",)
_VALUE = "airmend"
_NAMES = tuple(each.name for each in fields(NoticeText))


def check_notifiers(path: Path) -> tuple[list[str], list[str]]:
    """Look at a file of notifiers.

    Returns:
        Mistakes, and warnings of classes that may be installed where the workers are; each with
        place, fact and remedy.
    """
    try:
        document = read_document(path)
        plan = document.validate(NotifierPlan)
    except ConfigurationError as error:
        return str(error).splitlines(), []
    mistakes: list[str] = []
    warnings: list[str] = []
    for number, notifier in enumerate(plan.notifiers):
        here: Location = ("notifiers", number)
        if fault := find_path_fault(notifier.class_, _SPACES):
            told = _tell(document, (*here, "class"), fault.reason)
            (warnings if fault.is_elsewhere else mistakes).append(told)
        for place, text in _texts(notifier.arguments, (*here, "arguments")):
            mistakes += [_tell(document, place, fact) for fact in _find_template_mistakes(text)]
    return mistakes, [f"warning: {each}" for each in warnings]


def _tell(document: YamlDocument, place: Location, fact: str) -> str:
    return f"{document.place(place)}: {'.'.join(map(str, place))}: {fact}"


def _texts(value: Any, place: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, (*place, str(name)))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*place, number))


def _find_template_mistakes(text: str) -> list[str]:
    try:
        tree = Environment(autoescape=True).parse(text)
    except TemplateSyntaxError as error:
        return [f"is no template: {error.message}. Correct it."]
    unknown = dict.fromkeys(name for name in _used_names(tree) if name not in _NAMES)
    return [_unknown(name) for name in unknown]


def _used_names(tree: nodes.Template) -> Iterator[str]:
    for attribute in tree.find_all(nodes.Getattr):
        if _is_ours(attribute.node):
            yield attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if _is_ours(item.node) and isinstance(item.arg, nodes.Const):
            yield str(item.arg.value)


def _is_ours(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name) and node.name == _VALUE


def _unknown(name: str) -> str:
    remedy = suggest(name, _NAMES) or "docs/approvals.md has the list."
    return f"there is no '{_VALUE}.{name}'. {remedy}"
