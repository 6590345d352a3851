"""The policy file: defaults, limits that keep the laws, and windows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from airmend.change.calendar_scope import Subject
from airmend.change.model import RiskBand
from airmend.change.policy import Policy, load_policy
from airmend.errors import ConfigurationError

SHOP = Subject("shop")
SHIPPED = Path(__file__).parents[3] / "config" / "policy.yaml"


def load(folder: Path, text: str) -> Policy:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_the_file_that_ships_says_what_the_defaults_are() -> None:
    assert load_policy(SHIPPED) == Policy()


def test_the_file_that_ships_shows_every_key() -> None:
    shipped = SHIPPED.read_text(encoding="utf-8")
    keys = {*Policy.model_fields, *type(Policy().risk).model_fields}
    parts = (
        Policy().intake,
        Policy().standard,
        Policy().autonomy,
        Policy().authors,
        Policy().runbooks,
        Policy().calendar,
    )
    keys |= {key for part in parts for key in type(part).model_fields}
    keys |= {*type(Policy().risk.weights).model_fields, *type(Policy().risk.history).model_fields}
    assert [key for key in sorted(keys) if f"{key}:" not in shipped] == []


def test_without_a_file_the_defaults_hold() -> None:
    policy = load_policy(None)
    assert policy.automatic_bands_for_standard == (RiskBand.LOW,)
    assert policy.target_wait_seconds == 300


def test_a_file_that_is_named_and_missing_never_falls_back_to_the_defaults(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_policy(tmp_path / "policy.yaml")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("approvers: [alice]\nrisk:\n  weights:\n    privileged: -0.1\n", ":4: "),
        ("risk:\n  weights:\n    privileged: .nan\n", ":3: "),
        ("target_wait_seconds: -1\n", ":1: "),
        ("automatic_bands_for_standard: [low, high]\n", "always asks a person"),
        ("automatic_bands_for_standard: [moderate]\n", "add 'low'"),
        ("time_zone: Mars/Olympus\n", "not a time zone"),
        ("time_zone: ../../etc/passwd\n", "not a time zone"),
        ("change_windows:\n  - {from: 1800, to: 1900}\n", "is written as"),
        ('change_windows:\n  - {from: "18:00Z", to: "19:00"}\n', "zone of its own"),
        ('change_windows:\n  - {days: [], from: "18:00", to: "19:00"}\n', "change_windows.0.days"),
        ("risk:\n  band_limits: {'1': {moderate_from: 0.1, high_from: 0.2}}\n", "complete it"),
        ("risk:\n  weights: {unknown_service: 0.1}\n", "leaving a service out"),
        ("risk:\n  history: {worst_failure_rate: 0.01}\n", "below the prior"),
        ("approver: [alice]\n", "unknown key 'approver'"),
    ],
)
def test_a_policy_that_is_not_valid_stops_the_work(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    "limits",
    [
        {3: "{moderate_from: 0.30, high_from: 0.20}"},
        {4: "{moderate_from: 0.15, high_from: 0.20}"},
        {2: "{moderate_from: 0.40, high_from: 0.50}"},
    ],
)
def test_limits_that_are_milder_for_graver_changes_are_refused(
    tmp_path: Path, limits: dict[int, str]
) -> None:
    table = {
        1: "{moderate_from: 0.35, high_from: 0.70}",
        2: "{moderate_from: 0.20, high_from: 0.50}",
        3: "{moderate_from: 0.12, high_from: 0.30}",
        4: "{moderate_from: 0.08, high_from: 0.20}",
    } | limits
    rows = "\n".join(f"    {impact}: {row}" for impact, row in table.items())
    with pytest.raises(ConfigurationError, match=r"policy\.yaml:[0-9]+: "):
        load(tmp_path, f"risk:\n  band_limits:\n{rows}\n")


def test_a_window_is_read_in_the_zone_of_the_policy(tmp_path: Path) -> None:
    policy = load(
        tmp_path,
        "time_zone: Europe/Berlin\nchange_windows:\n"
        '  - {days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00"}\n',
    )
    assert policy.welcomes(datetime(2026, 3, 4, 7, 30, tzinfo=UTC), SHOP)  # 08:30 in winter
    assert policy.welcomes(datetime(2026, 7, 1, 6, 30, tzinfo=UTC), SHOP)  # 08:30 in summer
    assert not policy.welcomes(datetime(2026, 3, 4, 17, 0, tzinfo=UTC), SHOP)  # the end is outside
    assert not policy.welcomes(datetime(2026, 3, 7, 10, 0, tzinfo=UTC), SHOP)  # a Saturday


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens(tmp_path: Path) -> None:
    policy = load(tmp_path, 'change_windows:\n  - {days: [fri], from: "22:00", to: "04:00"}\n')
    assert policy.welcomes(datetime(2026, 3, 6, 23, 0, tzinfo=UTC), SHOP)
    assert policy.welcomes(datetime(2026, 3, 7, 3, 59, tzinfo=UTC), SHOP)
    assert not policy.welcomes(datetime(2026, 3, 6, 3, 0, tzinfo=UTC), SHOP)
    assert not policy.welcomes(datetime(2026, 3, 7, 22, 30, tzinfo=UTC), SHOP)


def test_without_windows_any_time_is_welcome() -> None:
    assert Policy().welcomes(datetime(2026, 3, 8, 3, 0, tzinfo=UTC), SHOP)


def test_the_digest_changes_with_any_value() -> None:
    assert Policy().digest == Policy(target_wait_seconds=300).digest
    assert Policy().digest != Policy(target_wait_seconds=301).digest
