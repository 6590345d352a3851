"""The same trouble told many times at the same instant is one incident and one change."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from airmend.errors import RunNotStartedError, StoreUnavailableError
from airmend.incident.answers import Answer
from airmend.records.database import Database
from airmend.records.model import FactKind
from tests.integration.incident.desk import PROOF, Desk, trust
from tests.unit.incident.documents import generic_alert

SENDERS = 8


def at_once(work: Callable[[int], Answer]) -> list[Answer]:
    """The answers of several threads that begin together."""
    barrier = threading.Barrier(SENDERS)

    def run(number: int) -> Answer:
        barrier.wait(30)
        return work(number)

    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(run, range(SENDERS)))


def outcomes(answers: list[Answer]) -> list[str]:
    """All outcomes, sorted."""
    return sorted(entry.outcome for answer in answers for entry in answer.incidents)


def test_identical_deliveries_at_one_instant_are_taken_in_once(desk: Desk) -> None:
    answers = at_once(lambda _: desk.send(generic_alert(), headers={"webhook-id": "msg_1"}))
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * (SENDERS - 1)
    assert len({answer.incidents[0].incident for answer in answers}) == 1
    counts = desk.counts()
    assert (counts["deliveries"], counts["alerts"]) == (1, 1)
    assert (counts["incidents"], counts["changes"]) == (1, 1)
    assert len(desk.airflow.runs) == 1


def test_the_same_alert_in_different_deliveries_at_one_instant_is_one_incident(
    desk: Desk,
) -> None:
    answers = at_once(lambda number: desk.send(generic_alert(summary=str(number))))
    assert outcomes(answers) == ["repeated"] * (SENDERS - 1) + ["started"]
    (incident,) = desk.incidents()
    assert incident.alert_count == SENDERS
    assert desk.counts()["changes"] == 1
    assert len(desk.airflow.runs) == 1


def test_batches_in_opposite_order_do_not_block_each_other(desk: Desk) -> None:
    hosts = [f"web{number}" for number in range(12)]

    def send(number: int) -> Answer:
        order = hosts if number % 2 else hosts[::-1]
        alerts = [generic_alert(host=host, summary=str(number)) for host in order]
        return desk.send({"alerts": alerts})

    answers = at_once(send)
    assert outcomes(answers).count("started") == len(hosts)
    assert {incident.alert_count for incident in desk.incidents()} == {SENDERS}
    assert len(desk.airflow.runs) == len(hosts)


def test_the_same_body_after_the_window_is_taken_in_once_more(desk: Desk) -> None:
    desk.send(generic_alert())
    desk.clock.move(hours=2)
    answers = at_once(lambda _: desk.send(generic_alert()))
    assert sum(not answer.repeated for answer in answers) == 1
    assert desk.counts()["deliveries"] == 2


def test_starting_the_outbox_twice_at_once_notes_every_run_once(desk: Desk) -> None:
    desk.airflow.is_up = False
    incidents = [desk.alert(host=f"web{number}").incident for number in range(5)]
    desk.airflow.is_up = True
    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(lambda _: desk.intake.resume_starts(), range(SENDERS)))
    assert len(desk.airflow.runs) == 5
    for incident_id in incidents:
        kinds = [fact.kind for fact in desk.story(incident_id)]
        assert kinds.count(FactKind.RUN_CREATED) == 1


def test_a_conflict_that_never_ends_asks_the_sender_to_try_again(desk: Desk) -> None:
    def conflict(*_: Any) -> Any:
        raise IntegrityError("INSERT", {}, Exception("taken"))

    intake = desk.with_ports(match=conflict)
    with pytest.raises(StoreUnavailableError, match="send it again"):
        intake.receive("generic", PROOF, json.dumps(generic_alert()).encode(), trust)
    assert desk.counts()["deliveries"] == 0


def send_from_a_process(url: str, begin: Any, folder: Path, number: int) -> None:
    """Deliver the same alert as other processes do at the same instant."""
    database = Database(url)
    desk = Desk(database)

    def start_run(change: Any) -> str:
        try:
            (folder / change.run_id).touch(exist_ok=False)
        except FileExistsError as error:
            raise RunNotStartedError("there is one already") from error
        return str(change.run_id)

    suffixes = itertools.count(number * 100)
    intake = desk.with_ports(start_run=start_run, new_id=lambda: f"{next(suffixes):08d}")
    begin.wait(60)
    for turn in range(5):
        body = json.dumps(generic_alert(host=f"web{turn}")).encode()
        intake.receive("generic", PROOF, body, trust)
    database.close()


def test_processes_that_take_the_same_alerts_in_open_one_incident_each(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    context = multiprocessing.get_context("spawn")
    begin = context.Barrier(4)
    processes = [
        context.Process(target=send_from_a_process, args=(database_url, begin, folder, number))
        for number in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 4
    counts = desk.counts()
    assert (counts["deliveries"], counts["incidents"], counts["changes"]) == (5, 5, 5)
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"airmend__{incident.id}" for incident in desk.incidents()
    )
