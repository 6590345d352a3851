"""The annexes and the learned model's word, in both forms that people read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from airmend.change.model import LearnedScore, RiskBand, RiskScore
from airmend.review.annexes import Evidence, Figure, Finding, Prose, Recurrence
from airmend.review.document import PostIncidentReport
from airmend.review.model import Citation
from airmend.review.rendering import render_annex, render_html, render_markdown
from airmend.review.report import build_report
from tests.unit.review.contexts import classified, make_context, make_past, recur, submitted
from tests.unit.review.scenarios import BASE_URL, approved_on_three_hosts, later, make_risk
from tests.unit.review.test_rendering import BAIT, Page

TEXT = "ServiceDown was on host web1.\nIt was approved by sam."
PROSE = Prose(state="accepted", model="llama-9", written_at=later(77), text=TEXT, problems=[])


def build(risk: RiskScore | None = None, prose: Prose | None = PROSE) -> PostIncidentReport:
    facts = approved_on_three_hosts()
    assert facts.change
    change = facts.change.model_copy(update={"risk": risk or facts.change.risk})
    story = [
        *facts.story,
        classified(later(3600)),
        submitted("initial", later(5 * 3600), reference="BaFin-77"),
    ]
    report = build_report(
        replace(facts, change=change, story=story),
        made_at=later(20_000),
        base_url=BASE_URL,
        context=make_context(),
    )
    return report.model_copy(update={"prose": prose})


def both(report: PostIncidentReport) -> list[str]:
    reader = MarkdownIt("gfm-like", {"linkify": False})
    pages = render_html(report), reader.render(render_markdown(report))
    return [re.sub(r"\s+", " ", Page(page).text) for page in pages]


def learned(mode: str) -> RiskScore:
    said = LearnedScore(
        model_version="ab12cd34ef56" + "0" * 52,
        mode=mode,
        probability=0.31,
        band=RiskBand.HIGH,
        features={},
        features_sha256="",
    )
    return make_risk().model_copy(update={"learned": said})


@pytest.mark.parametrize("mode", ["advisory", "enforcing"])
def test_the_word_of_a_model_that_people_are_shown_is_shown(mode: str) -> None:
    for page in both(build(learned(mode))):
        assert f"The {mode} model ab12cd34ef56 says 31 %, high" in page
        assert ("the higher of its band and the rules' holds" in page) == (mode == "enforcing")


def test_the_word_of_a_model_in_shadow_is_recorded_and_not_shown() -> None:
    report = build(learned("shadow"))
    assert "ab12cd34ef56" in report.canonical_json()
    for page in both(report):
        assert "ab12cd34ef56" not in page
        assert "31 %" not in page


@pytest.mark.parametrize(
    ("lowered_by", "words"),
    [
        ("one host fewer: low", "What would have lowered it: one host fewer: low"),
        ("", "What would have lowered it: no single difference"),
        (None, None),
    ],
)
def test_what_would_have_lowered_the_risk_is_told(
    lowered_by: str | None, words: str | None
) -> None:
    risk = make_risk(band=RiskBand.MODERATE).model_copy(update={"lowered_by": lowered_by})
    for page in both(build(risk)):
        if words:
            assert words in page
        else:
            assert "What would have lowered it" not in page


def test_a_low_risk_has_nothing_to_be_lowered() -> None:
    for page in both(build(make_risk().model_copy(update={"lowered_by": ""}))):
        assert "What would have lowered it" not in page


def test_both_forms_hold_every_factor_with_input_source_and_contribution() -> None:
    report = build()
    assert report.risk
    for page in both(report):
        for factor in report.risk.factors:
            shown = f"{factor.contribution:+.2f}".replace("-", "\u2212")
            assert all(words in page for words in (factor.input, factor.source, shown))


def test_both_forms_hold_every_annex() -> None:
    report = build()
    assert report.dora
    for page in both(report):
        for field in report.dora.fields:
            assert field.number in page
            assert (field.value or field.ask) in page
        for control in report.controls:
            assert control.requirement in page
            assert all(finding.text in page for finding in control.findings)
        for kind in report.recurrence:
            assert kind.scope in page
        assert "late" in page
        assert "2026-03-02 14:00:00 UTC" in page


def test_both_forms_say_who_wrote_a_text() -> None:
    for page in both(build()):
        assert "written by a language model, not by people" in page.lower()
        assert "llama-9" in page
        assert "2026-03-02 09:01:17 UTC" in page
        assert "ServiceDown was on host web1." in page


def test_both_forms_say_that_a_text_was_rejected_and_why() -> None:
    why = "No fact holds the number '4' in these words."
    rejected = PROSE.model_copy(update={"state": "rejected", "text": "", "problems": [why]})
    for page in both(build(prose=rejected)):
        assert "was rejected" in page
        assert why in page
        assert "ServiceDown was on host web1." not in page


def test_without_a_text_nothing_speaks_of_one() -> None:
    for page in both(build(prose=None)):
        assert "language model" not in page


def test_too_few_values_are_said_to_be_too_few() -> None:
    few = make_context(recurrence=[recur(make_past(1, 1), make_past(2, 2))])
    report = build_report(
        approved_on_three_hosts(), made_at=later(9), base_url=BASE_URL, context=few
    )
    for page in both(report):
        assert "too few; 3 are needed" in page
        assert "too few; 10 are needed" in page


def test_no_mean_is_anywhere() -> None:
    names = set(Figure.model_fields) | set(Recurrence.model_fields)
    assert not [name for name in names if "mean" in name or "average" in name]
    for page in both(build()):
        told = page.split("How often the like came before")[1].split("Controls, as far")[0]
        assert not re.search(r"\b(?:mean|average)\b", told)


def test_the_annex_alone_is_the_same_markdown() -> None:
    report = build()
    assert report.dora
    alone = render_annex(report.dora)
    assert alone.startswith("# DORA annex of incident inc-0001\n")
    body = alone.split("\n", 2)[2].strip()
    assert body in render_markdown(report)


def test_nothing_in_an_annex_becomes_markup() -> None:
    whole = build()
    assert whole.dora
    cited = [Citation(label=BAIT, value=BAIT)]
    finding = Finding(result=Evidence.PARTLY, text=BAIT, citations=cited)
    field = whole.dora.fields[0].model_copy(update={"value": BAIT, "citations": cited})
    due = whole.dora.deadlines[0].model_copy(update={"submission": BAIT, "rule": BAIT})
    annexes = {
        "recurrence": [whole.recurrence[0].model_copy(update={"scope": BAIT})],
        "controls": [
            whole.controls[0].model_copy(
                update={"framework": BAIT, "reference": BAIT, "findings": [finding, finding]}
            )
        ],
        "dora": whole.dora.model_copy(
            update={
                "fields": [field],
                "deadlines": [due],
                "notes": [BAIT],
                "classification": BAIT,
            }
        ),
    }
    texts: list[dict[str, Any]] = [
        {"model": BAIT, "text": BAIT},
        {"model": BAIT, "state": "rejected", "problems": [BAIT]},
    ]
    reader = MarkdownIt("gfm-like", {"linkify": False})
    plain = Page(reader.render(render_markdown(whole))).tags
    for text in texts:
        other = whole.model_copy(update={**annexes, "prose": PROSE.model_copy(update=text)})
        for page in (render_html(other), reader.render(render_markdown(other))):
            assert not {"script", "img", "iframe"} & set(Page(page).tags)
            links = [value for name, value in Page(page).attributes if name == "href"]
            assert not [link for link in links if "javascript" in str(link)]
        assert Page(reader.render(render_markdown(other))).tags.count("h1") == plain.count("h1")
