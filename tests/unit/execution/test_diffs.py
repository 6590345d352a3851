from __future__ import annotations

from typing import Any

import pytest

from airmend.execution.diffs import cut, render_diff


def test_a_changed_file_is_a_unified_diff_with_its_path() -> None:
    text = render_diff(
        {
            "before": "a\nb\n",
            "after": "a\nc\n",
            "before_header": "/etc/x",
            "after_header": "/etc/x",
        }
    )

    assert text == "--- before: /etc/x\n+++ after: /etc/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c"


def test_properties_of_a_file_are_compared_as_well() -> None:
    text = render_diff(
        {"before": {"path": "/x", "mode": "0644"}, "after": {"path": "/x", "mode": "0600"}}
    )

    assert '-  "mode": "0644"' in text
    assert '+  "mode": "0600"' in text


def test_a_list_of_diffs_is_one_text() -> None:
    text = render_diff([{"before": "", "after": "x\n"}, {}, {"prepared": "installs nginx\n"}])

    assert text.endswith("+x\ninstalls nginx")


@pytest.mark.parametrize(
    "diff", [None, "text", 3, [], {}, {"before": "a", "after": "a"}, {"before": "", "after": None}]
)
def test_what_does_not_differ_is_empty(diff: Any) -> None:
    assert render_diff(diff) == ""


def test_a_hunk_from_the_middle_of_a_key_shows_nothing_of_it() -> None:
    lines = [f"{number:02d}" + "kQ9z" * 15 for number in range(20)]
    changed = [*lines[:10], "77" + "Zz8x" * 15, *lines[11:]]

    def key(body: list[str]) -> str:
        return "\n".join(["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----", ""])

    text = render_diff({"before": key(lines), "after": key(changed)})

    assert text == "(they differ only in secret values, which are not shown)"


def test_a_changed_password_is_said_without_it() -> None:
    text = render_diff(
        {"before": "user: a\npassword: old1\n", "after": "user: b\npassword: new1\n"}
    )

    assert "-user: a\n+user: b" in text
    assert "old1" not in text
    assert "new1" not in text


def test_a_text_too_large_to_compare_is_said() -> None:
    assert "not compared" in render_diff({"before": "a\n" * 600_000, "after": ""})


def test_binary_content_is_said() -> None:
    assert render_diff({"dst_binary": 1}) == "(the old content is binary)"


def test_a_cut_says_how_much_is_missing() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdef", 4) == "abcd\n[cut: 2 more characters]"
    assert cut("abcdef", 0) == "[cut: 6 more characters]"
