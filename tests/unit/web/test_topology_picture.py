"""The picture: nothing on top of anything else, all within the drawing, whatever the names."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.topology import Topology
from airmend.review.chart import measure
from airmend.web.topology_layout import BOX_HEIGHT, BOX_WIDTH, LONGEST_ROW, lay_out
from airmend.web.topology_part import ServiceNode, Standing, TopologyPart, choose_part
from airmend.web.topology_picture import draw_part, shorten, word_standing
from tests.unit.web.topologies import make_topology, topologies

SVG = "{http://www.w3.org/2000/svg}"

STANDINGS = st.none() | st.builds(Standing, st.integers(0, 9999), st.integers(0, 9999))


def parse(drawing: str) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314 - our own drawing


def size_of(root: ET.Element) -> tuple[float, float]:
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    return width, height


def boxes_of(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each box."""
    found = []
    for group in root.iter(f"{SVG}g"):
        x, y, width, height = (
            float(group.findall(f"{SVG}rect")[-1].attrib[name])
            for name in ("x", "y", "width", "height")
        )
        found.append((x, y, x + width, y + height))
    return found


def assert_readable(drawing: str) -> None:
    root = parse(drawing)
    width, height = size_of(root)
    boxes = boxes_of(root)
    for left, top, right, bottom in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= width + 0.5
        assert bottom <= height + 0.5
    for one, other in combinations(boxes, 2):
        beside = one[2] <= other[0] or other[2] <= one[0]
        below = one[3] <= other[1] or other[3] <= one[1]
        assert beside or below
    for group, (left, top, right, bottom) in zip(root.iter(f"{SVG}g"), boxes, strict=True):
        name, state = group.findall(f"{SVG}text")
        for text in (name, state):
            begin, baseline, words = float(text.attrib["x"]), float(text.attrib["y"]), text.text
            assert left < begin
            assert begin + measure(words or "") < right, words
            assert top < baseline < bottom
        assert float(state.attrib["y"]) - float(name.attrib["y"]) >= 12


def draw(needs: dict[str, str], *firing: str, cause: str | None = None) -> str:
    affected = {name: Standing(firing=1) for name in firing}
    return draw_part(choose_part(make_topology(needs), affected, cause=cause), "ShopDown")


def tops(needs: dict[str, str]) -> dict[str, float]:
    topology = make_topology(needs)
    edges = [(s.name, needed) for s in topology.services for needed in s.depends_on]
    return {name: y for name, (_, y) in lay_out(list(needs), edges).boxes.items()}


@given(topologies(), st.data())
def test_no_box_or_label_covers_another_whatever_the_topology(
    topology: Topology, data: st.DataObject
) -> None:
    names = [service.name for service in topology.services]
    affected = data.draw(st.dictionaries(st.sampled_from(names), st.builds(Standing, st.just(1))))
    cause = data.draw(st.none() | st.sampled_from(names))
    if not affected and cause is None:
        affected = {names[0]: Standing(firing=1)}

    assert_readable(draw_part(choose_part(topology, affected, cause=cause), names[0]))


@given(
    st.lists(st.integers(0, 24).flatmap(lambda a: st.tuples(st.just(a), st.integers(0, 24)))),
)
def test_every_line_ends_at_both_its_boxes_and_the_picture_keeps_its_width(
    pairs: list[tuple[int, int]],
) -> None:
    names = [f"s{number}" for number in range(25)]
    edges = [(names[a], names[b]) for a, b in dict.fromkeys(pairs) if a != b]
    layout = lay_out(names, edges)

    assert layout.width <= LONGEST_ROW + 0.1
    assert set(layout.lines) == set(edges)
    for (caller, needed), points in layout.lines.items():
        for name, (x, y) in ((caller, points[0]), (needed, points[-1])):
            left, top = layout.boxes[name]
            assert left <= x <= left + BOX_WIDTH
            assert y in {top, top + BOX_HEIGHT}


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40))
def test_callers_stand_above_what_they_depend_on(pairs: list[tuple[int, int]]) -> None:
    names = [f"s{number:02d}" for number in range(20)]
    edges = [(names[min(pair)], names[max(pair)]) for pair in pairs if pair[0] != pair[1]]
    boxes = lay_out(names, edges).boxes

    for caller, needed in edges:
        assert boxes[caller][1] < boxes[needed][1]


