"""A model as bytes and back, by skops: no pickle, named types alone, one digest for one model.

Imports scikit-learn and skops, so it is imported where a model is stored or loaded.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import skops.io

from airmend.change.learning.fitting import RiskModel
from airmend.errors import ConfigurationError

ALLOWED_TYPES = frozenset(
    {
        *(f"builtins.{name}" for name in ("dict", "list", "tuple", "str")),
        *(f"numpy.{name}" for name in ("float64", "int64", "ndarray")),
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.feature_extraction._dict_vectorizer.DictVectorizer",
        "sklearn.feature_selection._variance_threshold.VarianceThreshold",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.pipeline.Pipeline",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._tree.Tree",
    }
)
"""What our pipelines are made of. skops by itself would load every type of scikit-learn."""

_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def dump_model(model: RiskModel) -> bytes:
    """A model as a file of skops.

    skops names parts by their place in memory and notes the time; here they are numbered in the
    order in which they stand and have no time, so that the same model has the same digest.
    """
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(skops.io.dumps(vars(model)))) as source,
        zipfile.ZipFile(written, "w") as target,
    ):
        schema = json.loads(source.read(_SCHEMA))
        names: dict[str, str] = {}
        _number(schema, {}, names)
        parts = {new: source.read(old) for old, new in names.items()}
        parts[_SCHEMA] = json.dumps(schema, sort_keys=True, separators=(",", ":")).encode()
        for name, content in parts.items():
            target.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def load_model(content: bytes, place: str) -> RiskModel:
    """A model from a file of skops that holds types of our list alone.

    Raises:
        ConfigurationError: It is no such file, or names a type that is not on the list.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            found = set(_types_in(json.loads(source.read(_SCHEMA))))
        if strange := sorted(found - ALLOWED_TYPES):
            raise ConfigurationError(
                f"{place}: holds {', '.join(strange)}, which is not loaded. "
                "Remove the folder and train again."
            )
        parts: dict[str, Any] = skops.io.loads(content, trusted=sorted(ALLOWED_TYPES))
        return RiskModel(**parts)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{place}: is no model that this release can read. Train again."
        ) from error


def _number(node: Any, ids: dict[int, int], names: dict[str, str]) -> None:
    """Give every id and every file of a schema the number of its first appearance."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "__id__":
                node[key] = ids.setdefault(value, len(ids) + 1)
            elif key == "file" and isinstance(value, str):
                node[key] = names.setdefault(value, f"{len(names) + 1}{PurePath(value).suffix}")
            else:
                _number(value, ids, names)
    elif isinstance(node, list):
        for each in node:
            _number(each, ids, names)


def _types_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "__class__" in node and "__module__" in node:
            yield f"{node['__module__']}.{node['__class__']}"
        for value in node.values():
            yield from _types_in(value)
    elif isinstance(node, list):
        for each in node:
            yield from _types_in(each)
