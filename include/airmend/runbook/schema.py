"""The JSON Schema of `runbook.yaml`, for editors, and for naming what may stand where."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

from airmend.change.model import ChangeType
from airmend.runbook.model import Runbook

SCHEMA_ID = "urn:airmend:runbook:v1"

_Place = tuple[str | int, ...]


def runbook_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `runbook.yaml`, with the keys as authors write them."""
    schema = Runbook.model_json_schema(by_alias=True)
    # a runbook cannot declare itself an emergency; a validator says so, the schema must too
    schema["$defs"][ChangeType.__name__]["enum"].remove(ChangeType.EMERGENCY)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Airmend runbook",
    }
    return head | {key: value for key, value in schema.items() if key != "title"}


class SchemaGuide:
    """Answers what a part of a document may hold.

    Args:
        model: The model of the document as a whole.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self._schema = _schema_of(model)

    def known_keys(self, place: _Place) -> list[str]:
        """The keys that the mapping at a place may have, sorted; of a choice, all together."""
        return sorted(self._properties(place))

    def describe(self, place: _Place, key: str) -> str:
        """What a key of the mapping at a place means; "" when the model does not say."""
        return str(self._properties(place).get(key, {}).get("description", "")).rstrip(".")

    def _properties(self, place: _Place) -> dict[str, Any]:
        node = self._resolve(self._schema)
        for part in place:
            if isinstance(part, int):
                below = node.get("items")
            else:
                # a mapping with free keys gives the form of all values, by pattern or not
                any_key = [*node.get("patternProperties", {}).values()]
                any_key.append(node.get("additionalProperties"))
                below = node.get("properties", {}).get(part, any_key[0])
            node = self._resolve(below if isinstance(below, dict) else {})
        properties: dict[str, Any] = node.get("properties", {})
        return properties

    def _resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in node:
            return self._resolve(self._schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
        properties: dict[str, Any] = {}
        for choice in node.get("oneOf", node.get("anyOf", [])):
            properties |= self._resolve(choice).get("properties", {})
        return {"properties": properties} if properties else node


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)
