"""The sample of each source, of which a test changes one thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "samples"


class _LeftOut:
    """A value with a name, so that tests are called the same in every process."""

    def __repr__(self) -> str:
        return "LEFT_OUT"


LEFT_OUT: Any = _LeftOut()
"""Given instead of a value, it takes the field away."""


def sample(name: str, **override: Any) -> dict[str, Any]:
    """The sample of a source with fields of its top level replaced or left out."""
    document: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return changed(document, override)


def changed(document: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """A document with some of its fields replaced or left out."""
    return {key: value for key, value in (document | override).items() if value is not LEFT_OUT}
