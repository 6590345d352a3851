"""Who was last to change a runbook, asked of real git repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from airmend.records.standard_model import Authorship
from airmend.runbook import authorship
from airmend.runbook.authorship import read_authorship, read_commits
from airmend.runbook.catalog import LoadedRunbook, check_runbook
from airmend.runbook.signature_file import SIGNATURE_FILE
from tests.builders import AT
from tests.runbook_folders import write_runbook

NAME = "service-down"


class Repository:
    """A repository with a folder of runbooks in it, not at its top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runbooks = folder / "ops" / "runbooks"
        self.runbooks.mkdir(parents=True)

    def git(self, *words: str, by: str = "robin", author: str = "") -> None:
        name = author or by
        people = {
            "GIT_AUTHOR_NAME": name.capitalize(),
            "GIT_AUTHOR_EMAIL": f"{name}@example.com",
            "GIT_COMMITTER_NAME": by.capitalize(),
            "GIT_COMMITTER_EMAIL": f"{by}@example.com",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        subprocess.run(
            ["git", *words],
            cwd=self.folder,
            env=os.environ | people,
            check=True,
            capture_output=True,
        )

    def commit(self, by: str, *, author: str = "", message: str = "a change") -> None:
        self.git("add", "--all", by=by)
        self.git("commit", "--quiet", "--message", message, by=by, author=author)

    def write(self, path: str, text: str) -> None:
        with (self.runbooks / NAME / path).open("a") as file:
            file.write(text)

    def read(self) -> Authorship:
        return read(self.runbooks)

    def people(self) -> set[str]:
        """The local parts of the addresses of those who were last to change something."""
        found = self.read()
        assert found.unknown == "", found.unknown
        return {person.email.removesuffix("@example.com") for person in found.people}


def read(runbooks: Path, name: str = NAME) -> Authorship:
    loaded = check_runbook(runbooks / name)
    assert isinstance(loaded, LoadedRunbook)
    commits = read_commits(runbooks)
    return read_authorship(runbooks / name, loaded.version, loaded.files, commits, at=AT)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One commit of robin's."""
    found = Repository(tmp_path / "repository")
    found.git("init", "--quiet", "--initial-branch", "main")
    write_runbook(found.runbooks)
    found.commit("robin")
    return found


def test_each_file_counts_by_its_last_commit(repository: Repository) -> None:
    assert repository.people() == {"robin"}
    repository.write("playbooks/restart.yml", "# one line more\n")
    repository.commit("quinn")
    assert repository.people() == {"robin", "quinn"}
    for path in ("playbooks/restart.yml", "playbooks/rollback.yml", "runbook.yaml"):
        repository.write(path, "# by somebody else\n")
    repository.commit("sam")
    assert repository.people() == {"sam"}


def test_whoever_commits_a_signature_alone_is_no_author(repository: Repository) -> None:
    before = repository.read()
    repository.write(SIGNATURE_FILE, "signed")
    repository.commit("olga")
    after = repository.read()
    assert after.tree != before.tree
    assert after.model_copy(update={"tree": before.tree}) == before
    repository.write("playbooks/rollback.yml", "# more\n")
    repository.write(SIGNATURE_FILE, "signed again")
    repository.commit("peter")
    assert repository.people() == {"robin", "peter"}, "who commits content is, with it or without"


def test_author_committer_and_co_author_count(repository: Repository) -> None:
    for path in ("playbooks/restart.yml", "playbooks/rollback.yml", "runbook.yaml"):
        repository.write(path, "# more\n")
    trailer = (
        "a change\n\nCo-authored-by: Tina T <tina@example.com>\nCo-authored-by: U <u@example.com>"
    )
    repository.commit("quinn", author="sam", message=trailer)
    assert repository.people() == {"quinn", "sam", "tina", "u"}


def test_whoever_only_moves_a_runbook_does_not_hide_who_wrote_it(repository: Repository) -> None:
    elsewhere = repository.folder / "attic"
    shutil.move(repository.runbooks / NAME, elsewhere)
    repository.commit("quinn")
    shutil.move(elsewhere, repository.runbooks / NAME)
    repository.commit("sam")
    assert repository.people() == {"robin", "quinn", "sam"}


def test_whoever_removes_a_file_changed_the_runbook(repository: Repository) -> None:
    repository.write("notes.txt", "notes\n")
    repository.commit("robin")
    (repository.runbooks / NAME / "notes.txt").unlink()
    assert "notes.txt" in repository.read().unknown
    repository.commit("quinn")
    assert repository.people() == {"robin", "quinn"}


def test_a_merge_counts_by_what_it_kept(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "side")
    repository.write("playbooks/restart.yml", "# from the side\n")
    repository.commit("quinn")
    repository.git("switch", "--quiet", "main")
    repository.write("playbooks/rollback.yml", "# from main\n")
    repository.commit("sam")
    repository.git("merge", "--quiet", "--no-edit", "side", by="tina")
    # both branches' files are as their authors left them; the folder is the merger's work
    assert repository.people() == {"robin", "quinn", "sam", "tina"}
    repository.git("switch", "--quiet", "--create", "lost", "HEAD~1")
    repository.write("playbooks/restart.yml", "# thrown away\n")
    repository.commit("ursula")
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-edit", "--strategy", "ours", "lost", by="victor")
    assert "ursula" not in repository.people()


def test_what_is_not_committed_as_it_is_is_told(repository: Repository) -> None:
    repository.write("playbooks/restart.yml", "# by nobody knows whom\n")
    found = repository.read()
    assert found.unknown == "not committed to git as they are: playbooks/restart.yml"
    assert {person.name for person in found.people} == {"Robin"}
    repository.git("add", "--all")
    assert "playbooks/restart.yml" in repository.read().unknown
    write_runbook(repository.runbooks, id="disk-full")
    assert read(repository.runbooks, "disk-full").unknown == "the folder is not committed to git"


def test_odd_names_of_files_are_read_as_they_are(repository: Repository) -> None:
    for name in (":(top)x.txt", "-- rm.txt", "ä b\t.txt".replace("\t", ""), "*.txt"):
        (repository.runbooks / NAME / name).write_text("x\n")
    repository.commit("quinn")
    assert repository.people() == {"robin", "quinn"}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda it: shutil.rmtree(it.folder / ".git"), "in no git repository"),
        (lambda it: it.git("checkout", "--quiet", "--orphan", "empty"), "has no commit yet"),
        (lambda it: it.git("update-ref", "HEAD", "HEAD"), ""),
    ],
)
def test_without_a_history_the_record_says_so(
    repository: Repository, spoil: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository.folder.parent))
    assert callable(spoil)
    spoil(repository)
    found = repository.read()
    assert said in found.unknown
    assert bool(found.people) is (said == "")


