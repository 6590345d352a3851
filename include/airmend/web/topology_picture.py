"""The affected part of the topology as one inline SVG, for light and dark pages.

Pure: a part in, markup out. Every state stands in words in its box, so that colour is never the
only sign; every text is measured and fits its box, and boxes never overlap.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from airmend.review.chart import measure
from airmend.review.wording import make_printable, word_count
from airmend.web.topology_layout import BOX_HEIGHT, BOX_WIDTH, Layout, lay_out
from airmend.web.topology_part import ServiceNode, TopologyPart

MARGIN = 8.0
PADDING = 12.0
LEAST_WIDTH = 560.0
"""A wide picture is made smaller to fit a page, but not below this: then it scrolls."""

STYLE = """
.tp{--ink:#1b2430;--soft:#5b6675;--box:#f7f9fa;--edge:#c3cad3;--firing:#b3261e;--firing-box:#fdeae7;
 --over:#0b7a55;--over-box:#e3f5ee;--other:#8a5300;--other-box:#fdf1dc;
 font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif}
@media (prefers-color-scheme:dark){@media screen{.tp{--ink:#e6eaf0;--soft:#a3aebb;--box:#1b212a;
 --edge:#434e5c;--firing:#ff8d80;--firing-box:#3a1a18;--over:#4fd1a5;--over-box:#10302a;
 --other:#f2bd63;--other-box:#35290f}}}
.tp text{fill:var(--ink);font-weight:600} .tp .soft{fill:var(--soft);font-size:11px;font-weight:400}
.tp rect{fill:var(--box);stroke:var(--edge)}
.tp .firing rect{fill:var(--firing-box);stroke:var(--firing)} .tp .firing .soft{fill:var(--firing)}
.tp .over rect{fill:var(--over-box);stroke:var(--over)} .tp .over .soft{fill:var(--over)}
.tp .other rect{fill:var(--other-box);stroke:var(--other);stroke-dasharray:4 3}
.tp .other .soft{fill:var(--other)} .tp .ring{fill:none!important;stroke:var(--firing)!important;
 stroke-width:2;stroke-dasharray:none!important} .tp .cause .soft{fill:var(--firing)}
.tp path{fill:none;stroke:var(--edge);stroke-width:1.4} .tp .hot{stroke:var(--soft);stroke-width:2}
.tp .back{stroke-dasharray:4 3} .tp marker path{fill:var(--edge);stroke:none}
.tp #tp-hot path{fill:var(--soft)}
"""


def draw_part(part: TopologyPart, name: str) -> Markup:
    """The services as boxes and their dependencies as arrows, with title and description.

    Args:
        part: At least one service.
        name: The incident's name, for the title.
    """
    layout = lay_out([node.name for node in part.nodes], part.edges)
    shapes = [*_draw_lines(part, layout), *(_draw_box(node, layout) for node in part.nodes)]
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
    return Markup(
        '<svg class="tp" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h:.0f}" '
        'width="{w:.0f}" height="{h:.0f}" style="min-width:{least:.0f}px" role="img" '
        'aria-labelledby="tp-title tp-description">'
        '<title id="tp-title">{}</title><desc id="tp-description">{}</desc><style>{}</style>'
        "<defs>{}{}</defs>{}</svg>"
    ).format(
        make_printable(f"Services around {name}, callers above what they depend on"),
        make_printable(describe_part(part)),
        Markup(STYLE),  # noqa: S704  # a constant of this module
        _draw_arrow_head("tp-calm"),
        _draw_arrow_head("tp-hot"),
        Markup("").join(shapes),
        w=width,
        h=height,
        least=min(width, LEAST_WIDTH),
    )


def describe_part(part: TopologyPart) -> str:
    """The picture in sentences: how each service stands, and what it depends on."""
    sentences = []
    for node in part.nodes:
        needed = [other for caller, other in part.edges if caller == node.name]
        depends = f"; depends on {', '.join(needed)}" if needed else ""
        sentences.append(f"{node.name}: {word_standing(node)}{depends}.")
    return " ".join(sentences)


def word_standing(node: ServiceNode) -> str:
    """How a service stands, in the words of its box."""
    words = ["likely cause"] if node.is_cause else []
    if node.standing is not None:
        if node.standing.firing:
            words.append(f"{node.standing.firing} firing")
        elif not node.is_cause or node.standing.recovered:
            words.append("over")
    elif node.others:
        words.append(word_count(node.others, "other incident"))
    elif not node.is_cause:
        words.append(f"tier {node.tier}")
    return ", ".join(words)


def _draw_box(node: ServiceNode, layout: Layout) -> Markup:
    x, y = _shift(layout.boxes[node.name])
    room = BOX_WIDTH - 2 * PADDING
    ring = (
        Markup('<rect class="ring" x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="10"/>').format(
            x - 4, y - 4, BOX_WIDTH + 8, BOX_HEIGHT + 8
        )
        if node.is_cause
        else ""
    )
    return Markup(
        '<g class="{}"><title>{}</title>{}<rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" '
        'rx="7"/>{}{}</g>'
    ).format(
        _class_of(node),
        make_printable(f"{node.name}, tier {node.tier}, {node.owner}: {word_standing(node)}"),
        ring,
        x,
        y,
        BOX_WIDTH,
        BOX_HEIGHT,
        _text(x + PADDING, y + 19, shorten(node.name, room)),
        _text(x + PADDING, y + 36, shorten(word_standing(node), room), "soft"),
    )


def _class_of(node: ServiceNode) -> str:
    cause = " cause" if node.is_cause else ""
    if node.standing is not None:
        return ("firing" if node.standing.firing else "over") + cause
    return ("other" if node.others else "calm") + cause


def _draw_lines(part: TopologyPart, layout: Layout) -> list[Markup]:
    hot = {node.name for node in part.nodes if node.standing or node.is_cause}
    lines = []
    for edge, points in layout.lines.items():
        is_hot = hot.issuperset(edge)
        classes = ["hot"] if is_hot else []
        classes += ["back"] if points[0][1] > points[-1][1] else []
        lines.append(
            Markup('<path class="{}" d="{}" marker-end="url(#{})"/>').format(
                " ".join(classes),
                _curve([_shift(point) for point in points]),
                "tp-hot" if is_hot else "tp-calm",
            )
        )
    return lines


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Straight through a row, in an S from row to row, ending short of the box."""
    x, y = points[0]
    parts = [f"M{x:.1f} {y:.1f}"]
    *_, last = points
    for index, (to_x, to_y) in enumerate(points[1:], start=1):
        if index % 2 == 0:
            parts.append(f"V{to_y:.1f}")
        else:
            end = to_y - (5 if to_y > y else -5) if (to_x, to_y) == last else to_y
            middle = (y + end) / 2
            parts.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {end:.1f}")
        x, y = to_x, to_y
    return "".join(parts)


def _draw_arrow_head(name: str) -> Markup:
    return Markup(
        '<marker id="{}" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="7" markerHeight="7" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>'
    ).format(name)


def _shift(point: tuple[float, float]) -> tuple[float, float]:
    return point[0] + MARGIN, point[1] + MARGIN


def _text(x: float, y: float, words: str, classes: str = "") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(classes, x, y, words)


def shorten(words: str, width: float) -> str:
    """Words as printable text that is no wider than so many pixels."""
    words = make_printable(words).replace("\n", " ").replace("\t", " ")
    if measure(words) <= width:
        return words
    while words and measure(words) > width - 12:
        words = words[:-1]
    return f"{words.rstrip()}…"
