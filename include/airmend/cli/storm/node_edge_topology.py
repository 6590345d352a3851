"""`topology.json` of nodes and edges, as knowledge graphs of services are published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airmend.cli.storm.documents import mistake
from airmend.cli.storm.recording import Relations

NEEDED_BY = frozenset({"hosts"})
PART_OF = frozenset({"instance_of"})
HAS_PART = frozenset({"has_instance"})
SAID_ELSEWHERE = frozenset({"discovers"})  # the other direction of registers_with
"""Every other edge, such as control_flow, data_flow or hosted_on, is from an item to one that it
needs."""

HOST_TYPES = frozenset({"host", "node", "server", "vm"})


def read_relations(
    data: Mapping[str, Any], path: Path, system: str
) -> tuple[Relations, Mapping[str, str]]:
    """The relations of a topology, and the type of each item.

    Hosts, and items that no edge names, hang together by the system as a whole: an item
    `system:NAME` that each of them needs. Otherwise a host on which nothing of the system runs
    would be related to nothing.

    Args:
        data: The document: `nodes` with `id` and perhaps `type`, `edges` with `source`,
            `target` and perhaps `label`.
        path: Where it stands.
        system: The name of the system.

    Raises:
        ConfigurationError: Something is missing, or an edge names an unknown node.
    """
    types: dict[str, str] = {}
    for position, node in enumerate(_list(data, "nodes", path)):
        place = f"{path}: nodes[{position}]"
        name = _text(node, "id", place)
        if name in types:
            raise mistake(place, f"the id '{name}' is there twice", "Remove one of the two.")
        types[name] = str(node.get("type", "")).casefold()
    needs: dict[str, set[str]] = {}
    parts: dict[str, set[str]] = {}
    for position, edge in enumerate(_list(data, "edges", path)):
        place = f"{path}: edges[{position}]"
        source, target = _text(edge, "source", place), _text(edge, "target", place)
        label = _text(edge, "label", place) if "label" in edge else ""
        for name in (source, target):
            if name not in types:
                raise mistake(
                    place, f"'{name}' is none of the nodes", "Add it, or correct the name."
                )
        if label in NEEDED_BY:
            needs.setdefault(target, set()).add(source)
        elif label in PART_OF:
            parts.setdefault(target, set()).add(source)
        elif label in HAS_PART:
            parts.setdefault(source, set()).add(target)
        elif label not in SAID_ELSEWHERE:
            needs.setdefault(source, set()).add(target)
    related = {n for r in (needs, parts) for item, others in r.items() for n in (item, *others)}
    for name, kind in types.items():
        if kind in HOST_TYPES or name not in related:
            needs.setdefault(name, set()).add(f"system:{system}")
    return (
        Relations(
            {item: frozenset(others) for item, others in needs.items()},
            {item: frozenset(others) for item, others in parts.items()},
            frozenset(types),
        ),
        types,
    )


def _list(data: Mapping[str, Any], key: str, path: Path) -> list[Any]:
    found = data.get(key)
    if not isinstance(found, list):
        raise mistake(f"{path}: {key}", "it is not a list", "Write a list of objects there.")
    return found


def _text(entry: Any, key: str, place: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value:
        raise mistake(place, f"'{key}' is missing or no text", "Add it.")
    return value
