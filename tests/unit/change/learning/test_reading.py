from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airmend.change.learning.reading import parse_time, read_history
from airmend.errors import ConfigurationError
from tests.unit.change.learning.histories import HEADER

TWO_ITEMS = f"""{HEADER}
C2,2-1-2025 9:00,5-1-2025 20:00,Move,web-2,1
C1,1-1-2025 9:00,,Move,web-1,0
C2,2-1-2025 9:00,5-1-2025 20:00,Move,web-1,1
"""


def write(folder: Path, text: str, name: str = "changes.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["changes.csv", "changes.csv.gz"])
def test_rows_of_one_change_become_one_with_all_its_items(tmp_path: Path, name: str) -> None:
    history = read_history(write(tmp_path, TWO_ITEMS, name), strict=True)
    assert [change.id for change in history.changes] == ["C1", "C2"]
    assert history.rows == 3
    second = history.changes[1]
    assert second.items == {"web-1", "web-2"}
    assert second.failed is True
    assert second.opened_at == datetime(2025, 1, 2, 9, tzinfo=UTC)
    assert history.changes[0].planned_start_at is None


@pytest.mark.parametrize(
    "text",
    [
        "3-2-2025 18:05",
        "03/02/2025 18:05:00",
        "03.02.2025 18:05",
        "2025-02-03T18:05",
        "2025-02-03 19:05:00+01:00",
    ],
)
def test_times_are_read_with_the_day_before_the_month(text: str) -> None:
    assert parse_time(text) == datetime(2025, 2, 3, 18, 5, tzinfo=UTC)


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    text = "\ufeff" + TWO_ITEMS.replace(",", ";")
    assert len(read_history(write(tmp_path, text), strict=True).changes) == 2


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (TWO_ITEMS.replace("2-1-2025 9:00", "13/13/2025"), ":2: .*which is no time"),
        (TWO_ITEMS.replace("web-1,1", "web-1,0"), "C2 contradict each other in 'Failed'"),
        (TWO_ITEMS.replace("web-1,0", "web-1,perhaps"), ":3: the outcome is 'perhaps'"),
        (TWO_ITEMS.replace("C1,1-1-2025 9:00", ",1-1-2025 9:00"), ":3: a change without id"),
        (HEADER + "\n", "holds no change"),
        ("Change ID,Change record Open Time\n", "no column for 'failed'"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, fact: str) -> None:
    with pytest.raises(ConfigurationError, match=fact):
        read_history(write(tmp_path, text), strict=True)


@pytest.mark.parametrize("name", ["missing.csv", "broken.csv.gz"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_history(tmp_path / name, strict=True)


def test_training_refuses_a_leaking_column_and_judging_does_not_read_it(tmp_path: Path) -> None:
    lines = [f"{line},x" for line in TWO_ITEMS.splitlines()]
    lines[0] = f"{HEADER},Originated from"
    path = write(tmp_path, "\n".join(lines))
    with pytest.raises(ConfigurationError, match="'Originated from' is known only after"):
        read_history(path, strict=True)
    assert read_history(path, strict=False).unused == ["Originated from"]
