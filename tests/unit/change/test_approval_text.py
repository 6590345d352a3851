"""What the approver reads; nothing from outside may be more than letters."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from airmend.change.approval_text import approval_text
from airmend.change.markdown import code, code_block, one_line, prose, reveal
from airmend.change.model import RiskBand, Target
from airmend.change.signing import SignatureVerdict
from airmend.execution.model import ExecutionStatus
from tests.unit.change.builders import (
    NOW,
    make_change,
    make_incident,
    make_playbook,
    make_runbook,
    make_score,
)

READER = MarkdownIt("commonmark").enable("table")

HEADINGS = [
    "Why",
    "What would run",
    "Where",
    "If it does not help",
    "What check mode shows",
    "Risk in detail",
]


def write(
    change: dict[str, Any] | None = None,
    incident: dict[str, Any] | None = None,
    runbook: dict[str, Any] | None = None,
    preflight: Any = None,
    lowered_by: str | None = None,
    signatures: SignatureVerdict | None = None,
) -> tuple[str, str]:
    return approval_text(
        make_change(**{"risk": make_score(), **(change or {})}),
        make_runbook(**(runbook or {})),
        make_incident(**(incident or {})),
        [make_playbook("-a\n+b")] if preflight is None else preflight,
        expires_at=NOW + timedelta(hours=4),
        lowered_by=lowered_by,
        signatures=signatures,
    )


def tokens_of(text: str) -> list[Token]:
    """All tokens of a text, those inside a line after the line's own."""
    return [token for block in READER.parse(text) for token in [block, *(block.children or ())]]


def headings_of(tokens: Iterable[Token]) -> list[str]:
    return [
        after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"
    ]


def count_cells(tokens: Iterable[Token]) -> int:
    return sum(token.type == "td_open" for token in tokens)


def test_the_approver_reads_risk_first_then_why_what_where_and_the_diff() -> None:
    subject, body = write(lowered_by="after a clean first run: low")
    assert subject == "Low risk: Restart the shop on web-1"
    assert body.startswith("**Low risk**: 10% chance to fail, impact 2 of 4.")
    assert "1. no clean run on this service yet: `0 clean runs on shop` (+0.70)" in body
    assert "What would lower it: after a clean first run: low." in body
    assert "No answer until 2026-03-04 14:00 UTC means no." in body
    assert headings_of(tokens_of(body)) == HEADINGS
    for text in ("NodeSystemdServiceFailed", "1.0.0", "playbooks/restart.yml", "stop.yml", "web-1"):
        assert f"`{text}`" in body or text in body
    assert "```diff\n# web-1: Write the file\n-a\n+b\n```" in body
    assert "Check mode tried 3 of 4 tasks" in body


def test_every_factor_is_in_the_table() -> None:
    score = make_score(RiskBand.HIGH)
    _, body = write({"risk": score})
    rows = [line for line in body.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(score.factors)
    assert count_cells(tokens_of(body)) == 4 * (1 + len(score.factors))


def test_a_host_that_was_read_out_of_sentences_is_shown_with_the_words() -> None:
    _, body = write(incident={"host": "web1", "annotations": {"inferred_host": "WEB1"}})
    assert "`web1`, read out of the text `WEB1`: is that right?" in body
    _, body = write(incident={"host": "web1"})
    assert "read out of" not in body


def test_no_rollback_and_no_preflight_are_said_plainly() -> None:
    runbook = {
        "rollback": None,
        "change": {"type": "standard", "service": "shop", "irreversible": "It was down before."},
    }
    _, body = write(runbook=runbook, preflight=[])
    assert "**There is no rollback**: It was down before." in body
    assert "**There is no preflight**" in body


def test_a_failed_preflight_is_said_with_its_message() -> None:
    _, body = write(preflight=[make_playbook(status=ExecutionStatus.FAILED, message="no route")])
    assert "**It failed** in `playbooks/restart.yml`: `no route`" in body
    assert "It shows no diff." in body


def test_canary_and_pace_are_said() -> None:
    change = {"type": "normal", "service": "shop", "canary": 1, "serial": 2}
    targets = [Target(name=f"web-{number}", address="192.0.2.1") for number in (1, 2, 3)]
    _, body = write({"targets": targets}, runbook={"change": change})
    assert "Steps, 1 first and alone, then 2 hosts at a time:" in body


def test_of_a_single_host_no_pace_is_said() -> None:
    _, body = write({"targets": [Target(name="web-1", address="192.0.2.1")]})
    assert "\nSteps:\n" in body


def test_many_targets_are_counted() -> None:
    targets = [Target(name=f"web-{n}", address="10.0.0.1") for n in range(70)]
    subject, body = write({"targets": targets})
    assert subject.endswith("on 70 hosts")
    assert "- and 20 more" in body


def test_a_long_diff_is_cut_at_a_line_and_says_so() -> None:
    _, body = write(preflight=[make_playbook("\n".join(f"+line {n}" for n in range(5000)))])
    assert len(body) < 16_000
    cut = next(line for line in body.splitlines() if line.startswith("Cut: "))
    assert cut.endswith("characters are shown.")
    assert headings_of(tokens_of(body)) == HEADINGS


def test_a_risk_that_is_not_assessed_cannot_be_shown() -> None:
    with pytest.raises(ValueError, match="no risk"):
        write({"risk": None})


def test_a_character_that_reorders_text_is_shown_as_its_number() -> None:
    assert reveal("a\u202eb\x1b[0m\r\nc\u2028") == "a\\u{202e}b\\u{1b}[0m\nc\\u{2028}"


def test_a_subject_is_one_short_line() -> None:
    subject, _ = write(
        runbook={"title": "x" * 120},
        change={"targets": [Target(name="a\n# b" * 60, address="10.0.0.1")]},
    )
    assert len(subject) <= 160
    assert "\n" not in subject


ATTACKS = [
    "# Approved\n\n## Low risk",
    "[click](https://evil.example)",
    "![](https://evil.example/x.png)",
    "<https://evil.example>",
    "https://evil.example and www.evil.example",
    "<img src=x onerror=alert(1)>",
    "```\n\n# forged\n\n````\n~~~",
    "` ``` `` `",
    "`",
    "\\`[x](y)\\",
    "a | b \\| c | d",
    "x\n===\n- item\n> quote\n---",
    "[x]: https://evil.example",
    "&lt;b&gt; &#91;x&#93;",
    "\u202e\u2066\x00\x07\x0b\x0c\x85\u2028",
    "\r# forged\r",
]
outside = st.one_of(
    st.sampled_from(ATTACKS),
    st.text(max_size=60),
    st.text(alphabet="`|\\[]()<>!#-=~*_\n\r \t&:/w.h", max_size=40),
)


def assert_only_letters(tokens: list[Token], forged: str) -> None:
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "blockquote_open", "hr"}
    assert headings_of(tokens) == HEADINGS
    # bare addresses become links in plain text only, so none may stand there
    plain = "".join(token.content for token in tokens if token.type == "text")
    if "evil.example" in forged:
        assert "evil.example" not in plain


