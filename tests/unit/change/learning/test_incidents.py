from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from airmend.change.learning.incidents import LinkedIncident, label_by_incidents, read_incidents
from airmend.change.learning.past_change import PastChange, as_known_at, digest_of
from airmend.change.learning.splits import expanding_windows
from airmend.errors import ConfigurationError

DAY = timedelta(days=1)
OPENED = datetime(2025, 1, 10, tzinfo=UTC)
CHANGE = PastChange("C1", OPENED, planned_start_at=OPENED + 5 * DAY, failed=False)


def incident(opened: float, known: float | None, change: str = "C1") -> LinkedIncident:
    """One that was opened, and known, so many days after the change was opened."""
    return LinkedIncident(
        change, OPENED + opened * DAY, None if known is None else OPENED + known * DAY
    )


def label(*incidents: LinkedIncident, until: float | None = None) -> PastChange:
    end = None if until is None else OPENED + until * DAY
    (change,) = label_by_incidents([CHANGE], incidents, until=end)
    return change


@pytest.mark.parametrize(
    ("opened", "failed"), [(-1, False), (1, False), (4.999, False), (5, True), (40, True)]
)
def test_only_what_was_opened_once_the_change_was_to_begin_was_brought_about(
    opened: float, failed: bool
) -> None:
    assert label(incident(opened, 50)).failed is failed


@pytest.mark.parametrize(
    ("known", "failed"), [(9.999, True), (10, False), (11, False), (None, False)]
)
def test_an_incident_that_is_known_only_after_the_cut_does_not_label(
    known: float | None, failed: bool
) -> None:
    assert label(incident(6, known), until=10).failed is failed
    assert label(incident(6, known)).failed is True  # without a cut it does


def test_incidents_of_other_changes_and_silence_say_nothing() -> None:
    assert label(incident(6, 7, change="C2")) == CHANGE
    unknown = PastChange("C1", OPENED)
    assert label_by_incidents([unknown], [], until=None) == [unknown]


def test_a_failure_on_its_own_record_stays_known_from_the_start() -> None:
    failed = PastChange("C1", OPENED, failed=True)
    assert label_by_incidents([failed], [incident(6, 7)], until=None) == [failed]
    assert as_known_at(failed, OPENED) == failed


def test_a_window_trains_on_what_was_known_when_it_begins() -> None:
    changes = [
        PastChange(
            f"C{number:03}",
            OPENED + number * DAY,
            failed=number % 2 == 0,
            failed_known_at=OPENED + (number + 30) * DAY if number % 2 == 0 else None,
        )
        for number in range(200)
    ]
    windows = expanding_windows(changes)
    assert windows
    for window in windows:
        for change in window.train:
            assert change.failed_known_at is None or change.failed_known_at < window.starts_at
        late = [c for c in window.train if c.opened_at >= window.starts_at - 30 * DAY]
        assert late
        assert not any(change.failed for change in late)
        assert any(change.failed for change in window.test)


def test_the_digest_tells_when_a_failure_was_known_and_is_the_old_one_without() -> None:
    labelled = label(incident(6, 7))
    assert digest_of([labelled]) != digest_of([label(incident(6, 8))])
    before_there_were_incidents = "e009b23c1121b8f963fa3644e77e331737c641865d355084648ed9427acea1bb"
    assert digest_of([CHANGE]) == before_there_were_incidents


HEADER = "Incident ID,Open Time,Close Time,# Related Changes,Related Change"


def write(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "incidents.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_the_banks_form_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "IM1,05/02/2025 13:32:57,06/02/2025 01:00:00,1,C1",
        "IM2,05/02/2025 13:32:57,,1,C2",
        "IM3,05/02/2025 13:32:57,,,",
    )
    opened = datetime(2025, 2, 5, 13, 32, 57, tzinfo=UTC)
    assert read_incidents(path) == [
        LinkedIncident("C1", opened, datetime(2025, 2, 6, 1, tzinfo=UTC)),
        LinkedIncident("C2", opened, None),
    ]


def test_without_a_closure_an_incident_is_known_when_it_is_opened(tmp_path: Path) -> None:
    path = write(tmp_path, "2025-02-05T10:00,CHG-1", header="opened_at,caused_by")
    (found,) = read_incidents(path)
    assert found.known_at == found.opened_at


@pytest.mark.parametrize(
    ("header", "line", "fact"),
    [
        ("Open Time", "1-2-2025", "no column says the change of an incident. Call it 'related"),
        ("Related Change", "C1", "no column says the opened at"),
        (HEADER, "IM1,yesterday,,1,C1", ":2: 'Open Time' is 'yesterday', which is no time"),
        (HEADER, "IM1,,,1,C1", ":2: an incident without a time of opening"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_with_its_line(
    tmp_path: Path, header: str, line: str, fact: str
) -> None:
    with pytest.raises(ConfigurationError, match=fact):
        read_incidents(write(tmp_path, line, header=header))
