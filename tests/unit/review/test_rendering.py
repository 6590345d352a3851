"""Markdown and HTML from the canonical form: complete, and harmless whatever was recorded."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import Environment, UndefinedError
from markdown_it import MarkdownIt
from pydantic import ValidationError

from airmend.review.document import PostIncidentReport
from airmend.review.rendering import (
    compile_templates,
    html_environment,
    render_html,
    render_markdown,
)
from airmend.review.report import build_report
from tests.unit.review.scenarios import BASE_URL, SCENARIOS, later, rolled_back

BAIT = (
    "</pre></style></title></svg><script>alert(1)</script><img src=x onerror=alert(1)>"
    "{{ 7 * 7 }}{% raw %} | ` [x](javascript:alert(1)) \n# heading\n\"'><iframe>"
)


def build(name: str) -> PostIncidentReport:
    report = build_report(SCENARIOS[name](), made_at=later(20_000), base_url=BASE_URL)
    return report.model_copy(update={"controls": []})  # tried by test_annex_rendering.py


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def baited(report: PostIncidentReport) -> Iterator[PostIncidentReport]:
    """The report with the bait in one field at a time, in every field that takes any text."""
    document = report.document()
    for path in _find_texts(document):
        changed = copy.deepcopy(document)
        place: Any = changed
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = BAIT
        try:
            yield PostIncidentReport.model_validate(changed)
        except ValidationError:
            continue  # the field takes only certain words, times or addresses


def _find_texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value[:2])
    for key, child in children:
        yield from _find_texts(child, (*path, key))


def test_nothing_that_was_recorded_becomes_html() -> None:
    report = build("rolled_back")
    tags = Page(render_html(report)).tags
    changed = list(baited(report))

    assert len(changed) > 80
    for other in changed:
        page = Page(render_html(other))
        assert [tag for tag in page.tags if tag in ("script", "img", "iframe")] == []
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert len(page.tags) <= len(tags) + 6  # a row or two may appear, no bait


def test_nothing_that_was_recorded_becomes_markdown() -> None:
    report = build("rolled_back")
    reader = MarkdownIt("gfm-like", {"linkify": False})
    headings = Page(reader.render(render_markdown(report))).tags.count("h1")

    for other in baited(report):
        page = Page(reader.render(render_markdown(other)))
        assert page.tags.count("h1") == headings
        assert not {"script", "img", "iframe"} & set(page.tags)
        hrefs = [str(value) for name, value in page.attributes if name == "href"]
        assert all(href.startswith("https://airflow.example:8080/") for href in hrefs)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_page_needs_nothing_from_elsewhere(name: str) -> None:
    text = render_html(build(name))
    page = Page(text)

    assert not {"script", "link", "iframe", "img", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "srcset", "action")]
    assert "@import" not in text
    assert not re.findall(r"url\((?!#)", text)
    assert "target=" not in text


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_printed_as_python_would(name: str) -> None:
    report = build(name)

    for text in (Page(render_html(report)).text, render_markdown(report)):
        assert not re.search(r"\bNone\b|\bnan\b|Undefined|datetime\.|Outcome\.|<airmend", text)


def test_what_is_not_known_is_said_in_both_forms() -> None:
    report = build("refused_with_nothing_known")

    assert Page(render_html(report)).text.count("not recorded") >= 20
    assert render_markdown(report).count("not recorded") >= 20


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_forms_hold_the_whole_timeline_and_all_follow_ups(name: str) -> None:
    report = build(name)
    html = Page(render_html(report)).text
    markdown = Page(MarkdownIt("gfm-like", {"linkify": False}).render(render_markdown(report))).text

    for words in [e.text for e in report.timeline] + [f.text for f in report.follow_ups]:
        assert words in html
        assert words in markdown


def test_diffs_are_coloured_by_line() -> None:
    html = render_html(build("rolled_back"))

    assert '<span class="removed">-workers = 0</span>' in html
    assert '<span class="added">+workers = 4</span>' in html


def test_markdown_shows_diffs_in_blocks_of_code() -> None:
    assert "```diff\n--- before: /etc/shop/shop.conf\n" in render_markdown(build("rolled_back"))


def test_the_times_of_a_run_are_linked_to_airflow() -> None:
    html = render_html(build("resolved_standard"))

    assert f'href="{BASE_URL}/dags/service-down/runs/airmend__inc-0001"' in html


def test_a_direction_override_cannot_reverse_a_diff() -> None:
    facts = rolled_back()
    report = build_report(facts, made_at=later(99), base_url=BASE_URL)
    document = report.document()
    document["steps"][1]["hosts"][0]["tasks"][0]["diff"] = "+safe \u202eelif\n"
    changed = PostIncidentReport.model_validate(document)

    assert "\u202e" not in render_html(changed)
    assert "\u202e" not in render_markdown(changed)


def test_a_name_that_a_template_gets_wrong_is_an_error() -> None:
    template = html_environment().from_string("{{ report.no_such_field }}")

    with pytest.raises(UndefinedError):
        template.render(report=build("resolved_standard"))


def test_after_the_templates_were_compiled_a_report_compiles_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a template was compiled")

    compile_templates()
    monkeypatch.setattr(Environment, "compile", refuse)
    report = build("rolled_back")
    assert render_html(report)
    assert render_markdown(report)
