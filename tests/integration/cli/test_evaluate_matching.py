"""`airmend evaluate matching`, as it is typed: figures that are right, and errors that help."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from airmend.cli.main import app
from airmend.cli.matching_queries import remove_name

CORPUS = {
    "DiskFull": "The file system of a host has no space left.",
    "ClockSkew": "The clock of a host is wrong.",
    "PodCrashLooping": "A container fails and is restarted again and again.",
    "CertificateExpires": "A certificate will expire within days.",
}
OTHERS = {
    "alerts/a/DiskFull": "Volumes run out of space and DiskFull fires.",
    "alerts/a/Clock_Skew": "Time on a server has drifted.",
    "alerts/b/PodCrashLooping": "The pod crashes after each restart of its container.",
    "alerts/b/QueueGrowing": "Messages pile up.",
}


def _markdown(folder: Path, documents: dict[str, str]) -> Path:
    for name, text in documents.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {path.stem}\n\n## Meaning\n\n{text}\n\n## Impact\n\nSome.\n")
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return _markdown(tmp_path / "corpus", CORPUS)


def _run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["evaluate", "matching", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def _figures(*arguments: str | Path) -> dict[str, Any]:
    code, out, err = _run(*arguments, "--json")
    assert code == 0, err
    document: dict[str, Any] = json.loads(out)
    return document


def test_runbooks_of_others_become_queries_without_their_names(corpus: Path) -> None:
    document = _figures(_markdown(corpus.parent / "others", OTHERS), "--corpus", corpus)
    assert (document["known_errors"], document["queries"]) == (4, 3)
    assert document["left_out"] == ["QueueGrowing"]
    assert document["mrr"] == document["top_1"] == 1.0
    methods = {(result["form"], result["method"]) for result in document["results"]}
    forms = {
        "symptom, without the name",
        "whole text, without the name",
        "whole text, with the name",
    }
    assert methods == {
        (form, method) for form in forms for method in ("airmend", "plain TF-IDF", "word overlap")
    }
    assert all(0 <= result["mrr"] <= 1 and result["queries"] == 3 for result in document["results"])


def test_people_read_a_table_of_the_same_figures(corpus: Path) -> None:
    code, out, _ = _run(_markdown(corpus.parent / "others", OTHERS), "--corpus", corpus)
    assert code == 0
    assert out.startswith("3 queries against 4 known errors\n")
    assert "Left out, of no known error's name: QueueGrowing\n" in out
    assert re.search(r"whole text, without the name │ airmend +│ 3 │ 1\.000 │ 1\.000 │ 1\.000", out)
    assert "whole text, with the name: 3 of 3 get a suggestion; the first one is right for 3" in out


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv"])
def test_texts_with_answers_are_measured_as_they_are(corpus: Path, suffix: str) -> None:
    rows = [
        {"text": "no space left on the filesystem", "expected": "DiskFull"},
        {"text": "the clock drifts", "expected": "DiskFull|ClockSkew"},
        {"text": "certificate expires", "expected": "ClockSkew"},
        {"text": "please order a keyboard", "expected": ""},
        {"text": "of another corpus", "expected": "Gone"},
    ]
    path = corpus.parent / f"queries.{suffix}"
    if suffix == "csv":
        lines = ["text,expected", *(f"{row['text']},{row['expected']}" for row in rows)]
        path.write_text("\n".join(lines))
    elif suffix == "json":
        path.write_text(json.dumps([*rows[1:], {**rows[0], "expected": ["DiskFull"]}]))
    else:
        path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    document = _figures(path, "--corpus", corpus)
    assert document["left_out"] == ["Gone"]
    airmend = document["results"][0]
    assert (airmend["form"], airmend["method"], airmend["queries"]) == ("as given", "airmend", 3)
    assert airmend["top_1"] == pytest.approx(2 / 3, abs=1e-3)
    assert document["mrr"] == airmend["mrr"] < 1
    (suggested,) = document["suggestions"]
    assert (suggested["queries"], suggested["unknown_queries"]) == (3, 1)
    assert suggested["unknown_with_suggestion"] == 0


def test_texts_about_nothing_known_alone_are_counted_too(corpus: Path) -> None:
    path = corpus.parent / "queries.jsonl"
    path.write_text('{"text": "please order a keyboard", "expected": ""}\n')
    document = _figures(path, "--corpus", corpus)
    assert (document["mrr"], document["results"]) == (None, [])
    _, out, _ = _run(path, "--corpus", corpus)
    assert "0 of 1 texts about no known error get one" in out


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("q.jsonl", "{", "q.jsonl:1: it is not JSON"),
        ("q.jsonl", "[1]", "q.jsonl:1: it is not an object"),
        ("q.jsonl", '{"expected": "x"}', "q.jsonl:1: it has no 'text'"),
        ("q.jsonl", '{"text": "x"}', "q.jsonl:1: it has no 'expected'"),
        ("q.jsonl", '{"text": "x", "expected": [1]}', "q.jsonl:1: it has no 'expected'"),
        ("q.json", '[{"text": "x"}]', "q.json: entry 1: it has no 'expected'"),
        ("q.csv", "text;expected\nx;DiskFull", "q.csv:2: it has no 'text'"),
        ("q.csv", "text,expected\nx,Gone", "none of its 1 names is one of the corpus"),
        ("q.md", "# Another\n", "none of its 1 names is one of the corpus"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_line(
    corpus: Path, name: str, text: str, message: str
) -> None:
    path = corpus.parent / name
    path.write_text(text)
    code, out, err = _run(path, "--corpus", corpus)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_files_and_folders_that_are_not_there_are_named(corpus: Path) -> None:
    asked: list[list[str | Path]] = [["gone.csv", "--corpus", corpus], [corpus, "--corpus", "gone"]]
    for arguments in asked:
        code, _, err = _run(*arguments)
        assert code == 2
        assert "gone" in err


def test_two_corpora_with_one_id_are_refused(corpus: Path) -> None:
    code, _, err = _run(corpus, "--corpus", corpus, "--corpus", corpus)
    assert code == 2
    assert "two corpora have a known error 'CertificateExpires'" in err


@pytest.mark.parametrize(
    ("text", "name", "left"),
    [
        ("`KubePodNotReady` fires", "KubePodNotReady", "` ` fires"),
        ("Kube Pod Not Ready is", "KubePodNotReady", "  is"),
        ("kube-pod-not-ready, ", "KubePodNotReady", " , "),
        ("KubePodNotReadyNow", "KubePodNotReady", "KubePodNotReadyNow"),
        ("Host out of disk space", "Host out of disk space", " "),
        ("a.b", "", "a.b"),
    ],
)
def test_a_name_is_taken_out_in_every_spelling(text: str, name: str, left: str) -> None:
    assert remove_name(text, name) == left
