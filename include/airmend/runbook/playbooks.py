"""What Airmend asks of the Ansible content of a runbook.

A playbook runs in check mode first, and only on the hosts that the change holds: both are
promises to the person who approves, so what would break one of them is a mistake. Everything
else about good Ansible is ansible-lint's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airmend.errors import RunbookError
from airmend.located_yaml import ANSIBLE_TAGS, Locate, Place, load_located

_DATA_FOLDERS = frozenset({"cases", "files", "templates"})
_LOOKED_AT = frozenset({"check_mode", "become"})
_TRUE = frozenset({"true", "yes", "on", "1"})  # what Ansible reads as true
_FALSE = frozenset({"false", "no", "off", "0"})


def is_ansible_content(name: str) -> bool:
    """Whether a file of a runbook's folder is YAML that Ansible may run or include."""
    parts = name.split("/")
    return (
        len(parts) > 1
        and parts[-1].endswith((".yml", ".yaml"))
        and not _DATA_FOLDERS.intersection(parts[:-1])
    )


def find_playbook_mistakes(
    content: bytes, path: str, *, is_playbook: bool, is_privileged: bool
) -> Iterator[RunbookError]:
    """Find what a playbook, or a file that it may include, must not do.

    Args:
        content: The file.
        path: The file, as the author would open it.
        is_playbook: It is run by a step or a check; otherwise it may be tasks or variables.
        is_privileged: The runbook says that it uses privilege escalation.
    """
    try:
        document, locate = load_located(content, path, tags=ANSIBLE_TAGS)
    except RunbookError as error:
        yield error
        return
    if is_playbook:
        yield from _check_plays(document, path, locate)
    for place, key, value in _find_keys(document):
        if key == "check_mode" and str(value).lower() not in _TRUE:
            yield RunbookError(
                path,
                locate((*place, key)),
                f"'check_mode: {_show(value)}' could change something in the preflight",
                "Remove it; use a module that can say what it would do.",
            )
        elif key == "become" and not is_privileged and str(value).lower() not in _FALSE:
            yield RunbookError(
                path,
                locate((*place, key)),
                "it escalates privileges and the runbook does not say so",
                "Set 'privileged: true' under 'change:' in runbook.yaml.",
            )


def _check_plays(document: Any, path: str, locate: Locate) -> Iterator[RunbookError]:
    if not isinstance(document, list) or not document:
        yield RunbookError(
            path,
            1,
            "it is not a list of plays",
            "Begin with '- name:' and 'hosts: all'.",
        )
        return
    for index, play in enumerate(document):
        if not isinstance(play, dict):
            yield RunbookError(
                path,
                locate((index,)),
                "it is not a play",
                "Write '- name:' and 'hosts: all'.",
            )
        elif play.get("hosts") != "all":
            fact = (
                f"the play works on the hosts '{_show(play['hosts'])}'"
                if "hosts" in play
                else "the play names no hosts"
            )
            yield RunbookError(
                path,
                locate((index, "hosts")),
                fact,
                "Write 'hosts: all'; Airmend limits it to the targets of the change.",
            )


def _find_keys(document: Any) -> list[tuple[Place, str, Any]]:
    """Where the keys stand that are looked at, with their values; at any depth."""
    found: list[tuple[Place, str, Any]] = []

    def look(node: dict[str, Any] | list[Any], place: tuple[str | int, ...]) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key in _LOOKED_AT:
                found.append((place, key, value))
            if isinstance(value, dict | list):
                look(value, (*place, key))

    if isinstance(document, dict | list):
        look(document, ())
    return found


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
