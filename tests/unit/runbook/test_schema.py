"""The JSON Schema of runbook.yaml."""

from __future__ import annotations

from airmend.runbook.model import Runbook
from airmend.runbook.schema import SCHEMA_ID, SchemaGuide, runbook_schema
from tests.builders import runbook_document


def test_it_names_the_keys_as_authors_write_them() -> None:
    schema = runbook_schema()
    assert schema["$id"] == SCHEMA_ID
    assert set(runbook_document()) == set(schema["properties"])
    assert "from" in schema["$defs"]["InputSpec"]["properties"]
    assert schema["additionalProperties"] is False


def test_editors_do_not_offer_an_emergency_change() -> None:
    assert runbook_schema()["$defs"]["ChangeType"]["enum"] == ["standard", "normal"]


def test_the_guide_knows_the_keys_of_every_part() -> None:
    guide = SchemaGuide(Runbook)
    assert "title" in guide.known_keys(())
    assert guide.known_keys(("rollback",)) == ["playbook", "timeout_seconds", "vars", "verify"]
    assert "contains" in guide.known_keys(("rollback", "verify", 0))
    assert "vars" in guide.known_keys(("verify", 0))
    assert "pattern" in guide.known_keys(("inputs", "host"))
    assert guide.known_keys(("title", "x")) == []
    assert guide.describe((), "owner") == "The team that answers for it"
