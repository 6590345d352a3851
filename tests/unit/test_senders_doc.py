"""docs/senders.md tells the truth: each source has a section, and what it sends is read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from airmend.incident.model import AlertStatus
from airmend.incident.sources import find_source, source_names
from tests.documents import ROOT

DOCUMENTS = sorted(ROOT.glob("docs/senders*.md"))
_ADDRESS = re.compile(r"http://localhost:8080/airmend/hooks/([a-z_]+)")
_BODY = re.compile(r"<<'JSON'\n(?:.*\nTOKEN\n)?(.*?)\nJSON\n", re.DOTALL)


@dataclass(frozen=True)
class Section:
    """The section of one sender."""

    title: str
    source: str
    text: str

    @property
    def bodies(self) -> list[Any]:
        """What its curls send."""
        return [json.loads(body) for body in _BODY.findall(self.text)]


def sections() -> list[Section]:
    """The sections that have a curl, in the order of the documents."""
    found = []
    for path in DOCUMENTS:
        for part in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            title, _, text = part.partition("\n")
            if address := _ADDRESS.search(text):
                found.append(Section(title, address[1], text))
    return found


SECTIONS = sections()
each_section = pytest.mark.parametrize(
    "section", SECTIONS, ids=[section.source for section in SECTIONS]
)


def test_every_source_has_one_section() -> None:
    assert sorted(section.source for section in SECTIONS) == list(source_names())


@each_section
def test_what_its_curls_send_is_a_firing_alert(section: Section) -> None:
    assert section.bodies
    for body in section.bodies:
        alerts = find_source(section.source).parse(body, {})
        assert alerts
        assert {alert.status for alert in alerts} == {AlertStatus.FIRING}
        assert not any(alert.is_test for alert in alerts)


@each_section
def test_it_says_where_the_secret_lies_what_becomes_of_the_fields_and_what_it_cannot(
    section: Section,
) -> None:
    assert f"`airmend_hook_{section.source}`" in section.text
    assert "\n| alert | from |\n" in section.text
    assert "\nLimits: " in section.text
    assert f".airmend/secrets/hook-{section.source})" in section.text


def test_the_senders_stand_in_the_order_of_the_alphabet_and_ones_own_last() -> None:
    text = (ROOT / "docs/senders.md").read_text(encoding="utf-8")
    *titles, last = re.findall(r"^## (.+)$", text, re.MULTILINE)[1:]
    assert titles == sorted(titles, key=str.lower)
    assert last == "A sender of your own"
