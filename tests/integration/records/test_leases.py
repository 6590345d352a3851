"""One change at a time works on a target."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from airmend.records.database import Database
from airmend.records.leases import acquire_leases, holds_leases, release_leases

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


class _BusyError(Exception):
    """Undoes the transaction, as a caller does."""


def _try_acquire(database: Database, change_id: str, targets: list[str]) -> bool:
    try:
        with database.session() as session:
            if acquire_leases(session, change_id, targets, now=NOW, until=LATER):
                raise _BusyError
    except _BusyError:
        return False
    return True


def test_a_target_has_one_holder_among_many_that_ask_at_once(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(
            pool.map(lambda n: _try_acquire(database, f"CHG-{n}", ["web-2", "web-1"]), range(8))
        )
    assert taken.count(True) == 1


def test_all_targets_are_taken_or_none(database: Database) -> None:
    assert _try_acquire(database, "CHG-A", ["web-2"])
    assert not _try_acquire(database, "CHG-B", ["web-1", "web-2"])
    assert _try_acquire(database, "CHG-C", ["web-1"])


def test_the_one_who_must_wait_learns_who_holds_what(database: Database) -> None:
    _try_acquire(database, "CHG-A", ["web-1"])
    with database.session() as session:
        holders = acquire_leases(session, "CHG-B", ["web-1"], now=NOW, until=LATER)
    assert [(holder.target, holder.change_id) for holder in holders] == [("web-1", "CHG-A")]
    assert holders[0].acquired_at == NOW


def test_an_expired_lease_can_be_taken_over_and_its_holder_notices(database: Database) -> None:
    _try_acquire(database, "CHG-A", ["web-1"])
    with database.session() as session:
        after = LATER + timedelta(seconds=1)
        until = after + timedelta(minutes=1)
        assert acquire_leases(session, "CHG-B", ["web-1"], now=after, until=until) == []
        assert not holds_leases(session, "CHG-A", ["web-1"], now=after)
        assert holds_leases(session, "CHG-B", ["web-1"], now=after)


def test_holding_nothing_is_not_holding_all(database: Database) -> None:
    with database.session() as session:
        assert not holds_leases(session, "CHG-A", [], now=NOW)


def test_taking_again_prolongs_and_keeps_the_beginning(database: Database) -> None:
    _try_acquire(database, "CHG-A", ["web-1"])
    with database.session() as session:
        later = NOW + timedelta(minutes=5)
        acquire_leases(session, "CHG-A", ["web-1"], now=later, until=later + timedelta(hours=1))
        assert holds_leases(session, "CHG-A", ["web-1"], now=NOW + timedelta(minutes=30))
        holders = acquire_leases(session, "CHG-B", ["web-1"], now=later, until=LATER)
    assert holders[0].acquired_at == NOW


def test_released_targets_are_free(database: Database) -> None:
    _try_acquire(database, "CHG-A", ["web-1"])
    with database.session() as session:
        release_leases(session, "CHG-A")
    assert _try_acquire(database, "CHG-B", ["web-1"])
