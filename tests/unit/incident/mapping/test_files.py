"""A folder of senders: what is found, and how a mistake is told."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from airmend.errors import UnknownSourceError
from airmend.incident.mapping.files import MAX_FILE_BYTES, SenderFileError, check_sender
from airmend.incident.mapping.form import PROOFS
from airmend.incident.mapping.source import MappedSource
from airmend.incident.sources import built_in_names, find_source, source_names, use_senders
from tests.unit.incident.mapping.checkmk import FILE, payload

SHORT = "alert:\n  name: alert.name\n  status: alert.status\n"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of senders; none are left in use afterwards."""
    yield tmp_path
    use_senders(None)


def mistakes_of(
    folder: Path, text: str | bytes, name: str = "checkmk.yaml"
) -> list[SenderFileError]:
    """The mistakes of one file."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = check_sender(path, built_in_names())
    return [] if isinstance(found, MappedSource) else found


def test_a_file_is_a_source_by_its_name(folder: Path) -> None:
    (folder / "checkmk.yaml").write_text(FILE)
    assert use_senders(folder) == []
    assert "checkmk" in source_names()
    assert set(built_in_names()) < set(source_names())
    (alert,) = find_source("checkmk").parse(payload(), {})
    assert alert.source == "checkmk"


def test_another_folder_takes_the_place_of_the_first(folder: Path) -> None:
    (folder / "checkmk.yaml").write_text(FILE)
    use_senders(folder)
    use_senders(folder / "none")
    assert source_names() == built_in_names()
    with pytest.raises(UnknownSourceError):
        find_source("checkmk")


@pytest.mark.parametrize("name", ["../checkmk", "checkmk.yaml", "CHECKMK", "", "checkmk\x00"])
def test_a_name_from_outside_is_looked_up_and_no_path(folder: Path, name: str) -> None:
    (folder / "checkmk.yaml").write_text(FILE)
    use_senders(folder)
    with pytest.raises(UnknownSourceError, match="checkmk"):
        find_source(name)


def test_a_mistake_hides_no_other_source_and_is_in_the_log(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "good.yaml").write_text(SHORT)
    (folder / "bad.yaml").write_text("alert:\n  name: nmae\n  status: alert.status\n")
    (folder / "worse.yaml").write_text("{")
    mistakes = use_senders(folder)
    assert [Path(mistake.path).name for mistake in mistakes] == ["bad.yaml", "worse.yaml"]
    assert set(source_names()) == {*built_in_names(), "good"}
    assert f"{folder}/bad.yaml:2: alert.name: 'nmae' is not defined" in caplog.text


def test_files_of_editors_and_folders_below_are_no_senders(folder: Path) -> None:
    (folder / ".checkmk.yaml").write_text("{")
    (folder / "README.md").write_text("words")
    (folder / "below").mkdir()
    (folder / "below" / "other.yaml").write_text(SHORT)
    assert use_senders(folder) == []
    assert source_names() == built_in_names()


STATUS = "alert:\n  name: alert.n\n  status:\n"
MAPPING = "a mapping with keys"


@pytest.mark.parametrize(
    ("text", "line", "fact", "remedy"),
    [
        ("alert:\n  name: alert.name\n", 1, "'status' is missing in 'alert'", "Add 'status:'."),
        ("description: x\n", 1, "'alert' is missing", "Add 'alert:'."),
        (SHORT + "  sevrity: x\n", 4, "the key 'sevrity' is not known", "Did you mean 'severity'?"),
        (SHORT + "proof: [x]\n", 4, "the key 'proof' is not known", "Did you mean 'proofs'?"),
        (
            SHORT + "proofs: [bearer, bearrer]\n",
            4,
            "proofs.1: there is no proof 'bearrer'",
            "Did you mean 'bearer'?",
        ),
        (SHORT + "proofs: []\n", 4, "proofs is empty", "Fill it in."),
        (SHORT + "  host: 7\n", 4, "alert.host must be text", "Put it in quotes."),
        (SHORT + "  host: ''\n", 4, "alert.host is empty", "Fill it in."),
        (
            SHORT + "  labels:\n    team: tema\n",
            5,
            "alert.labels.team: 'tema' is not defined, an expression sees alert, body, headers",
            "Write 'alert.tema', or \"'tema'\" for a text.",
        ),
        (
            SHORT + "  fingerprint: [alert.id, alert..x]\n",
            4,
            "alert.fingerprint.1: 'alert..x' is no JMESPath: '.' cannot stand at character 7",
            "Correct it; see https://jmespath.org.",
        ),
        (
            SHORT + "  summary: length(alert.a, alert.b)\n",
            4,
            "alert.summary: the function 'length' takes another number of values than 2",
            "See https://jmespath.org.",
        ),
        (
            STATUS + "    from: alert.s\n    firing: [up, on]\n    resolved: [ON]\n",
            3,
            "alert.status: the word 'on' stands for firing and for resolved",
            "Leave it in one of the two.",
        ),
        (
            STATUS + "    from: alert.s\n    fire: [up]\n",
            5,
            "the key 'fire' is not known",
            "Did you mean 'firing'?",
        ),
        (
            STATUS + "    firing: [up]\n",
            3,
            "'from' is missing in 'alert.status'",
            "Add 'from:'.",
        ),
        (STATUS + "    - up\n", 3, f"alert.status must be {MAPPING}", f"Write {MAPPING} here."),
        (
            STATUS + "    from: alert.s\n    firing: {a: 1}\n",
            5,
            "alert.status.firing must be a list",
            "Write a list here.",
        ),
        ("", 1, f"the file must be {MAPPING}", "Begin with 'alert:'."),
        ("- x\n", 1, f"the file must be {MAPPING}", "Begin with 'alert:'."),
        ("alert: 1\nalert: 2\n", 2, "the key 'alert' is there twice", "Remove one of the two."),
        (b"\xff", 1, "it is not UTF-8 text", "Save the file as UTF-8."),
        (
            b"#" * (MAX_FILE_BYTES + 1),
            None,
            f"it is larger than {MAX_FILE_BYTES} bytes",
            "Make it shorter.",
        ),
    ],
)
def test_a_mistake_has_file_line_fact_and_remedy(
    folder: Path, text: str | bytes, line: int | None, fact: str, remedy: str
) -> None:
    (mistake,) = mistakes_of(folder, text)
    assert (mistake.line, mistake.fact, mistake.remedy) == (line, fact, remedy)
    place = f"{folder}/checkmk.yaml" + (f":{line}" if line else "")
    assert str(mistake) == f"{place}: {fact}. {remedy}"


def test_what_is_no_yaml_is_told_with_its_line(folder: Path) -> None:
    (mistake,) = mistakes_of(folder, "alerts: body.x\nalert: 'open\n")
    assert mistake.line is not None
    assert mistake.fact.startswith("it is not YAML")


def test_every_mistake_of_a_file_is_told_at_once(folder: Path) -> None:
    found = mistakes_of(folder, "alert:\n  host: hsot\n  foo: 1\nalerts: bdoy.x\n")
    assert [mistake.line for mistake in found] == [1, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("alertmanager.yaml", "Airmend has a source 'alertmanager' of its own"),
        ("Checkmk.yaml", "cannot be part of an address"),
        ("check-mk.yaml", "cannot be part of an address"),
        ("x" * 25 + ".yaml", "cannot be part of an address"),
        ("checkmk.yml", "Rename it to checkmk.yaml"),
    ],
)
def test_a_file_needs_a_name_of_its_own_that_fits_an_address(
    folder: Path, name: str, words: str
) -> None:
    (mistake,) = mistakes_of(folder, SHORT, name)
    assert words in str(mistake)


def test_a_file_that_cannot_be_read_is_a_mistake(folder: Path) -> None:
    (folder / "checkmk.yaml").mkdir()
    (mistake,) = use_senders(folder)
    assert isinstance(mistake, SenderFileError)
    assert "cannot be read" in mistake.fact


@pytest.mark.skipif(
    find_spec("airmend.incident.proofs") is None, reason="the proofs are not there yet"
)
def test_a_file_may_name_every_proof_but_the_one_that_must_be_confirmed() -> None:
    from airmend.incident.proofs import SCHEMES  # type: ignore[import-not-found,unused-ignore]

    assert set(PROOFS) == set(SCHEMES) - {"sns"}
