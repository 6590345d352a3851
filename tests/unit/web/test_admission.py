"""Who may come in: what one sender does leaves room for the others, and memory has a limit."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import OverloadError, TooManyAttemptsError
from airmend.settings import Settings
from airmend.web.admission import Admission, Limits, Pace

NOISY, QUIET = "alertmanager", "generic"
HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def knock(admission: Admission, source: str = NOISY, peer: str = HERE) -> None:
    """Come in and leave."""
    with admission.enter(source, peer):
        pass


def allowed(pace: Pace, now: float, key: str = "a") -> int:
    """How often something may happen at one moment, at most a thousand times."""
    count = 0
    while count < 1_000 and not pace.wait(key, now):
        pace.spend(key, now)
        count += 1
    return count


class TestPace:
    """A minute's worth at once, then evenly."""

    @pytest.mark.parametrize("per_minute", [1, 2, 7, 60, 600])
    def test_a_minutes_worth_may_come_at_once_and_no_more(self, per_minute: int) -> None:
        pace = Pace(per_minute)
        assert allowed(pace, 1_000.0) == per_minute
        assert pace.wait("a", 1_000.0) == pytest.approx(60 / per_minute)

    def test_after_a_while_as_much_as_fits_into_it_may_come_again(self) -> None:
        pace = Pace(60)
        allowed(pace, 1_000.0)
        assert allowed(pace, 1_010.0) == 10
        assert allowed(pace, 2_000.0) == 60

    def test_what_happened_all_the_same_is_made_up_for(self) -> None:
        pace = Pace(60)
        for _ in range(70):
            pace.spend("a", 0.0)
        assert pace.wait("a", 0.0) == pytest.approx(11)
        assert pace.wait("a", 11.0) == 0

    def test_keys_have_a_pace_each(self) -> None:
        pace = Pace(2)
        assert allowed(pace, 0.0, "a") == allowed(pace, 0.0, "b") == 2

    @given(
        st.integers(1, 50),
        st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=100),
    )
    def test_in_no_minute_come_more_than_two_minutes_worth(
        self, per_minute: int, steps: list[tuple[str, float]]
    ) -> None:
        pace, now, came = Pace(per_minute), 0.0, []
        for key, step in steps:
            now += step
            if not pace.wait(key, now):
                pace.spend(key, now)
                came.append((key, now))
        for _, start in came:
            for key in "ab":
                within = [at for each, at in came if each == key and start <= at < start + 60]
                assert len(within) <= 2 * per_minute

    def test_however_many_knock_memory_has_a_limit(self) -> None:
        pace = Pace(6, keys_limit=100)
        for number in range(1_000):
            pace.wait(f"peer-{number}", 0.0)
            pace.spend(f"peer-{number}", 0.0)
        assert len(pace._whole_at) <= 101
        # the rest share one allowance, and those who were there keep theirs
        assert pace.wait("peer-5000", 0.0) > 0
        assert pace.wait("peer-1", 0.0) == 0
        # those who have not come for long make room
        assert pace.wait("peer-6000", 100.0) == 0
        pace.spend("peer-6000", 100.0)
        assert len(pace._whole_at) < 100


class TestAttempts:
    """Counted by source and address, before anything is read."""

    def test_one_address_does_not_use_up_the_attempts_of_another(self) -> None:
        admission = Admission(Limits(attempts_per_minute=3), Clock())
        for _ in range(3):
            knock(admission)
        with pytest.raises(TooManyAttemptsError) as caught:
            knock(admission)
        assert caught.value.retry_after_seconds == 20
        knock(admission, peer=THERE)
        knock(admission, QUIET)

    def test_one_machine_with_many_addresses_is_one(self) -> None:
        admission = Admission(Limits(attempts_per_minute=3), Clock())
        for number in range(3):
            knock(admission, peer=f"2001:db8::{number}")
        with pytest.raises(TooManyAttemptsError):
            knock(admission, peer="2001:db8::ffff")
        knock(admission, peer="2001:db8:0:1::1")

    @pytest.mark.parametrize("peer", ["", "testclient", "/run/airmend.sock", "1.2.3", "::1%lo"])
    def test_an_address_of_any_shape_is_one(self, peer: str) -> None:
        admission = Admission(Limits(attempts_per_minute=1), Clock())
        knock(admission, peer=peer)
        with pytest.raises(TooManyAttemptsError):
            knock(admission, peer=peer)


