"""Lines of a diff and their kinds."""

from __future__ import annotations

from airmend.review.diffs import LineKind, classify_lines, count_lines


def test_a_removed_sql_comment_is_not_taken_for_a_header() -> None:
    diff = "--- a.sql\n+++ b.sql\n@@ -1,2 +1,2 @@\n--- old note\n+++ new note\n same\n"

    assert [kind for kind, _ in classify_lines(diff)] == [
        LineKind.HEADER,
        LineKind.HEADER,
        LineKind.HUNK,
        LineKind.REMOVED,
        LineKind.ADDED,
        LineKind.SAME,
    ]


def test_a_second_file_has_headers_again() -> None:
    file = "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"

    assert count_lines(file + file) == (2, 2)


def test_the_note_on_a_missing_newline_counts_for_nothing() -> None:
    assert count_lines("@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n") == (1, 1)


def test_text_without_hunks_is_judged_by_its_signs() -> None:
    assert count_lines("+directory /var/log/shop\n-mode 0755\n") == (1, 1)
    assert count_lines("") == (0, 0)
