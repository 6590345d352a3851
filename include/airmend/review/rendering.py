"""The report for people, as Markdown and as one HTML page, from its canonical form alone.

Templates print values through one gate each: HTML is escaped by Jinja, Markdown by
`escape_markdown`. A value that is None prints "not recorded"; a name that a template gets
wrong is an error, not a gap. Called by saving, pages and the command line.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.runtime import Undefined
from markupsafe import Markup

from airmend.change.model import RiskScore
from airmend.execution.model import TaskEvidence, TaskOutcome
from airmend.review.annexes import DoraAnnex, Evidence
from airmend.review.chart import draw_timeline
from airmend.review.diffs import classify_lines, count_lines
from airmend.review.document import PostIncidentReport, ReportedHost, ReportedWork
from airmend.review.dora.annex import word_due
from airmend.review.markdown import Markdown, escape_markdown, fence, link_to, quote_code
from airmend.review.model import Outcome
from airmend.review.recurrence import MEDIAN_FROM, P90_FROM
from airmend.review.wording import (
    NOT_RECORDED,
    make_printable,
    word_clock,
    word_count,
    word_duration,
    word_list,
    word_share,
    word_time,
)

TONES = {
    Outcome.RESOLVED: "good",
    Outcome.ROLLED_BACK: "warn",
    Outcome.ROLLBACK_FAILED: "bad",
    Outcome.NOT_RESOLVED: "bad",
    Outcome.REJECTED: "calm",
    Outcome.EXPIRED: "warn",
    Outcome.REFUSED: "warn",
    Outcome.CANCELLED: "calm",
    Outcome.PROPOSED: "calm",
    Outcome.NO_CHANGE: "warn",
    Outcome.UNDER_WAY: "calm",
}

EVIDENCE_TONES = {
    Evidence.EVIDENCED: "good",
    Evidence.PARTLY: "warn",
    Evidence.NOT_EVIDENCED: "bad",
    Evidence.NOT_APPLICABLE: "calm",
}

SIGNS = {"good": "✓", "warn": "!", "bad": "✕", "calm": "\N{EN DASH}"}


def render_html(report: PostIncidentReport) -> str:
    """One page that needs nothing else: styles and drawing inside, no scripts, no requests."""
    template = html_environment().get_template("report.html.j2")
    return template.render(report=report, chart=draw_timeline(report))


def render_markdown(report: PostIncidentReport) -> str:
    """The same as Markdown, for tickets and chats."""
    return _markdown_environment().get_template("report.md.j2").render(report=report)


def render_annex(annex: DoraAnnex) -> str:
    """The DORA annex alone, as Markdown."""
    return _markdown_environment().get_template("dora-alone.md.j2").render(annex=annex)


def compile_templates() -> None:
    """Compile all templates now, for processes that are forked from this one to render one."""
    for environment, endings in (
        (html_environment(), (".html.j2", ".css")),
        (_markdown_environment(), (".md.j2",)),
    ):
        for name in environment.list_templates():
            if name.endswith(endings):
                environment.get_template(name)


@lru_cache(maxsize=1)
def html_environment() -> Environment:
    """Jinja for HTML; the pages of the web application use it with a loader of their own."""
    return make_html_environment(PackageLoader("airmend.review"))


def make_html_environment(loader: Any) -> Environment:
    """Jinja that escapes everything, knows our words, and stops at a name it does not know."""
    environment = _make_environment(loader, autoescape=True, finalize=_finalize_html)
    environment.filters["diff_lines"] = lambda diff: list(classify_lines(make_printable(diff)))
    return environment


@lru_cache(maxsize=1)
def _markdown_environment() -> Environment:
    environment = _make_environment(
        PackageLoader("airmend.review"), autoescape=False, finalize=_finalize_markdown
    )
    environment.filters |= {
        "code": lambda value: Markdown(NOT_RECORDED) if value is None else quote_code(str(value)),
        "fence": fence,
        "link": lambda text, address: (
            Markdown(NOT_RECORDED) if text is None else link_to(str(text), address)
        ),
        "row": lambda values: Markdown(" | ".join(map(_finalize_markdown, values))),
    }
    return environment


def _make_environment(loader: Any, **options: Any) -> Environment:
    environment = Environment(  # noqa: S701 - the Markdown one escapes by `finalize`
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options
    )
    environment.filters |= {
        "duration": word_duration,
        "moment": word_time,
        "clock": word_clock,
        "share": word_share,
        "counted": word_count,
        "listed": word_list,
        "words": _word_value,
        "signed": lambda number: f"{number:+.2f}".replace("-", "\N{MINUS SIGN}"),
        "diff_size": count_lines,
        "as_json": lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False),
        "telling": _select_telling,
        "own_message": _has_own_message,
        "weights": _weigh_factors,
        "due": word_due,
        "median": lambda figure: _word_figure(figure.median_seconds, figure.count, MEDIAN_FROM),
        "p90": lambda figure: _word_figure(figure.p90_seconds, figure.count, P90_FROM),
        "evidence_tone": lambda result: EVIDENCE_TONES[Evidence(result)],
        "paragraphs": lambda text: [part for part in text.split("\n") if part.strip()],
        "models_word": _tell_models_word,
        "tone": lambda outcome: TONES[Outcome(outcome)],
    }
    environment.globals |= {"SIGNS": SIGNS}
    return environment


def _finalize_html(value: Any) -> Any:
    if value is None:
        return NOT_RECORDED
    if isinstance(value, (Markup, Undefined)):
        return value
    return make_printable(_plain(value))


def _finalize_markdown(value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)  # raises: a name that the template gets wrong
    if isinstance(value, Markdown):
        return value
    return Markdown(NOT_RECORDED) if value is None else escape_markdown(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return word_time(value)
    return str(value.value) if isinstance(value, Enum) else str(value)


def _word_value(value: Any) -> str | None:
    """A word of the records as people write it: "rolled_back" becomes "rolled back"."""
    return None if value is None else _plain(value).replace("_", " ")


def _select_telling(host: ReportedHost) -> list[TaskEvidence]:
    """The tasks that a reader must see: those that changed something or failed."""
    return [task for task in host.tasks if task.outcome is not TaskOutcome.SKIPPED]


def _has_own_message(run: ReportedWork) -> bool:
    """Whether the message of a run says more than the messages of its tasks."""
    told = (task.message for host in run.hosts for task in host.tasks if task.message)
    return bool(run.message) and not any(message in run.message for message in told)


def _word_figure(seconds: float | None, count: int, needed: int) -> str:
    """A duration, or why there is none: too few values."""
    if seconds is None:
        return NOT_RECORDED if not count else f"too few; {needed} are needed"
    return word_duration(seconds)


def _tell_models_word(risk: RiskScore) -> str | None:
    """What a learned model said; in shadow it is recorded and shown to nobody as a reason."""
    learned = risk.learned
    if learned is None or learned.mode == "shadow":
        return None
    by_rules = "" if learned.mode == "advisory" else "; the higher of its band and the rules' holds"
    return (
        f"The {learned.mode} model {learned.model_version[:12]} says "
        f"{word_share(learned.probability)}, {learned.band.value}{by_rules}."
    )


def _weigh_factors(risk: RiskScore) -> list[tuple[Any, float, str]]:
    """Each factor with its share of the largest contribution and whether it raises the risk."""
    largest = max((abs(factor.contribution) for factor in risk.factors), default=0) or 1
    return [
        (factor, abs(factor.contribution) / largest, "up" if factor.contribution > 0 else "down")
        for factor in risk.factors
    ]
