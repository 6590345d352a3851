"""The law that import-linter cannot say: what a model.py may import."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "include/airmend"
MODELS = sorted(PACKAGE.glob("*/model.py"))


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", MODELS, ids=[path.parent.name for path in MODELS])
def test_a_model_imports_pydantic_the_standard_library_and_models_alone(path: Path) -> None:
    models = {f"airmend.{model.parent.name}.model" for model in MODELS}
    for name in imported_modules(path):
        root = name.split(".")[0]
        assert name in models or root == "pydantic" or root in sys.stdlib_module_names, name


def test_every_room_of_the_house_has_its_words() -> None:
    rooms = {path.parent.name for path in MODELS}
    assert rooms >= {"incident", "runbook", "change", "execution", "records"}
