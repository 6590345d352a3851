"""Outside text in Markdown: a reader of Markdown shows exactly it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from airmend.review.markdown import escape_markdown, fence, link_to, quote_code
from airmend.review.wording import make_printable

READER = MarkdownIt("gfm-like", {"linkify": False})


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(source: str) -> _Page:
    page = _Page()
    page.feed(READER.render(source))
    return page


HOSTILE = [
    "# heading",
    "- item",
    "1. first",
    "2) second",
    "> quote",
    "---",
    "=== ",
    "+ plus",
    "**bold** _soft_ ~~gone~~ `code`",
    "[text](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<https://evil.example>",
    "a | b | c",
    "&lt;b&gt; &#60;",
    "\\[x](y)",
    "line\n\n# heading\n\n| a | b |\n|---|---|",
    "[ref]: https://evil.example",
    "    indented code",
    "```\nfence",
    "~~~",
    "$x$ #12",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["{}", "- {}", "before {} after", "**x**: {}"])
def test_nothing_of_it_is_read_as_markdown(text: str, place: str) -> None:
    expected = read(place.format("harmless"))
    found = read(place.format(escape_markdown(text)))

    assert [tag for tag in found.tags if tag != "code"] == expected.tags
    assert " ".join(text.split()) in " ".join(found.text.split())


@given(
    st.text(max_size=60).filter(lambda text: "|" not in text) | st.text("a@.`\\ <*", max_size=30)
)
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    escaped = escape_markdown(text)
    page = read(f"x {escaped} x")

    assert "\n" not in escaped
    assert set(page.tags) <= {"p", "code"}
    assert page.text.split() == f"x {make_printable(text)} x".split()


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example",
        "(http://evil.example).",
        "www.evil.example",
        "me@evil.example",
        "@someone",
        "mailto:me",
        "`https://evil.example`|x",
    ],
)
def test_addresses_become_code_and_never_links(text: str) -> None:
    page = read(f"| see {escape_markdown(text)} | end |\n|---|---|")

    assert "a" not in page.tags
    assert page.tags.count("code") == 1
    assert text.replace("|", "¦") in page.text


@given(st.text(alphabet="ab|`\\ \n<", max_size=20))
def test_code_never_breaks_a_cell_of_a_table(text: str) -> None:
    page = read(f"| h | i |\n|---|---|\n| {quote_code(text)} | end |")

    assert page.tags.count("td") == 2
    assert "end" in page.text


@given(st.text(alphabet="`~a\n -+", max_size=60))
def test_nothing_inside_closes_a_fence(text: str) -> None:
    page = read(f"{fence(text, 'diff')}\n\nafter")

    assert page.tags == ["pre", "code", "p"]
    assert page.text.endswith("after\n")


def test_a_link_shows_its_text_and_leads_to_its_address() -> None:
    source = link_to("run [1](x)", "https://a.example/runs/(1)|2")

    assert 'href="https://a.example/runs/%281%29%7C2"' in READER.render(source)
    assert read(source).text.strip() == "run [1](x)"
    assert link_to("run", None) == "`run`"