def test_a_line_over_several_rows_does_not_run_through_a_box() -> None:
    layout = lay_out(
        ["top", "middle", "bottom"], [("top", "middle"), ("middle", "bottom"), ("top", "bottom")]
    )
    left, top = layout.boxes["middle"]

    beside = [x for x, y in layout.lines["top", "bottom"] if top <= y <= top + BOX_HEIGHT]

    assert len(beside) == 2
    assert all(x < left or x > left + BOX_WIDTH for x in beside)


def test_a_circle_is_drawn_with_one_line_upwards() -> None:
    drawing = draw({"a": "b", "b": "c", "c": "a"}, "b")

    assert len(re.findall(r'class="(?:hot )?back"', drawing)) == 1
    assert_readable(drawing)


def test_the_states_stand_in_words_and_not_in_colour_alone() -> None:
    node = ServiceNode("shop", tier=2)

    assert word_standing(node) == "tier 2"
    assert word_standing(replace(node, others=2)) == "2 other incidents"
    assert word_standing(replace(node, standing=Standing(firing=3))) == "3 firing"
    assert word_standing(replace(node, standing=Standing(recovered=1))) == "over"
    assert word_standing(replace(node, is_cause=True)) == "likely cause"
    cause = replace(node, is_cause=True, standing=Standing(firing=1, recovered=4))
    assert word_standing(cause) == "likely cause, 1 firing"


@given(STANDINGS, st.booleans(), st.integers(0, 9999), st.integers(1, 4))
def test_every_state_fits_its_box(
    standing: Standing | None, is_cause: bool, others: int, tier: int
) -> None:
    node = ServiceNode("shop", tier, "a-team", standing, is_cause, others)

    assert_readable(draw_part(TopologyPart((node,)), "X"))


def test_the_likely_cause_has_a_ring() -> None:
    root = parse(draw({"shop": "db", "db": ""}, "shop", cause="db"))

    rings = [rect for rect in root.iter(f"{SVG}rect") if rect.attrib.get("class") == "ring"]
    assert len(rings) == 1


def test_the_picture_is_described_in_words() -> None:
    root = parse(draw({"portal": "shop", "shop": "db", "db": ""}, "shop", cause="db"))

    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert title.text == "Services around ShopDown, callers above what they depend on"
    assert "shop: 1 firing; depends on db." in str(description.text)
    assert "db: likely cause." in str(description.text)
    assert root.attrib["role"] == "img"


@pytest.mark.parametrize(
    "name",
    [
        "</text><script>alert(1)</script>",
        '"><a href="javascript:alert(1)">',
        "{{ 7 * 7 }}",
        "\u202egnp.exe",
        "\x00\x1b[31m",
        "]]>&amp;",
    ],
)
def test_a_hostile_name_stays_text(name: str) -> None:
    node = ServiceNode(name, 1, name, Standing(firing=1), is_cause=True)
    root = parse(draw_part(TopologyPart((node,)), name))

    assert {element.tag for element in root.iter()} <= {
        f"{SVG}{tag}"
        for tag in "svg title desc style defs marker path g rect text".split()  # noqa: SIM905
    }
    assert "\u202e" not in ET.tostring(root, encoding="unicode")


def test_the_same_part_gives_the_same_picture() -> None:
    needs = {"a": "c d", "b": "c d", "c": "", "d": ""}

    assert draw(needs, "a", "b") == draw(dict(reversed(needs.items())), "a", "b")


@given(st.text(max_size=80), st.floats(20, 300))
def test_shortened_words_are_never_wider_than_their_room(words: str, width: float) -> None:
    assert measure(shorten(words, width)) <= width


def test_neighbours_stand_on_neighbouring_rows() -> None:
    y = tops({"portal": "shop", "shop": "db", "partner": "db", "db": ""})

    assert y["portal"] < y["shop"] < y["db"]
    assert y["partner"] == y["shop"]
