"""The drawing: to scale, readable, and nothing on top of anything else."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.review.axis import CUT_WIDTH, make_axis
from airmend.review.chart import WIDTH, draw_timeline, measure
from airmend.review.document import PostIncidentReport
from airmend.review.model import Lane, Span, SpanResult
from airmend.review.report import build_report
from tests.unit.review.scenarios import (
    BASE_URL,
    SCENARIOS,
    approved_on_three_hosts,
    later,
    resolved_standard,
)

SVG = "{http://www.w3.org/2000/svg}"


def report_with(*spans: Span) -> PostIncidentReport:
    report = build_report(resolved_standard(), made_at=later(99), base_url=BASE_URL)
    return report.model_copy(update={"spans": list(spans)})


def make_span(
    start: float,
    end: float | None,
    label: str = "Preflight",
    lane: Lane = Lane.PREFLIGHT,
    result: SpanResult = SpanResult.DONE,
) -> Span:
    return Span(
        lane=lane,
        label=label,
        started_at=later(start),
        ended_at=None if end is None else later(end),
        result=SpanResult.OPEN if end is None else result,
    )


def parse(drawing: str) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314 - our own drawing


def read_texts(drawing: str) -> list[tuple[float, float, float, str]]:
    """Every text as (left, right, baseline, words), by the widths that the drawing reckons with."""
    found = []
    for element in parse(drawing).iter(f"{SVG}text"):
        words, x = element.text or "", float(element.attrib["x"])
        width = measure(words)
        shift = {"start": 0.0, "middle": width / 2, "end": width}[element.attrib["text-anchor"]]
        found.append((x - shift, x - shift + width, float(element.attrib["y"]), words))
    return found


def assert_readable(drawing: str) -> None:
    texts = read_texts(drawing)
    for left, right, _, words in texts:
        assert left >= -0.1, words
        assert right <= WIDTH + 0.1, words
    for index, (left, right, baseline, words) in enumerate(texts):
        for other_left, other_right, other_baseline, other in texts[index + 1 :]:
            if abs(baseline - other_baseline) < 10:
                assert right <= other_left or other_right <= left, (words, other)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_story_is_drawn_without_texts_on_top_of_each_other(name: str) -> None:
    report = build_report(SCENARIOS[name](), made_at=later(99), base_url=BASE_URL)

    assert_readable(draw_timeline(report))


moments = st.floats(min_value=-400_000, max_value=4_000_000).map(lambda value: round(value, 3))
spans = st.builds(
    lambda start, length, label, result: make_span(
        start, None if length is None else start + length, label, result=result
    ),
    moments,
    st.none() | st.floats(min_value=0, max_value=300_000).map(lambda value: round(value, 3)),
    st.sampled_from(
        ["Restart", "A step with a very long name " * 4, "再起動する手順" * 5, "W" * 40]
    ),
    st.sampled_from([SpanResult.DONE, SpanResult.FAILED]),
)


@given(st.lists(spans, min_size=1, max_size=8))
def test_no_text_overflows_or_covers_another_whatever_the_times(found: list[Span]) -> None:
    ordered = sorted(found, key=lambda span: span.started_at)

    assert_readable(draw_timeline(report_with(*ordered)))


@given(st.lists(moments, min_size=1, max_size=12))
def test_a_later_moment_never_lies_further_left(found: list[float]) -> None:
    axis = make_axis(found, 200, 900)
    places = [axis.place(moment) for moment in sorted(found)]

    assert all(earlier <= later + 1e-6 for earlier, later in pairwise(places))
    assert places[0] == pytest.approx(200)
    assert all(200 - 1e-6 <= place <= 900 + 1e-6 for place in places)


def test_a_wait_of_hours_does_not_hide_steps_of_seconds() -> None:
    axis = make_axis([0, 2, 5, 11_000, 11_004, 11_010], 200, 900)

    assert axis.place(2) - axis.place(0) > 60
    assert axis.place(11_004) - axis.place(11_000) > 120
    assert axis.place(11_000) - axis.place(5) == pytest.approx(CUT_WIDTH)


def test_two_waits_of_hours_are_both_cut() -> None:
    cuts = [s for s in make_axis([0, 5, 3605, 3610, 7300], 200, 900).stretches if s.is_cut]

    assert [(cut.start, cut.end) for cut in cuts] == [(5, 3605), (3610, 7300)]


def test_times_of_one_size_share_one_scale() -> None:
    axis = make_axis([0, 10, 30, 40], 200, 1000)

    assert [axis.place(moment) for moment in (0, 10, 30, 40)] == [200, 400, 800, 1000]


def test_a_cut_says_how_much_is_left_out() -> None:
    report = build_report(approved_on_three_hosts(), made_at=later(99), base_url=BASE_URL)

    assert "3 h 10 min, cut" in [words for *_, words in read_texts(draw_timeline(report))]


def test_the_drawing_is_described_in_words() -> None:
    report = build_report(approved_on_three_hosts(), made_at=later(99), base_url=BASE_URL)
    root = parse(draw_timeline(report))

    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == "Timeline of ServiceDown, from 2026-03-02 08:59:47 UTC"
    assert "Approval: 09:01:11.000 to 12:12:00.000, 3 h 10 min." in str(description.text)
    assert root.attrib["aria-labelledby"] == "tl-title tl-description"


def test_failure_is_not_shown_by_colour_alone() -> None:
    drawing = draw_timeline(report_with(make_span(0, 5, result=SpanResult.FAILED)))

    assert 'class="hatch"' in drawing
    assert "5.0 s, failed" in [words for *_, words in read_texts(drawing)]


def test_an_open_stretch_runs_to_the_end_of_the_drawing() -> None:
    texts = [
        words
        for *_, words in read_texts(
            draw_timeline(report_with(make_span(0, 5), make_span(2, None, "Step")))
        )
    ]

    assert "dashed: no end is recorded" in texts


def test_hostile_labels_stay_text() -> None:
    label = '</text><script>alert(1)</script>"&\x00\u202e'
    drawing = draw_timeline(report_with(make_span(0, 5, label)))

    root = parse(drawing)
    assert root.find(f".//{SVG}script") is None
    assert "\u202e" not in drawing


def test_without_times_it_says_so() -> None:
    assert "No stretch of time is recorded" in draw_timeline(report_with())


def test_a_new_day_is_named_on_the_axis() -> None:
    night = timedelta(hours=14, minutes=59, seconds=50).total_seconds()
    drawing = draw_timeline(report_with(make_span(night, night + 60)))

    assert any(words.startswith("Mar 03 00:00") for *_, words in read_texts(drawing))
