"""`airmend audit`: seal, export, verify, erase, prune, pack, as a person uses them."""

from __future__ import annotations

import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from airmend.audit.leftovers import find_files_naming
from airmend.cli import main
from airmend.records.database import Database
from airmend.records.reports import store_report
from airmend.review.document import PostIncidentReport
from airmend.review.facts import gather_facts
from airmend.review.report import build_report
from airmend.review.saving import save_report
from airmend.settings import get_settings
from tests.builders import AT
from tests.integration.audit.stories import RECORDS, add_fact, edit, record_story

Command = Callable[..., Result]


@pytest.fixture
def airmend(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Command]:
    (tmp_path / "anchor").mkdir()
    monkeypatch.setenv("AIRMEND_DATABASE_URL", database_url)
    monkeypatch.setenv("AIRMEND_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AIRMEND_AUDIT_ANCHOR", str(tmp_path / "anchor"))
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(main.app, ["audit", *map(str, words)])
    get_settings.cache_clear()


@pytest.fixture
def sealed(airmend: Command, database: Database) -> Command:
    """A story with its report, sealed."""
    record_story(database)
    with database.session() as session:
        report = build_report(gather_facts(session, "chg-0001"), made_at=AT, base_url="http://a")
        document = report.model_dump(mode="json")
        store_report(session, document, change_id="chg-0001", incident_id="inc-0001", at=AT)
    assert airmend("seal").output.startswith(f"{RECORDS} records sealed; the log has {RECORDS}\n")
    return airmend


def test_the_first_seal_makes_a_key_for_its_owner_alone(sealed: Command, tmp_path: Path) -> None:
    key = tmp_path / "home/secrets/audit-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = key.read_text().split("+", 4)[4].strip()
    shown = [sealed("key").output, sealed("seal").output, sealed("verify").output]
    assert all(secret not in text for text in shown)
    key.chmod(0o640)
    assert "others may use this key" in sealed("seal").stderr


def test_a_lost_key_stops_sealing_and_nothing_else(
    sealed: Command, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "home/secrets/audit-key").unlink()
    add_fact(database, "still recorded")
    result = sealed("seal")
    assert result.exit_code == 1
    assert "the key of the audit log cannot be read" in result.stderr


def test_a_replaced_key_goes_on_with_the_log(sealed: Command, database: Database) -> None:
    before = sealed("key").output.strip()
    after = sealed("key", "--replace").output.split()
    assert after[1] == before != after[0]
    add_fact(database, "more")
    assert sealed("seal").output.startswith("1 records sealed")
    assert sealed("verify", "--key", after[0]).exit_code == 0
    assert sealed("verify", "--key", before).exit_code == 1


def test_the_live_log_is_held_against_file_and_anchor(
    sealed: Command, database: Database, tmp_path: Path
) -> None:
    (kept,) = (tmp_path / "anchor").iterdir()
    assert kept.name == f"checkpoint-{RECORDS:012}"
    result = sealed("verify")
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "the log is what was sealed")
    assert "the tree fits 3 checkpoints" in result.output
    add_fact(database, "one that waits")
    edit(database, "UPDATE ledger SET at = '2999-01-01' WHERE text = 'one that waits'")
    assert "1 records wait for the next seal" in sealed("verify").output
    edit(database, "DELETE FROM audit_leaves", "DELETE FROM audit_checkpoints")
    result = sealed("verify")
    assert result.exit_code == 1
    assert "those from record 0 on are gone" in result.stderr


def test_a_record_that_is_slipped_in_below_a_checkpoint_is_told(
    sealed: Command, database: Database
) -> None:
    add_fact(database, "Approved by eve")  # of a time that the log has passed
    result = sealed("verify")
    assert result.exit_code == 1
    assert "fact 4: it is of 2026-03-02 09:00 UTC and was put there after" in result.stderr