class TestDeliveries:
    """Counted by source, and only when the sender was proven."""

    def test_knocking_does_not_use_them_up(self) -> None:
        admission = Admission(Limits(deliveries_per_minute=2), Clock())
        for _ in range(50):
            knock(admission)

    def test_when_they_are_used_up_the_source_waits_and_others_do_not(self) -> None:
        clock = Clock()
        admission = Admission(Limits(deliveries_per_minute=2), clock)
        for _ in range(2):
            admission.count_delivery(NOISY)
        with pytest.raises(OverloadError, match="2 deliveries a minute") as caught:
            knock(admission, peer=THERE)
        assert type(caught.value) is OverloadError
        assert caught.value.retry_after_seconds == 30
        knock(admission, QUIET)
        clock.now += 30
        knock(admission)

    def test_it_is_time_again_when_we_said(self) -> None:
        clock = Clock()
        admission = Admission(Limits(deliveries_per_minute=7), clock)
        for _ in range(20):
            admission.count_delivery(NOISY)
        with pytest.raises(OverloadError) as caught:
            knock(admission)
        clock.now += caught.value.retry_after_seconds
        knock(admission)


class TestInFlight:
    """A bound, and a share of it for each."""

    def enter(self, admission: Admission, stack: ExitStack, source: str, *peers: str) -> int:
        """Come in until it is full, from the addresses in turn; gives how often that went."""
        for count in range(1_000):
            try:
                stack.enter_context(admission.enter(source, peers[count % len(peers)]))
            except OverloadError:
                return count
        return 1_000

    def test_a_source_has_half_and_an_address_half_of_that(self) -> None:
        admission = Admission(Limits(in_flight=16), Clock())
        with ExitStack() as stack:
            assert self.enter(admission, stack, NOISY, HERE) == 4
            assert self.enter(admission, stack, NOISY, THERE) == 4
            assert self.enter(admission, stack, NOISY, "192.0.2.3") == 0
            assert self.enter(admission, stack, QUIET, HERE) == 4
        with ExitStack() as stack:  # all have left
            assert self.enter(admission, stack, NOISY, HERE) == 4

    def test_a_source_with_nothing_in_flight_gets_in_when_all_is_full(self) -> None:
        admission = Admission(Limits(in_flight=16), Clock())
        peers = [f"192.0.2.{number}" for number in range(8)]
        with ExitStack() as stack:
            assert self.enter(admission, stack, NOISY, *peers) == 8
            assert self.enter(admission, stack, "cloudevents", *peers) == 8
            assert self.enter(admission, stack, QUIET, HERE) == 1
            knock(admission, "another")

    def test_whoever_fails_inside_leaves_too(self) -> None:
        admission = Admission(Limits(in_flight=4), Clock())
        for _ in range(100):
            with pytest.raises(ZeroDivisionError), admission.enter(NOISY, HERE):
                raise ZeroDivisionError
        assert admission._in_flight.total() == 0

    def test_the_smallest_bound_lets_one_in(self) -> None:
        admission = Admission(Limits(in_flight=1), Clock())
        with admission.enter(NOISY, HERE), pytest.raises(OverloadError):
            knock(admission, NOISY, THERE)

    def test_addresses_that_left_are_forgotten(self) -> None:
        admission = Admission(Limits(), Clock())
        for number in range(100):
            knock(admission, peer=f"192.0.2.{number}")
        assert len(admission._in_flight) <= 2


def test_the_log_tells_once_and_not_for_each_of_a_flood(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    admission = Admission(Limits(attempts_per_minute=1), clock)
    for _ in range(50):
        try:
            knock(admission)
        except OverloadError:
            clock.now += 0.1
    (line,) = caplog.messages
    assert "alertmanager" in line
    assert "1 attempts a minute" in line


def test_the_limits_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits.of(Settings()) == Limits()
    monkeypatch.setenv("AIRMEND_WEBHOOK_ATTEMPTS_PER_MINUTE", "3")
    monkeypatch.setenv("AIRMEND_WEBHOOK_DELIVERIES_PER_MINUTE", "2")
    monkeypatch.setenv("AIRMEND_WEBHOOK_IN_FLIGHT", "1")
    assert Limits.of(Settings()) == Limits(3, 2, 1)
    monkeypatch.setenv("AIRMEND_WEBHOOK_IN_FLIGHT", "0")
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Settings()
