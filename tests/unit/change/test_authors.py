"""Who wrote a runbook: whom an address of git may mean."""

from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from airmend.change.authors import NOT_TAKEN, AuthorsPolicy, find_authors, names_of
from airmend.change.policy import Policy
from airmend.records.standard_model import Authorship, GitPerson
from tests.documents import ROOT, blocks_of
from tests.unit.change.builders import DIGEST, NOW

POLICY = AuthorsPolicy(git_identities={"O.Miller@Example.com": "olivia"})
ROBIN = GitPerson(name="Robin", email="robin@example.com")


def taken(*people: GitPerson, unknown: str = "") -> Authorship:
    return Authorship(
        runbook_id="service-down",
        digest=DIGEST,
        tree="t",
        commit="c",
        people=list(people),
        unknown=unknown,
        taken_at=NOW,
    )


@pytest.mark.parametrize(
    ("email", "names"),
    [
        ("o.miller@example.com", ["olivia"]),
        (" O.MILLER@example.com", ["olivia"]),
        ("peter@example.com", ["peter@example.com", "peter", "Name"]),
        (
            "12+octo@users.noreply.github.com",
            ["12+octo@users.noreply.github.com", "12+octo", "12", "octo", "Name"],
        ),
        ("", ["Name"]),
    ],
)
def test_an_address_means_who_the_policy_says_or_itself(email: str, names: list[str]) -> None:
    assert names_of(GitPerson(name="Name", email=email), POLICY) == names


def test_the_authors_of_the_yaml_and_of_every_publication_count() -> None:
    second = GitPerson(name="", email="o.miller@example.com")
    found = find_authors(
        ["rita"], [taken(ROBIN, unknown="a.yml is not committed"), taken(second)], POLICY
    )
    assert found.names == ["rita", "robin@example.com", "robin", "Robin", "olivia"]
    assert found.unknown == ""


def test_what_git_does_not_know_is_told() -> None:
    gap = "the runbooks folder is in no git repository"
    assert find_authors(["rita"], [taken(unknown=gap)], POLICY).unknown == gap
    assert find_authors(["rita"], [], POLICY).unknown == NOT_TAKEN


def test_two_addresses_that_differ_in_case_alone_are_a_mistake() -> None:
    with pytest.raises(ValidationError, match="differ in case alone"):
        AuthorsPolicy(git_identities={"a@b": "x", "A@b": "y"})


def test_the_example_of_the_documents_maps_an_address_to_a_user() -> None:
    (block,) = [b for b in blocks_of(ROOT / "docs/standard-changes.md") if b.label == "policy.yaml"]
    policy = Policy.model_validate(yaml.safe_load(block.text)).authors
    assert policy.git_identities == {"o.miller@example.com": "olivia"}
    assert policy.require_committed
