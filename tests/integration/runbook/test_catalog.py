"""Folders of runbooks: every mistake at its place, and none hides another runbook."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from airmend.errors import ConfigurationError, RunbookError
from airmend.runbook import catalog as catalog_module
from airmend.runbook.archive import unpack_archive
from airmend.runbook.catalog import (
    CatalogReader,
    LoadedCatalog,
    LoadedRunbook,
    check_runbook,
    load_catalog,
    load_runbook,
)
from airmend.runbook.folder import digest_files, read_folder
from tests.builders import make_runbook, runbook_document
from tests.runbook_folders import write_runbook


def _names(catalog: LoadedCatalog) -> list[str]:
    return [loaded.version.runbook.id for loaded in catalog.runbooks]


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_runbook_is_loaded_with_its_digest_and_archive(tmp_path: Path) -> None:
    folder = write_runbook(tmp_path)
    loaded = load_runbook(folder)
    assert loaded.version.runbook == make_runbook()
    assert loaded.version.digest == digest_files(read_folder(folder))
    unpacked = unpack_archive(loaded.archive, loaded.version.digest, tmp_path / "versions")
    assert read_folder(unpacked) == read_folder(folder)


def test_all_mistakes_of_a_runbook_are_said_at_once(tmp_path: Path) -> None:
    document = runbook_document()
    document["steps"][0]["retries"] = 9
    folder = write_runbook(
        tmp_path,
        playbooks={"playbooks/restart.yml": "- hosts: web\n"},
        match=["incident.nmae == 'A'"],
        steps=[*document["steps"], {"id": "b", "name": "B", "playbook": "playbooks/restar.yml"}],
    )
    _edit(folder / "runbook.yaml", "owner: platform-team", "ownr: platform-team")
    result = check_runbook(folder)
    assert isinstance(result, list)
    lines = (folder / "runbook.yaml").read_text().split("\n")
    said = [
        (Path(mistake.path).name, lines[(mistake.line or 0) - 1].strip(), mistake.fact)
        for mistake in result
        if mistake.path.endswith("runbook.yaml")
    ]
    assert said == [
        ("runbook.yaml", "schema: airmend/v1", "'owner' is missing"),
        ("runbook.yaml", "ownr: platform-team", "the key 'ownr' is not known"),
        ("runbook.yaml", "- incident.nmae == 'A'", "an incident has no field 'nmae'"),
        (
            "runbook.yaml",
            "retries: 9",
            "'steps[0].retries' is 9, it must be at most 5",
        ),
        (
            "runbook.yaml",
            "playbook: playbooks/restar.yml",
            "the playbook 'playbooks/restar.yml' is not in the runbook's folder",
        ),
    ]
    assert str(result[-1]) == (
        f"{folder}/playbooks/restart.yml:1: the play works on the hosts 'web'. "
        "Write 'hosts: all'; Airmend limits it to the targets of the change."
    )
    with pytest.raises(RunbookError, match="'owner' is missing"):
        load_runbook(folder)


def test_a_playbook_with_a_slip_in_its_name_gets_a_suggestion(tmp_path: Path) -> None:
    folder = write_runbook(tmp_path)
    (folder / "playbooks/restart.yml").rename(folder / "playbooks/restarts.yml")
    with pytest.raises(RunbookError, match=r"Did you mean 'playbooks/restarts.yml'\?"):
        load_runbook(folder)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "it is not a mapping"),
        ("- a", "it is not a mapping"),
        ("a: [", "it is not YAML"),
        ("schema: airmend/v1\nschema: airmend/v1", "there twice"),
        ("{}", "'schema' is missing"),
    ],
)
def test_a_file_that_is_no_runbook_is_a_mistake(tmp_path: Path, text: str, fact: str) -> None:
    folder = write_runbook(tmp_path)
    (folder / "runbook.yaml").write_text(text)
    with pytest.raises(RunbookError) as caught:
        load_runbook(folder)
    assert fact in caught.value.fact


def test_a_playbook_cannot_lie_outside_of_the_folder(tmp_path: Path) -> None:
    folder = write_runbook(tmp_path)
    (tmp_path / "outside.yml").write_text("- hosts: all\n")
    (folder / "playbooks/restart.yml").unlink()
    (folder / "playbooks/restart.yml").symlink_to(tmp_path / "outside.yml")
    with pytest.raises(RunbookError, match="it is a symbolic link"):
        load_runbook(folder)


def test_tasks_that_a_playbook_includes_are_checked_too(tmp_path: Path) -> None:
    folder = write_runbook(
        tmp_path, playbooks={"tasks/more.yml": "- name: x\n  check_mode: false\n"}
    )
    with pytest.raises(RunbookError, match=r"more\.yml:2: 'check_mode: false'"):
        load_runbook(folder)


def test_a_runbook_is_named_like_its_folder_even_when_that_is_a_link(tmp_path: Path) -> None:
    folder = write_runbook(tmp_path / "elsewhere")
    folder.rename(tmp_path / "checkout")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks/service-down").symlink_to(tmp_path / "checkout")
    assert _names(load_catalog(tmp_path / "runbooks")) == ["service-down"]
    with pytest.raises(RunbookError, match="the folder is 'checkout'"):
        load_runbook(tmp_path / "checkout")


def test_a_folder_is_known_by_its_name_from_inside_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_runbook(tmp_path))
    assert isinstance(check_runbook(Path()), LoadedRunbook)


def test_a_broken_runbook_never_hides_another(tmp_path: Path) -> None:
    for name in ("a-first", "b-broken", "c-third", "d-no-yaml"):
        write_runbook(tmp_path, id=name)
    (tmp_path / "b-broken/runbook.yaml").write_text("\xff: [")
    (tmp_path / "d-no-yaml/runbook.yaml").unlink()
    (tmp_path / "e-empty").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").touch()
    catalog = load_catalog(tmp_path)
    assert _names(catalog) == ["a-first", "c-third"]
    assert [broken.folder for broken in catalog.broken] == ["b-broken", "d-no-yaml"]
    assert catalog.broken[0].messages[0].startswith(f"{tmp_path}/b-broken/runbook.yaml:")
    assert "there is no runbook.yaml in it" in catalog.broken[1].messages[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_runbook_that_may_not_be_read_never_hides_another(tmp_path: Path) -> None:
    write_runbook(tmp_path, id="a-first")
    (write_runbook(tmp_path, id="b-second") / "runbook.yaml").chmod(0)
    catalog = load_catalog(tmp_path)
    assert _names(catalog) == ["a-first"]
    assert "it cannot be read" in catalog.broken[0].messages[0]


def test_a_catalog_that_is_not_there_is_an_error_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AIRMEND_RUNBOOKS_DIR"):
        load_catalog(tmp_path / "nowhere")


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    write_runbook(tmp_path, id="a-first")
    second = write_runbook(tmp_path, id="b-second")
    (write_runbook(tmp_path, id="c-broken") / "runbook.yaml").write_text("a: [")
    reader = CatalogReader(tmp_path)
    before = reader.read()
    with patch.object(catalog_module, "check_runbook", wraps=check_runbook) as check:
        again = reader.read()
        assert check.call_count == 0
        assert again == before
        _edit(second / "playbooks/restart.yml", "Leave a mark", "Leave the mark")
        after = reader.read()
        assert [call.args[0].name for call in check.call_args_list] == ["b-second"]
    assert after.runbooks[0] is before.runbooks[0]
    assert after.runbooks[1].version.digest != before.runbooks[1].version.digest


def test_a_runbook_that_comes_breaks_heals_and_goes_is_followed(tmp_path: Path) -> None:
    write_runbook(tmp_path, id="a-first")
    reader = CatalogReader(tmp_path)
    assert _names(reader.read()) == ["a-first"]
    folder = write_runbook(tmp_path, id="b-second")
    assert _names(reader.read()) == ["a-first", "b-second"]
    _edit(folder / "runbook.yaml", "title: ", "titel: ")
    assert _names(reader.read()) == ["a-first"]
    _edit(folder / "runbook.yaml", "titel: ", "title: ")
    assert _names(reader.read()) == ["a-first", "b-second"]
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    catalog = reader.read()
    assert _names(catalog) == ["a-first"]
    assert catalog.broken == []