def test_an_export_is_verified_without_the_database(
    sealed: Command, database: Database, tmp_path: Path
) -> None:
    path, key = tmp_path / "log.zip", sealed("key").output.strip()
    assert sealed("export", path).exit_code == 0
    checkpoints = tmp_path / "home/audit/checkpoints"
    code = (
        "import sys; from airmend.cli.main import app; "
        "sys.argv = ['airmend', 'audit', 'verify', *sys.argv[1:]]\n"
        "try: app()\n"
        "finally: print(sorted({'sqlalchemy', 'airflow', 'psycopg'} & set(sys.modules)))"
    )
    words = [str(path), "--key", key, "--checkpoint", str(checkpoints)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("the log is what was sealed\n[]\n")
    assert "the keys of the file are believed" in sealed("verify", path).stderr
    edit(database, "UPDATE decisions SET verdict = 'rejected'")
    sealed("export", path)
    result = sealed("verify", path, "--key", key)
    assert result.exit_code == 1
    first = "record 4 (decision chg-0001): its content is not what was sealed"
    assert result.stderr.splitlines()[0] == first
    assert sealed("verify", tmp_path / "none.zip").exit_code == 1


def change_file(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {each: archive.read(each) for each in archive.namelist()}
    files[name] = change(files[name])
    with zipfile.ZipFile(path, "w") as archive:
        for each, data in files.items():
            archive.writestr(each, data)


def test_an_evidence_pack_verifies_on_its_own(sealed: Command, tmp_path: Path) -> None:
    path, key = tmp_path / "pack.zip", sealed("key").output.strip()
    assert sealed("pack", "inc-0001", "--out", path).exit_code == 0
    with zipfile.ZipFile(path) as archive:
        assert {*archive.namelist()} >= {
            *("README.txt", "report.json", "report.md", "report.html", "decisions.json"),
            *("records.jsonl", "checkpoints", "keys", "manifest"),
        }
        assert b'"decided_by":"olivia"' in archive.read("decisions.json")
    result = sealed("verify", path, "--key", key)
    assert result.exit_code == 0, result.stderr
    assert result.output.startswith("7 records")
    change_file(path, "report.md", lambda text: text.replace(b"olivia", b"eve") + b" ")
    assert "the file report.md is not the one" in sealed("verify", path, "--key", key).stderr


def test_a_pack_whose_records_were_edited_is_refused(sealed: Command, tmp_path: Path) -> None:
    path, key = tmp_path / "pack.zip", sealed("key").output.strip()
    sealed("pack", "inc-0001", "--out", path)
    change_file(path, "records.jsonl", lambda text: text.replace(b"approved", b"rejected"))
    result = sealed("verify", path, "--key", key)
    assert result.exit_code == 1
    assert "(decision chg-0001): its content is not what was sealed" in result.stderr
    assert "there is no incident 'inc-9'" in sealed("pack", "inc-9", "--out", path).stderr


def test_proofs_are_printed_in_the_form_of_the_field(sealed: Command) -> None:
    result = sealed("proof", "inc-0001")
    assert result.output.count("c2sp.org/tlog-proof@v1\nindex ") == 7


def reports_of(tmp_path: Path) -> Path:
    return tmp_path / "home/reports"


def save(database: Database, folder: Path) -> PostIncidentReport:
    """The report of the story as the files that its run had left."""
    with database.session() as session:
        report = build_report(gather_facts(session, "chg-0001"), made_at=AT, base_url="http://a")
    save_report(report, folder)
    return report


def test_an_erasure_makes_saved_reports_again_and_names_what_still_holds_the_person(
    sealed: Command, database: Database, tmp_path: Path
) -> None:
    folder = reports_of(tmp_path)
    save(database, folder)
    (folder / "handed-on").mkdir()
    sealed("pack", "inc-0001", "--out", folder / "handed-on/evidence.zip")
    sealed("export", folder / "log.zip")
    (folder / "inc-0009.chg-0009.md").write_text("pruned long ago; Olivia approved")
    (folder / "inc-0008.json").write_text('"nobody"')
    held = {"inc-0009.chg-0009.md", "handed-on/evidence.zip", "log.zip"}

    dry = sealed("erase", "olivia", "--reason", "request 17", "--dry-run")
    assert "1 reports would be made again" in dry.output
    assert "olivia" in (folder / "inc-0001.chg-0001.html").read_text()
    told = sealed("erase", "olivia", "--reason", "request 17")
    assert told.exit_code == 0, told.output
    assert "1 reports are made again" in told.output
    for output in (dry.output, told.output):
        named = {line.split(": holds")[0] for line in output.splitlines() if ": holds" in line}
        assert named == {str(folder / name) for name in held}

    for name in ("inc-0001", "inc-0001.chg-0001"):
        for end in ("json", "md", "html"):
            text = (folder / f"{name}.{end}").read_text()
            assert "olivia" not in text.lower()
            assert "erased" in text
    assert find_files_naming(folder, "olivia") == sorted(folder / name for name in held)


def test_an_erasure_that_was_killed_before_the_reports_is_completed_by_the_next(
    sealed: Command, database: Database, tmp_path: Path
) -> None:
    folder = reports_of(tmp_path)
    report = save(database, folder)
    assert sealed("erase", "olivia", "--reason", "request 17").exit_code == 0
    save_report(report, folder)  # as if the first call had not come so far
    told = sealed("erase", "olivia", "--reason", "request 17")
    assert "0 places are erased" in told.output.replace(", and read '[erased]'", "")
    assert find_files_naming(folder, "olivia") == []


@pytest.mark.parametrize(
    "text",
    ["by Zoë O'Brien", "by Zoë O&#39;Brien.", '{"by": "Zo\\u00eb O\'Brien"}', "ZOË O\\'BRIEN"],
)
def test_a_name_is_found_however_a_file_writes_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.md").write_text(text)
    (tmp_path / "b.md").write_text("by Zoë O'Briens")
    assert find_files_naming(tmp_path, "Zoë O'Brien") == [tmp_path / "a.md"]
    assert find_files_naming(tmp_path / "none", "Zoë O'Brien") == []


def test_a_file_that_cannot_be_read_counts_as_one_that_holds_the_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "broken.zip", "w") as archive:
        archive.writestr("a", "x" * 1000)
    content = bytearray((tmp_path / "broken.zip").read_bytes())
    content[40] ^= 255
    (tmp_path / "broken.zip").write_bytes(content)
    assert find_files_naming(tmp_path, "olivia") == [tmp_path / "broken.zip"]


def test_a_person_is_erased_and_old_incidents_are_pruned(
    sealed: Command, database: Database
) -> None:
    told = sealed("erase", "olivia", "--reason", "request 17", "--dry-run")
    assert "would be erased" in told.output
    assert "decisions.decided_by  1 rows" in told.output
    assert sealed("erase", "olivia", "--reason", "request 17").exit_code == 0
    result = sealed("verify")
    assert result.exit_code == 0, result.stderr
    assert "personal fields are erased; their salted hashes are intact" in result.output
    assert "everything is kept for ever" in sealed("prune").stderr
    record_story(database, 2)
    sealed("seal")
    edit(database, "UPDATE incidents SET closed_at = opened_at WHERE id = 'inc-0001'")
    assert "7 records of the log" in sealed("prune", "--days", 1, "--dry-run").output
    assert sealed("prune", "--days", 1).exit_code == 0
    result = sealed("verify")
    assert result.exit_code == 0, result.stderr
    assert "7 records are pruned; their hashes are intact" in result.output
