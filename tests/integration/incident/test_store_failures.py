"""Records that cannot be written: the sender hears 503, and nothing is half done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from airmend.errors import StoreUnavailableError
from airmend.incident.intake import Intake
from airmend.records.database import Database
from airmend.web.app import create_app
from tests.integration.incident.desk import PROOF, Desk, trust
from tests.integration.web.conftest import Caller
from tests.postgres import running_postgres
from tests.unit.incident.documents import generic_alert

HOOK = "/hooks/generic"
SENDERS = 8


def status_of(intake: Intake, **alert: Any) -> int:
    """What a sender hears."""
    client = Caller(create_app(intake=intake, secrets=trust))
    return client.post(HOOK, json=generic_alert(**alert), headers=PROOF).status_code


def set_pragma(database: Database, pragma: str) -> Callable[[], None]:
    """Give every connection to a SQLite file a pragma; gives a function that ends that."""

    def set_it(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(database.engine, "connect", set_it)
    database.engine.dispose()

    def undo() -> None:
        event.remove(database.engine, "connect", set_it)
        database.engine.dispose()

    return undo


def forbid_writing(database: Database) -> Callable[[], None]:
    """Make a database read-only; gives a function that ends that."""
    if database.engine.dialect.name == "sqlite":
        return set_pragma(database, "query_only=ON")

    def allow(value: str) -> None:
        with database.engine.begin() as connection:
            connection.execute(text("SET TRANSACTION READ WRITE"))
            name = connection.scalar(text("SELECT current_database()"))
            connection.execute(
                text(f'ALTER DATABASE "{name}" SET default_transaction_read_only={value}')
            )
        database.engine.dispose()

    allow("on")
    return lambda: allow("off")


def test_records_that_are_read_only_take_nothing_and_then_everything(desk: Desk) -> None:
    before = desk.counts()
    allow_again = forbid_writing(desk.database)
    assert status_of(desk.intake) == 503
    allow_again()
    assert desk.counts() == before
    assert status_of(desk.intake) == 202
    assert desk.alert(host="web2").outcome == "started"


def test_a_disk_that_is_full_takes_nothing_and_then_everything(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.db'}")
    database.migrate()
    desk = Desk(database)
    with database.session() as session:
        pages = session.scalar(text("PRAGMA page_count"))
    make_room = set_pragma(database, f"max_page_count={pages + 20}")
    statuses = [
        status_of(desk.intake, host=f"web{number}", description="x" * 4000) for number in range(30)
    ]
    taken = statuses.count(202)
    assert statuses == [202] * taken + [503] * (30 - taken)
    assert 0 < taken < 30
    counts = desk.counts()
    assert (counts["deliveries"], counts["alerts"], counts["incidents"]) == (taken,) * 3
    make_room()
    for number in range(30):
        assert status_of(desk.intake, host=f"web{number}", description="x" * 4000) == 202
    assert len(desk.incidents()) == len(desk.airflow.runs) == 30
    database.close()


def test_a_server_that_goes_away_is_told_to_every_sender_at_once(tmp_path: Path) -> None:
    with running_postgres(tmp_path) as server:
        database = Database(server.create_database("goes_away"))
        database.migrate()
        desk = Desk(database)
        assert desk.alert().outcome == "started"
    begin = threading.Barrier(SENDERS)

    def send(number: int) -> bool:
        begin.wait(30)
        with pytest.raises(StoreUnavailableError):
            desk.alert(host=f"other{number}")
        return True

    with ThreadPoolExecutor(SENDERS) as pool:
        assert all(pool.map(send, range(SENDERS)))
    assert desk.send(generic_alert()).repeated  # what is stored stays answered
    database.close()


def test_one_bad_delivery_spoils_none_of_those_that_arrive_with_it(desk: Desk) -> None:
    held, arrived = threading.Event(), threading.Barrier(SENDERS + 1)
    good_match = desk.intake.match

    def match(facts: dict[str, Any], runbooks: Any) -> Any:
        if facts["host"] == "first":  # while this one is decided, the others queue up
            held.wait(30)
        if facts["host"] == "web3":
            raise RuntimeError("nobody foresaw this")
        return good_match(facts, runbooks)

    desk.intake = desk.with_ports(match=match)

    def send(number: int) -> str:
        arrived.wait(30)
        try:
            return desk.alert(host=f"web{number}").outcome
        except RuntimeError as error:
            return str(error)

    with ThreadPoolExecutor(SENDERS + 1) as pool:
        first = pool.submit(desk.alert, host="first")
        others = [pool.submit(send, number) for number in range(SENDERS)]
        arrived.wait(30)
        held.set()
        outcomes = [other.result(60) for other in others]
        assert first.result(60).outcome == "started"
    assert outcomes[3] == "nobody foresaw this"
    assert outcomes[:3] + outcomes[4:] == ["started"] * (SENDERS - 1)
    assert desk.counts()["deliveries"] == SENDERS


def test_another_process_answers_a_repeated_delivery_as_the_first_one_did(desk: Desk) -> None:
    headers = {"webhook-id": "msg_1"}
    first = desk.send(generic_alert(), headers=headers)
    other = Desk(desk.database).send(generic_alert(), headers=headers)
    assert other == first.model_copy(update={"repeated": True})
    assert desk.counts()["deliveries"] == 1
