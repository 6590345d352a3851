"""Whether an import path leads to a class, without importing anything.

`airmend lint` asks for the paths of notifiers: to import Airflow takes seconds, and other people's
modules run when they are imported. So packages are found as Python would find them, and the
module at the end is read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from airmend.expressions import suggest


@dataclass(frozen=True)
class PathFault:
    """Why an import path leads to no class.

    Args:
        reason: The fact and the remedy.
        is_elsewhere: Whether what is missing may be installed on another machine.
    """

    reason: str
    is_elsewhere: bool = False


def find_path_fault(path: str, spaces: Sequence[str] = ()) -> PathFault | None:
    """What is wrong with an import path as far as this installation knows; None where nothing is.

    Args:
        path: `package.module.Class`.
        spaces: Packages to which other distributions add: what they lack may be elsewhere.
    """
    *modules, name = path.split(".")
    spec, found = None, ""
    for part in modules:
        if spec is not None and spec.submodule_search_locations is None:
            return PathFault(f"{found} is no package. Name a class of a module.")
        inner = _find(part, spec)
        if inner is None:
            return _missing(found, part, spaces)
        spec, found = inner, f"{found}.{part}".lstrip(".")
    names = _read_names(spec) if spec else None
    if names is None or name in names:
        return None
    return PathFault(f"{found} has no '{name}'. {suggest(name, names) or 'Correct the path.'}")


def _find(part: str, parent: ModuleSpec | None) -> ModuleSpec | None:
    locations = None if parent is None else list(parent.submodule_search_locations or ())
    return PathFinder.find_spec(part, locations)


def _missing(found: str, part: str, spaces: Sequence[str]) -> PathFault:
    if found and found not in spaces:
        return PathFault(f"{found} has no '{part}'. Correct the path.")
    package = f"{found}.{part}".lstrip(".")
    return PathFault(
        f"'{package}' is not installed here. Install it for every worker, or correct the path.",
        is_elsewhere=True,
    )


def _read_names(spec: ModuleSpec) -> set[str] | None:
    """The names that a module defines or imports; None where that cannot be read off."""
    if spec.origin is None or not spec.origin.endswith(".py"):
        return None
    try:
        tree = ast.parse(Path(spec.origin).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names = set(_bound(tree.body))
    return None if "*" in names or "__getattr__" in names else names


def _bound(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """The names that statements bind, also within `if`, `try` and `with`."""
    for each in statements:
        if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield each.name
        elif isinstance(each, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.split(".")[0] for alias in each.names)
        else:
            yield from (n.id for n in ast.walk(each) if isinstance(n, ast.Name) and _is_set(n))
            for _, inner in ast.iter_fields(each):
                if isinstance(inner, list):
                    yield from _bound([n for n in inner if isinstance(n, ast.stmt)])
                    handlers = [n for n in inner if isinstance(n, ast.ExceptHandler)]
                    yield from (name for h in handlers for name in _bound(h.body))


def _is_set(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)
