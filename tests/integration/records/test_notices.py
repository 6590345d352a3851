"""Notices of a question: a number once, each notifier once, and twice after a death."""

from __future__ import annotations

import threading

import pytest

from airmend.records.changes import create_change
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.model import Notice, Occasion
from airmend.records.notices import (
    add_notice,
    begin_telling,
    close_notices,
    end_telling,
    list_notices,
    list_untold,
    queue_for_notices,
)
from tests.builders import AT, make_change, make_incident

CONTENT = "0" * 64


@pytest.fixture
def change_id(database: Database) -> str:
    change = make_change()
    with database.session() as session:
        create_incident(session, make_incident(id=change.incident_id))
        create_change(session, change)
    return change.id


def add(database: Database, change_id: str, occasion: Occasion = Occasion.ASKED) -> Notice:
    with database.session() as session:
        queue_for_notices(session)
        return add_notice(session, change_id, CONTENT, occasion, due_at=AT, at=AT)


def begin(database: Database, change_id: str, number: int, notifier: str = "mail") -> bool:
    with database.session() as session:
        return begin_telling(session, change_id, CONTENT, number, notifier)


def test_notices_are_numbered_by_question(database: Database, change_id: str) -> None:
    first, second = add(database, change_id), add(database, change_id, Occasion.REMINDER)
    assert (first.number, second.number) == (1, 2)
    with database.session() as session:
        assert list_notices(session, change_id, CONTENT) == [first, second]
        assert list_notices(session, change_id, "1" * 64) == []


def test_two_at_one_moment_take_two_numbers(database: Database, change_id: str) -> None:
    threads = [threading.Thread(target=add, args=(database, change_id)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.session() as session:
        assert [each.number for each in list_notices(session, change_id, CONTENT)] == [1, 2, 3, 4]


def test_what_was_told_is_not_begun_again(database: Database, change_id: str) -> None:
    number = add(database, change_id).number
    assert begin(database, change_id, number)
    with database.session() as session:
        end_telling(session, change_id, CONTENT, number, "mail")
    assert not begin(database, change_id, number)
    assert begin(database, change_id, number, "chat")


def test_a_death_while_telling_is_made_up_for_once(database: Database, change_id: str) -> None:
    number = add(database, change_id).number
    assert [begin(database, change_id, number) for _ in range(3)] == [True, True, False]


def test_a_closed_notice_is_left(database: Database, change_id: str) -> None:
    first, second = add(database, change_id), add(database, change_id)
    with database.session() as session:
        close_notices(session, change_id, CONTENT, [first.number], AT)
        assert list_untold(session, change_id, CONTENT) == [second]
