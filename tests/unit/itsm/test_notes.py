from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airmend.itsm.notes import LINE_LIMIT, NOTE_LIMIT, find_facts, make_plain, write_notes
from airmend.itsm.rich_document import read_document_text, write_document
from tests.unit.itsm.builders import make_desired, make_note


def test_what_a_ticket_holds_is_not_written_again() -> None:
    desired = make_desired(notes=(make_note(1), make_note(2), make_note(3)))
    assert list(write_notes(desired, {1, 2, 3})) == []
    ((text, facts),) = write_notes(desired, {2})
    assert facts == [1, 3]
    assert text.splitlines()[0] == "[CHG-1 fact 1] 2026-03-02 09:00:00 UTC: The guard passed"


def test_facts_of_another_change_are_not_ours() -> None:
    assert find_facts(make_desired(), "[CHG-1 fact 7] [CHG-11 fact 8] [INC-1 fact 9]") == {7}


def test_a_line_and_a_note_have_limits() -> None:
    notes = tuple(make_note(number, "x" * 5_000) for number in range(1, 9))
    written = list(write_notes(make_desired(notes=notes), set()))
    assert [facts for _, facts in written] == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert all(len(text) <= NOTE_LIMIT for text, _ in written)
    assert all(len(line) <= LINE_LIMIT for text, _ in written for line in text.splitlines())


@given(st.lists(st.text(), max_size=6))
def test_exactly_the_facts_that_were_written_are_found_again(texts: list[str]) -> None:
    notes = tuple(make_note(number, text) for number, text in enumerate(texts, 1))
    desired = make_desired(notes=notes)
    for text, facts in write_notes(desired, set()):
        assert find_facts(desired, text) == set(facts)
        assert find_facts(desired, read_document_text(write_document(text))) == set(facts)


@given(st.text(alphabet="[]/codeCODE fact 19CHG-", max_size=60))
def test_words_from_outside_are_no_tag_and_no_number_of_a_fact(text: str) -> None:
    plain = make_plain(text)
    assert "[code]" not in plain.lower()
    assert "[/code]" not in plain.lower()
    assert find_facts(make_desired(), plain) == set()
    assert len(plain) == len(text)
