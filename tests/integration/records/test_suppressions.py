"""Mutes, windows and the kill switch in the records, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from airmend.incident.model import KillSwitch, SuppressionRule
from airmend.records.database import Database
from airmend.records.suppression_tables import KillSwitchRow, SuppressionRow
from airmend.records.suppressions import (
    active_suppressions,
    coming_suppressions,
    create_suppression,
    end_suppression,
    find_rule,
    kill_switch_log,
    kill_switch_state,
    past_suppressions,
    set_kill_switch,
)
from tests.builders import AT, make_rule, make_switch

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_a_rule_comes_back_as_it_was_made(database: Database) -> None:
    made = make_rule("expression incident.labels.job == 'shop'")
    with database.session() as session:
        create_suppression(session, made)
    with database.session() as session:
        assert find_rule(session, made.id) == made
        assert find_rule(session, "MUT-none") is None


def test_rules_are_active_coming_or_past(database: Database) -> None:
    now, later = (
        make_rule(id="MUT-1"),
        make_rule(id="MUT-2", starts_at=AT + HOUR, ends_at=AT + 2 * HOUR),
    )
    with database.session() as session:
        create_suppression(session, later)
        create_suppression(session, now)
    with database.session() as session:
        assert active_suppressions(session, AT) == [now]
        assert coming_suppressions(session, AT) == [now, later]
        assert past_suppressions(session, AT, limit=9) == []
        assert active_suppressions(session, AT + HOUR) == [later]
        assert past_suppressions(session, AT + HOUR, limit=9) == [now]
        assert coming_suppressions(session, AT + 2 * HOUR) == []
        assert past_suppressions(session, AT + 2 * HOUR, limit=1) == [later]


def test_a_rule_is_ended_once_with_who_and_why(database: Database) -> None:
    with database.session() as session:
        create_suppression(session, make_rule())
        ended = end_suppression(
            session, make_rule().id, by="priya", reason="done", at=AT + 5 * MINUTE
        )
        again = end_suppression(session, make_rule().id, by="olivia", reason="me too", at=AT + HOUR)
    assert ended is not None
    assert (ended.ended_at, ended.ended_by, ended.end_reason) == (AT + 5 * MINUTE, "priya", "done")
    assert again == ended
    with database.session() as session:
        assert active_suppressions(session, AT + 4 * MINUTE) == [ended]
        assert active_suppressions(session, AT + 5 * MINUTE) == []


def test_a_rule_that_is_over_is_not_ended_again(database: Database) -> None:
    with database.session() as session:
        create_suppression(session, make_rule())
        over = end_suppression(session, make_rule().id, by="priya", reason="late", at=AT + HOUR)
        assert over == make_rule()
        assert end_suppression(session, "MUT-none", by="priya", reason="x", at=AT) is None


# --- No hidden state ------------------------------------------------------------------------


class _UndoError(Exception):
    """Takes back what an example stored."""


_ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["mute", "unmute"]),
        st.integers(min_value=0, max_value=3),  # which rule
        st.integers(min_value=0, max_value=90),  # minutes that pass before
    ),
    max_size=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ACTIONS)
def test_no_order_of_mutes_and_unmutes_leaves_a_hidden_state(
    database: Database, actions: list[tuple[str, int, int]]
) -> None:
    with pytest.raises(_UndoError), database.session() as session:
        _play_and_undo(session, actions)


def _play_and_undo(session: Session, actions: list[tuple[str, int, int]]) -> None:
    expected: dict[str, SuppressionRule] = {}
    now = AT
    for action, number, minutes in actions:
        now += minutes * MINUTE
        name = f"MUT-{number}"
        if action == "unmute":
            end_suppression(session, name, by="priya", reason="done", at=now)
            if name in expected and expected[name].is_active(now):
                expected[name] = expected[name].model_copy(update={"ended_at": now})
        elif name not in expected:
            made = make_rule(id=name, starts_at=now, ends_at=now + HOUR, created_at=now)
            create_suppression(session, made)
            expected[name] = made
        for moment in (now - MINUTE, now, now + 30 * MINUTE):
            active = {rule.id for rule in active_suppressions(session, moment)}
            assert active == {n for n, rule in expected.items() if rule.is_active(moment)}
    stored = session.scalar(select(func.count()).select_from(SuppressionRow))
    assert stored == len(expected), "nothing is removed, nothing appears"
    raise _UndoError


# --- The kill switch ------------------------------------------------------------------------


def test_the_newest_entry_is_how_the_kill_switch_stands(database: Database) -> None:
    stop, resume = make_switch(), make_switch(False, by="priya", at=AT + MINUTE)
    with database.session() as session:
        assert kill_switch_state(session) is None
        assert set_kill_switch(session, stop)
        assert kill_switch_state(session) == stop
        assert set_kill_switch(session, resume)
    with database.session() as session:
        assert kill_switch_state(session) == resume
        assert kill_switch_log(session, limit=9) == [resume, stop]


def test_a_second_stop_has_its_own_reason_and_a_second_resume_says_nothing(
    database: Database,
) -> None:
    with database.session() as session:
        assert not set_kill_switch(session, make_switch(False))
        assert set_kill_switch(session, make_switch(reason="one"))
        assert set_kill_switch(session, make_switch(reason="two"))
        assert set_kill_switch(session, make_switch(False))
        assert not set_kill_switch(session, make_switch(False))
        assert [it.is_on for it in kill_switch_log(session, limit=9)] == [False, True, True]


def test_a_clock_that_is_wrong_does_not_turn_the_order_of_entries(database: Database) -> None:
    with database.session() as session:
        set_kill_switch(session, make_switch(False))
        set_kill_switch(session, make_switch(at=AT + HOUR))
        set_kill_switch(session, make_switch(False, at=AT))
        state = kill_switch_state(session)
    assert state is not None
    assert not state.is_on


def test_of_two_entries_at_once_the_one_that_is_committed_last_counts(database: Database) -> None:
    begun, results = threading.Event(), list[bool]()

    def write(entry: KillSwitch) -> None:
        begun.set()
        with database.session() as session:
            results.append(set_kill_switch(session, entry))

    with database.session() as session:
        set_kill_switch(session, make_switch(reason="first"))
        other = threading.Thread(target=write, args=[make_switch(False)])
        other.start()
        assert begun.wait(10)
        other.join(0.3)
        assert other.is_alive(), "it waits for the one that writes"
    other.join(10)
    assert results == [True]
    with database.session() as session:
        state = kill_switch_state(session)
        numbers = list(session.scalars(select(KillSwitchRow.id).order_by(KillSwitchRow.id)))
    assert state == make_switch(False)
    assert len(numbers) == 2
