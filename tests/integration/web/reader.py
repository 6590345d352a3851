"""Someone who reads the pages below /airmend."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

from fastapi import FastAPI

from airmend.change.model import ChangeStatus
from airmend.records.database import Database
from airmend.review.model import ReportFacts
from airmend.settings import Settings
from airmend.web.pages import create_pages
from airmend.web.review_pages import create_review_pages
from airmend.web.suppression_pages import create_suppression_pages
from airmend.web.surroundings import Surroundings
from tests.integration.web.conftest import Caller
from tests.unit.review.scenarios import BASE_URL, approved_on_three_hosts, later

NOW = later(7200)


BLOCKS = {"td", "th", "tr", "dt", "dd", "li", "div", "p"}


class Links(HTMLParser):
    """The links and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in BLOCKS:
            self.text += " "
        self.hrefs += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def open_pages(
    database: Database, *, surroundings: Surroundings | None = None, now: datetime = NOW
) -> Caller:
    """The pages as Airflow mounts them, without its login."""
    inner, settings = FastAPI(), Settings(base_url=BASE_URL)
    inner.include_router(
        create_suppression_pages(
            database, settings, viewer=lambda: None, operator=lambda: None, clock=lambda: now
        )
    )
    inner.include_router(
        create_review_pages(
            database,
            settings,
            viewer=lambda: None,
            operator=lambda: None,
            roles=dict,
            clock=lambda: now,
        )
    )
    inner.include_router(
        create_pages(
            database,
            settings,
            clock=lambda: now,
            surroundings=surroundings,
        )
    )
    airflow = FastAPI()
    airflow.mount("/airmend", inner)
    return Caller(airflow)


def under_way(status: ChangeStatus) -> ReportFacts:
    """A story whose change goes on."""
    facts = approved_on_three_hosts()
    assert facts.change
    change = facts.change.model_copy(update={"status": status, "ended_at": None, "reason": ""})
    return replace(facts, change=change, decision=None, executions=[])


def see(browser: Caller, path: str) -> Links:
    """A page that is there."""
    answer = browser.get(f"/airmend{path}")
    assert answer.status_code == 200, answer.text
    return Links(answer.text)
