"""How long a fact may wait for its seal, and what counts more than that."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airmend.change.guard_rails import GuardRails
from airmend.change.sealing_gate import SealingFault, find_sealing_fault
from tests.builders import AT

RAILS = GuardRails(unsealed_seconds=300)


def find(waited: float | None, refusal: str | None = None) -> SealingFault | None:
    since = None if waited is None else AT - timedelta(seconds=waited)
    return find_sealing_fault(AT, unsealed_since=since, refusal=refusal, rails=RAILS)


@pytest.mark.parametrize("waited", [None, -5, 0, 300])
def test_nothing_is_wrong_up_to_the_limit(waited: float | None) -> None:
    assert find(waited) is None


def test_beyond_the_limit_the_reason_names_the_time_the_limit_and_the_remedy() -> None:
    fault = find(300.001)
    assert fault is not None
    assert fault.is_late
    assert "2026-03-02 08:54:59 UTC" in fault.reason
    assert "300 s" in fault.reason
    assert "seal_records" in fault.reason


def test_a_touched_log_counts_even_when_everything_has_a_seal() -> None:
    fault = find(None, "the log has 8 records, and 9 were signed")
    assert fault is not None
    assert not fault.is_late
    assert "9 were signed" in fault.reason
