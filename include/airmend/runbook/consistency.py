"""What the parts of a runbook owe each other, beyond the form of each.

Works on the data of the file, valid or not, so that all mistakes are said at once. A part
of the wrong form is left to `mistakes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from airmend.errors import InputError
from airmend.expressions import ExpressionError, check_expression, suggest
from airmend.runbook.inputs import validate_input
from airmend.runbook.model import InputSpec, InputType

Path = tuple[str | int, ...]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HOST_FIELDS = frozenset({"host.name", "host.address"})
_RESERVED_PREFIXES = ("ansible_", "airmend_")
_RESERVED = frozenset(
    {
        *("environment", "group_names", "groups", "hosts", "hostvars", "inventory_dir"),
        *("inventory_file", "inventory_hostname", "inventory_hostname_short", "omit"),
        *("play_hosts", "playbook_dir", "role_name", "role_path", "vars"),
    }
)
"""Ansible's own variables: extra vars win over them, so an input could redirect a connection."""


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """A mistake at a place in the document."""

    place: Path
    fact: str
    remedy: str


def find_inconsistencies(document: dict[str, Any], folder_name: str) -> Iterator[Inconsistency]:
    """Find what does not fit together in a runbook.

    Args:
        document: The data of `runbook.yaml`.
        folder_name: The name of the folder that it is in.
    """
    runbook_id = document.get("id")
    if isinstance(runbook_id, str) and runbook_id != folder_name:
        yield Inconsistency(
            ("id",),
            f"the id is '{runbook_id}', the folder is '{folder_name}'",
            "Give both the same name.",
        )
    inputs = _mapping(document.get("inputs"))
    yield from _check_expressions(document, inputs)
    yield from _check_inputs(inputs)
    for place, part in _parts_that_run(document):
        yield from _check_variables((*place, "vars"), _mapping(part.get("vars")), inputs)
        if isinstance(part.get("url"), str):
            yield from _check_url((*place, "url"), part["url"], inputs)


def named_playbooks(document: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every playbook that a runbook names, with the place where it does."""
    for place, part in _parts_that_run(document):
        if isinstance(part.get("playbook"), str):
            yield (*place, "playbook"), part["playbook"]


def _parts_that_run(document: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    yield from _items(("steps",), document.get("steps"))
    yield from _items(("verify",), document.get("verify"))
    rollback = document.get("rollback")
    if isinstance(rollback, dict):
        yield ("rollback",), rollback
        yield from _items(("rollback", "verify"), rollback.get("verify"))


def _check_expressions(document: dict[str, Any], inputs: dict[str, Any]) -> Iterator[Inconsistency]:
    expressions: list[tuple[Path, Any]] = [
        (("match", index), text) for index, text in enumerate(_list(document.get("match")))
    ]
    expressions += [
        (("inputs", name, "from"), _mapping(spec).get("from")) for name, spec in inputs.items()
    ]
    for place, text in expressions:
        if not isinstance(text, str):
            continue
        try:
            check_expression(text)
        except ExpressionError as error:
            yield Inconsistency(place, error.fact, error.remedy)


def _check_inputs(inputs: dict[str, Any]) -> Iterator[Inconsistency]:
    for name, data in inputs.items():
        place: Path = ("inputs", name)
        yield from _check_variable_name(place, name)
        try:
            spec = InputSpec.model_validate(data)
        except ValidationError:
            continue
        is_number = spec.type is InputType.INTEGER
        if not is_number and (spec.minimum is not None or spec.maximum is not None):
            yield Inconsistency(
                place,
                f"input '{name}' is a {spec.type} and has a minimum or maximum",
                "Remove it, or use 'type: integer'.",
            )
        if spec.minimum is not None and spec.maximum is not None and spec.minimum > spec.maximum:
            yield Inconsistency(
                place,
                f"input '{name}' has a minimum above its maximum",
                "Exchange the two.",
            )
        yield from _check_default(name, spec)
        yield from _check_choices(name, spec)


def _check_default(name: str, spec: InputSpec) -> Iterator[Inconsistency]:
    if spec.default is None:
        return
    try:
        validate_input(name, spec, spec.default)
    except InputError as error:
        yield Inconsistency(("inputs", name, "default"), str(error), "Correct the default.")


def _check_choices(name: str, spec: InputSpec) -> Iterator[Inconsistency]:
    any_value = spec.model_copy(update={"choices": None})
    for index, choice in enumerate(spec.choices or []):
        place: Path = ("inputs", name, "choices", index)
        try:
            taken = validate_input(name, any_value, choice)
        except InputError as error:
            yield Inconsistency(place, str(error), "Correct the choice.")
            continue
        if taken != choice or type(taken) is not type(choice):
            yield Inconsistency(
                place, f"no value can ever be the choice {choice!r}", f"Write {taken!r}."
            )


def _check_variables(
    place: Path, variables: dict[str, Any], inputs: dict[str, Any]
) -> Iterator[Inconsistency]:
    for name in variables:
        if name in inputs:
            yield Inconsistency(
                (*place, name),
                f"the variable '{name}' hides the input '{name}'",
                "Playbooks get all inputs; rename the variable or remove it.",
            )
        yield from _check_variable_name((*place, name), name)


def _check_variable_name(place: Path, name: str) -> Iterator[Inconsistency]:
    if name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
        yield Inconsistency(
            place,
            f"'{name}' is a variable of Ansible's or Airmend's own",
            "Choose another name; set connection variables in the inventory.",
        )


def _check_url(place: Path, url: str, inputs: dict[str, Any]) -> Iterator[Inconsistency]:
    forms = "Use {host.name}, {host.address}, {vars.NAME} or {inputs.NAME}."
    for name in _PLACEHOLDER.findall(url):
        kind, _, key = name.partition(".")
        if kind == "inputs" and re.fullmatch(r"\w+", key):
            if key not in inputs:
                yield Inconsistency(
                    place,
                    f"the URL names the input '{key}', which is not there",
                    suggest(key, inputs) or "Add it to 'inputs:'.",
                )
        elif not (name in _HOST_FIELDS or (kind == "vars" and re.fullmatch(r"\w+", key))):
            yield Inconsistency(place, f"the URL has the placeholder {{{name}}}", forms)
    if re.search(r"[{}]", _PLACEHOLDER.sub("", url)):
        yield Inconsistency(place, "the URL has a brace that is not part of a placeholder", forms)


def _items(place: Path, value: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    for index, item in enumerate(_list(value)):
        if isinstance(item, dict):
            yield (*place, index), item


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
