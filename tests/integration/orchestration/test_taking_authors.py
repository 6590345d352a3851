"""Authors are taken from git when runbooks are published: once a content and commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from airmend.orchestration.authorship import AuthorsTaker
from airmend.orchestration.publication import publish_runbooks
from airmend.records.authorship import list_authorship
from airmend.records.database import Database
from airmend.runbook.catalog import load_catalog
from tests.builders import AT
from tests.integration.runbook.test_authorship import Repository
from tests.runbook_folders import write_runbook


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One database is enough here."""
    return f"sqlite:///{tmp_path / 'records.db'}"


class Processor:
    """A DAG processor, as often as it looks at the runbooks."""

    def __init__(self, database: Database, repository: Repository) -> None:
        self.database, self.repository = database, repository
        self.taker = AuthorsTaker(repository.runbooks)

    def publish(self) -> str:
        loaded = load_catalog(self.repository.runbooks)
        self.taker.take(self.database, loaded, at=AT)
        with self.database.session() as session:
            publish_runbooks(session, loaded, {}, at=AT)
        return loaded.runbooks[0].version.digest

    def known(self, digest: str) -> list[tuple[str, list[str]]]:
        with self.database.session() as session:
            return [
                (each.unknown, [person.name for person in each.people])
                for each in list_authorship(session, digest)
            ]


@pytest.fixture
def processor(database: Database, tmp_path: Path) -> Processor:
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet", "--initial-branch", "main")
    write_runbook(repository.runbooks)
    repository.commit("robin")
    return Processor(database, repository)


def test_the_authors_of_a_version_are_those_of_every_commit_that_published_it(
    processor: Processor, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = processor.repository
    first = processor.publish()
    processor.publish()
    assert processor.known(first) == [("", ["Robin"])]
    repository.write("playbooks/restart.yml", "# more\n")
    second = processor.publish()  # before it is committed
    ((unknown, _),) = processor.known(second)
    assert "playbooks/restart.yml" in unknown
    repository.commit("quinn")
    assert processor.publish() == second
    assert processor.known(second)[1] == ("", ["Quinn", "Robin"])
    repository.git("revert", "--quiet", "--no-edit", "HEAD", by="sam")
    assert processor.publish() == first  # the first content again, by somebody else
    assert processor.known(first) == [("", ["Robin"]), ("", ["Sam", "Robin"])]


def test_a_processor_that_starts_again_looks_nothing_up_that_is_known(
    processor: Processor, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = processor.publish()
    again = Processor(processor.database, processor.repository)
    with monkeypatch.context() as patch:
        patch.setattr(
            "airmend.orchestration.authorship.read_authorship",
            lambda *_args, **_options: pytest.fail("git was asked again"),
        )
        assert again.publish() == digest
    assert len(processor.known(digest)) == 1