def test_a_shallow_clone_has_a_part_of_the_history_alone(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("playbooks/restart.yml", "# more\n")
    repository.commit("quinn")
    source, clone = f"file://{repository.folder}", tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth", "1", source, str(clone))
    assert "shallow clone" in read(clone / "ops/runbooks").unknown


def test_without_git_on_the_machine_the_record_says_so(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert repository.read().unknown == (
        "there is no git on the machine that publishes the runbooks"
    )


def _stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_git_that_does_not_answer_is_given_up(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorship, "GIT_SECONDS", 0.2)
    _stand_in(tmp_path / "slow", "exec sleep 60", monkeypatch)
    assert "did not answer within" in repository.read().unknown


def test_a_folder_that_git_does_not_trust_is_told_with_the_remedy(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "fatal: detected dubious ownership in repository at '/runbooks'"
    _stand_in(tmp_path / "strict", f'echo "{words}" >&2; exit 128', monkeypatch)
    assert "safe.directory" in repository.read().unknown


def test_nothing_that_the_repository_configures_is_run(
    repository: Repository, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "diff.external", "gpg.program", "core.sshCommand"):
        repository.git("config", key, str(script))
    repository.git("config", "log.showSignature", "true")
    trap.unlink(missing_ok=True)
    assert repository.people() == {"robin"}
    assert not trap.exists()
