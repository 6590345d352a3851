"""The limits of intake follow the policy file, and survive a mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.incident.model import IntakeLimits
from airmend.orchestration.composition import PolicyLimits


def test_without_a_policy_the_defaults_hold() -> None:
    assert PolicyLimits(None)() == IntakeLimits()


def test_limits_follow_the_file_and_stay_where_it_cannot_be_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("intake: {flapping_firings: 7}\n")
    limits = PolicyLimits(path)
    assert limits().flapping_firings == 7
    path.write_text("intake: {flapping_firings: never, and more}\n")
    for _ in range(3):
        assert limits().flapping_firings == 7
    assert caplog.text.count("stay as they were") == 1
    path.unlink()
    assert limits().flapping_firings == 7
    path.write_text("intake: {flapping_firings: 4}\n")
    assert limits().flapping_firings == 4