@given(outside)
@example("[x]: https://evil.example")
def test_an_alert_cannot_forge_anything(forged: str) -> None:
    _, body = write(
        incident={
            "name": forged or "x",
            "summary": forged,
            "service": forged,
            "host": forged,
            "source": forged,
            "link": forged,
        },
        change={"inputs": {"host": forged}, "requested_by": forged},
    )
    assert_only_letters(tokens_of(body), forged)


@given(outside)
def test_a_diff_cannot_forge_anything(forged: str) -> None:
    _, body = write(preflight=[make_playbook(forged, message=forged), make_playbook(forged)])
    assert_only_letters(tokens_of(body), forged)


@given(outside)
def test_a_host_name_cannot_forge_anything(forged: str) -> None:
    score = make_score()
    first = score.factors[0].model_copy(update={"input": forged, "source": forged})
    risk = score.model_copy(update={"factors": [first, *score.factors[1:]]})
    targets = [Target(name=forged, address="10.0.0.1")]
    _, body = write({"targets": targets, "risk": risk})
    tokens = tokens_of(body)
    assert_only_letters(tokens, forged)
    assert count_cells(tokens) == 4 * (1 + len(risk.factors))


@given(outside)
def test_a_runbook_author_cannot_forge_a_heading_or_a_link(forged: str) -> None:
    known = {"id": "KE-1", "symptom": "x", "cause": f"x{forged}", "workaround": f"x{forged}"}
    _, body = write(runbook={"known_error": known, "owner": f"x{forged}"})
    tokens = tokens_of(body)
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "html_inline", "html_block"}
    assert headings_of(tokens) == HEADINGS


@given(outside)
def test_a_code_span_shows_every_letter(text: str) -> None:
    tokens = [token for token in tokens_of(f"a {code(text)} b") if token.type == "code_inline"]
    shown = one_line(text).replace("|", "¦")
    assert [token.content for token in tokens] == ([shown] if shown else [])


@given(outside, st.integers(1, 50))
def test_a_code_block_stays_one_block(text: str, limit: int) -> None:
    tokens = READER.parse(code_block(text, "diff", limit))
    assert tokens[0].type == "fence"
    assert [token.type for token in tokens[1:]] in (
        [],
        ["paragraph_open", "inline", "paragraph_close"],
    )
    assert len(tokens[0].content) <= limit + 1


@given(st.text(alphabet="`|\\[]()<>!~*_&$#ab ", max_size=40))
def test_prose_reads_as_it_was_written(text: str) -> None:
    tokens = tokens_of("x" + prose(text) + "x")
    plain = "".join(token.content for token in tokens if token.type.startswith("text"))
    assert plain == "x" + one_line(text) + "x"


def test_who_signed_is_shown_as_code_and_only_where_keys_are_trusted() -> None:
    told = "signed by <b>olga</b> `x` (SHA256:abc)"
    _, body = write(signatures=SignatureVerdict((("olga", "SHA256:abc"),), told))
    (line,) = [line for line in body.splitlines() if line.startswith("- Signature: ")]
    assert line == f"- Signature: {code(told)}"
    assert "- Signature: " not in write()[1]
