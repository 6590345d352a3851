"""The timeline as a drawing: one SVG that needs nothing else, for light and dark pages.

Colours are Okabe and Ito's, which people with any colour vision tell apart; what failed is
hatched too, so that colour is never the only sign. Every text is measured before it is placed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from markupsafe import Markup

from airmend.review.axis import Axis, make_axis
from airmend.review.document import PostIncidentReport
from airmend.review.model import Lane, Span, SpanResult
from airmend.review.wording import make_printable, word_clock, word_duration, word_time

WIDTH = 960
GUTTER = 270
LEFT, RIGHT = GUTTER + 12, WIDTH - 132  # room for the words behind the last bar
ROW, BAR = 32, 16
TOP, BOTTOM = 34, 30
TICK_SPACING = 110
LETTER, CAPITAL, WIDE_LETTER = 6.6, 9.5, 12.5  # generous widths at 12 pixels
SHORTEST_BAR = 4.0

STYLE = """
.tl{--ink:#1b2430;--soft:#5b6675;--line:#d9dee5;--stripe:#f4f6f8;--paper:#fff;
 --detection:#7a8594;--targets:#a3739b;--preflight:#3f97cf;--people:#e69f00;--steps:#0072b2;
 --verification:#009e73;--rollback:#d55e00;
 font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media (prefers-color-scheme:dark){@media screen{.tl{--ink:#e6eaf0;--soft:#9aa6b5;--line:#343d49;
 --stripe:#1d242d;--paper:#161b22;--detection:#8e9aab;--targets:#cc8fc1;--preflight:#56b4e9;
 --people:#f0b232;--steps:#4a9fe0;--verification:#1fbf92;--rollback:#f0783c}}}
.tl text{fill:var(--ink)} .tl .soft{fill:var(--soft);font-size:11px}
.tl .num{font-variant-numeric:tabular-nums}
.tl .stripe{fill:var(--stripe)} .tl .grid{stroke:var(--line);stroke-width:1}
.tl .gap{fill:var(--line);fill-opacity:.45} .tl .tear{fill:var(--paper)}
.tl .hatch{fill:url(#tl-hatch)} .tl .hatchline{stroke:var(--paper);stroke-width:3}
.tl .open{stroke-dasharray:4 3;stroke-width:1.5;fill-opacity:.28}
""" + "".join(
    f".tl .{lane.value}{{fill:var(--{lane.value});stroke:var(--{lane.value})}}"
    for lane in Lane
    if lane is not Lane.CLOSING
)


@dataclass(frozen=True)
class Row:
    """One line of the drawing."""

    label: str
    lane: Lane
    spans: list[Span]


def draw_timeline(report: PostIncidentReport) -> Markup:
    """The spans of a report as an SVG element with a title and a description in words."""
    rows = _group_rows(report.spans)
    if not rows:
        nothing = _text(WIDTH / 2, 36, "No stretch of time is recorded", "soft", "middle")
        return _wrap(60, "Timeline without any recorded stretch of time", "", [nothing])
    moments = [at.timestamp() for span in report.spans for at in _ends(span)]
    axis = make_axis(moments, LEFT, RIGHT)
    bottom = TOP + ROW * len(rows)
    parts = [
        *_draw_stripes(rows),
        *_draw_cuts(axis, bottom),
        *_draw_scale(axis, bottom),
        *chain.from_iterable(_draw_row(row, axis, TOP + ROW * i) for i, row in enumerate(rows)),
    ]
    legend = list(_draw_legend(report.spans, bottom + BOTTOM + 14))
    height = bottom + BOTTOM + (26 if legend else 0)
    began = datetime.fromtimestamp(min(moments), UTC)
    title = f"Timeline of {report.incident.name}, from {word_time(began)}"
    return _wrap(height, title, _describe(rows), [*parts, *legend])


def _group_rows(spans: Sequence[Span]) -> list[Row]:
    rows: dict[tuple[Lane, str], list[Span]] = {}
    for span in spans:
        rows.setdefault((span.lane, span.label), []).append(span)
    return [Row(label, lane, found) for (lane, label), found in rows.items()]


def _ends(span: Span) -> list[datetime]:
    return [span.started_at] if span.ended_at is None else [span.started_at, span.ended_at]


def _draw_stripes(rows: list[Row]) -> Iterator[Markup]:
    for index, row in enumerate(rows):
        y = TOP + ROW * index
        if index % 2 == 0:
            yield Markup('<rect class="stripe" x="0" y="{}" width="{}" height="{}"/>').format(
                y, WIDTH, ROW
            )
        yield Markup('<rect class="{}" x="6" y="{}" width="8" height="8" rx="2"/>').format(
            row.lane.value, y + ROW / 2 - 4
        )
        yield _text(22, y + ROW / 2 + 4, _shorten(row.label, GUTTER - 26))


def _draw_scale(axis: Axis, bottom: float) -> Iterator[Markup]:
    for moment, words in _word_ticks(axis):
        x = axis.place(moment)
        yield Markup('<path class="grid" d="M{0:.1f} {1}V{2}"/>').format(x, TOP - 6, bottom)
        yield _text(x, TOP - 14, words, "soft num", "middle")


def _word_ticks(axis: Axis) -> list[tuple[float, str]]:
    """Ticks with the clock's time; the date where a new day begins."""
    ticks = list(axis.ticks(TICK_SPACING))
    fine = any(moment % 1 > 0.001 for moment in ticks)
    words, day = [], datetime.fromtimestamp(axis.stretches[0].start, UTC).date()
    for moment in ticks:
        at = datetime.fromtimestamp(round(moment, 3), UTC)
        clock = word_clock(at)[: 11 if fine else 8]
        words.append((moment, clock if day == at.date() else f"{at:%b %d} {clock}"))
        day = at.date()
    return words


def _draw_row(row: Row, axis: Axis, y: float) -> Iterator[Markup]:
    bars = [_bar_ends(span, axis) for span in row.spans]
    taken_until = LEFT - 8.0
    for index, (span, (x, right)) in enumerate(zip(row.spans, bars, strict=True)):
        words = _bar_words(span)
        following = bars[index + 1][0] if index + 1 < len(bars) else WIDTH - 2.0
        top = y + (ROW - BAR) / 2
        yield _draw_bar(row, span, x, right, top)
        yield from _draw_tears(axis, x, right, top)
        width, baseline = measure(words) + 6, y + ROW / 2 + 4
        if right + width <= following:
            yield _text(right + 6, baseline, words, "num")
            taken_until = right + width
        elif x - width >= taken_until:
            yield _text(x - 6, baseline, words, "num", "end")
            taken_until = right
        else:
            taken_until = right  # no room: the words stay in the bar's own title


def _draw_bar(row: Row, span: Span, x: float, right: float, y: float) -> Markup:
    open_class = " open" if span.result is SpanResult.OPEN else ""
    shape = Markup('<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}" rx="3"/>')
    bar = shape.format(span.lane.value + open_class, x, y, right - x, BAR)
    if span.result is SpanResult.FAILED:
        bar += shape.format("hatch", x, y, right - x, BAR)
    return Markup("<g><title>{}</title>{}</g>").format(_sentence(row, span), bar)


def _bar_ends(span: Span, axis: Axis) -> tuple[float, float]:
    x = axis.place(span.started_at.timestamp())
    right = RIGHT if span.ended_at is None else axis.place(span.ended_at.timestamp())
    return x, max(right, x + SHORTEST_BAR)


def _bar_words(span: Span) -> str:
    if span.ended_at is None:
        return "no end recorded"
    seconds = (span.ended_at - span.started_at).total_seconds()
    words = "at once" if seconds < 0.005 else word_duration(seconds)
    if span.result is SpanResult.FAILED:
        words += ", no" if span.lane is Lane.PEOPLE else ", failed"
    return words


def _draw_cuts(axis: Axis, bottom: float) -> Iterator[Markup]:
    """A pale column where time is cut, and below it how much."""
    for cut in (stretch for stretch in axis.stretches if stretch.is_cut):
        yield Markup('<rect class="gap" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>').format(
            cut.left, TOP - 6, cut.right - cut.left, bottom - TOP + 10
        )
        words = f"{word_duration(cut.end - cut.start)}, cut"
        yield _text((cut.left + cut.right) / 2, bottom + 19, words, "soft num", "middle")


def _draw_tears(axis: Axis, x: float, right: float, y: float) -> Iterator[Markup]:
    """Two slashes through a bar for every cut that it crosses."""
    for cut in axis.stretches:
        middle = (cut.left + cut.right) / 2
        if cut.is_cut and x < middle < right:
            yield Markup('<path class="tear" d="M{:.1f} {}l-8 {h}h8l8 -{h}z"/>').format(
                middle, y - 2, h=BAR + 4
            )


def _draw_legend(spans: Sequence[Span], y: float) -> Iterator[Markup]:
    if any(span.result is SpanResult.FAILED for span in spans):
        yield Markup(
            '<rect class="detection" x="6" y="{0}" width="22" height="10" rx="2"/>'
            '<rect class="hatch" x="6" y="{0}" width="22" height="10" rx="2"/>'
        ).format(y - 9)
        yield _text(36, y, "hatched: failed, or the answer was no", "soft")
    if any(span.result is SpanResult.OPEN for span in spans):
        yield Markup(
            '<rect class="detection open" x="300" y="{0}" width="22" height="10" rx="2"/>'
        ).format(y - 9)
        yield _text(330, y, "dashed: no end is recorded", "soft")


def _describe(rows: list[Row]) -> str:
    return " ".join(f"{_sentence(row, span)}." for row in rows for span in row.spans)


def _sentence(row: Row, span: Span) -> str:
    label, began = make_printable(row.label), word_clock(span.started_at)
    if span.ended_at is None:
        return f"{label}: from {began}, no end recorded"
    return f"{label}: {began} to {word_clock(span.ended_at)}, {_bar_words(span)}"


def _text(x: float, y: float, words: str, classes: str = "", anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        classes, x, y, anchor, make_printable(words)
    )


def measure(words: str) -> float:
    """A width that the words will not exceed in any common face at 12 pixels."""
    return sum(
        WIDE_LETTER
        if unicodedata.east_asian_width(letter) in "WF"
        else CAPITAL
        if letter.isupper() or letter in "mw%@"
        else LETTER
        for letter in words
    )


def _shorten(words: str, width: float) -> str:
    if measure(words) <= width:
        return words
    while words and measure(words) > width - 10:
        words = words[:-1]
    return f"{words.rstrip()}…"


def _wrap(height: float, title: str, description: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="tl" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {:.0f}" role="img" '
        'aria-labelledby="tl-title tl-description"><title id="tl-title">{}</title>'
        '<desc id="tl-description">{}</desc><style>{}</style><defs><pattern id="tl-hatch" '
        'width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path class="hatchline" d="M0 0V7"/></pattern></defs>{}</svg>'
    ).format(
        WIDTH,
        height,
        make_printable(title),
        make_printable(description),
        Markup(STYLE),  # noqa: S704  # a constant of this module
        Markup("").join(parts),
    )
