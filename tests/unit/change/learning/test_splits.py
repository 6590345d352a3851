from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from airmend.change.learning.past_change import in_order
from airmend.change.learning.splits import MIN_FAILURES, expanding_windows
from tests.unit.change.learning.histories import START, make_history, make_past_change


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=300))
def test_what_is_tested_was_opened_after_all_that_was_learned(
    rows: list[tuple[int, bool]],
) -> None:
    changes = in_order(
        make_past_change(n, opened_at=START + timedelta(hours=hour), failed=failed)
        for n, (hour, failed) in enumerate(rows)
    )
    for window in expanding_windows(changes):
        assert max(c.opened_at for c in window.train) < min(c.opened_at for c in window.test)
        assert not {c.id for c in window.train} & {c.id for c in window.test}
        assert sum(bool(c.failed) for c in window.test) >= MIN_FAILURES


def test_the_later_half_is_tested_once() -> None:
    history = make_history(2_000)
    windows = expanding_windows(history)
    assert [c.id for w in windows for c in w.test] == [c.id for c in history[1000:]]
    assert [len(w.train) for w in windows] == [1000, 1333, 1666]


def test_a_short_history_has_no_windows() -> None:
    assert expanding_windows(make_history(30)) == []
