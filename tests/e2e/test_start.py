"""A fresh installation shows every runbook, and nothing that is broken."""

from __future__ import annotations

from tests.e2e.house import House
from tests.e2e.running import RISK_WATCH, SEALING, UPKEEP


def test_every_runbook_is_a_dag_and_nothing_else_is(house: House) -> None:
    dags = house.get("/api/v2/dags", limit=100)["dags"]
    runbooks = {path.name for path in house.runbooks.iterdir()}
    assert {dag["dag_id"] for dag in dags} == runbooks | {UPKEEP, SEALING, RISK_WATCH}
    assert not any(dag["is_paused"] for dag in dags)


def test_no_dag_and_no_plugin_has_an_import_error(house: House) -> None:
    assert house.get("/api/v2/importErrors")["import_errors"] == []
    assert house.get("/api/v2/plugins/importErrors")["import_errors"] == []
    (plugin,) = house.get("/api/v2/plugins")["plugins"]
    assert plugin["name"] == "airmend"
