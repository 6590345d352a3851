"""Who wrote a runbook, and so may not approve its changes: the YAML's authors, and git's.

Pure. Which user of Airflow a commit means is the policy's to say; an address that it does not
name counts by itself, by what stands before its "@" and by the name beside it. To exclude one
person too many asks another one; to exclude one too few would let authors approve themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, field_validator

from airmend.change.policy_part import Part
from airmend.records.standard_model import Authorship, GitPerson

Name = Annotated[str, Field(min_length=1)]

NOT_TAKEN = "its authors in git were not looked up yet"


class AuthorsPolicy(Part):
    """Whom git's addresses mean, and whether what is not committed may run."""

    git_identities: Mapping[Name, Name] = Field(default_factory=dict)  # address -> Airflow user
    require_committed: bool = False

    @field_validator("git_identities")
    @classmethod
    def _addresses_are_told_apart(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        folded = {address.strip().casefold(): user for address, user in value.items()}
        if len(folded) < len(value):
            raise ValueError("two addresses differ in case alone; remove one.")
        return folded


@dataclass(frozen=True)
class Authors:
    """Who may not approve the changes of a runbook version.

    Args:
        names: User names, those of the YAML first.
        unknown: Why somebody may be missing; "" where nobody is.
    """

    names: Sequence[str]
    unknown: str = ""


def find_authors(
    written: Sequence[str], authorship: Sequence[Authorship], policy: AuthorsPolicy
) -> Authors:
    """Everybody who had a hand in a runbook version.

    Args:
        written: `authors` of the YAML.
        authorship: Everything that git said of the version, each time it was published; the
            people of all of it count.
        policy: Whom addresses mean.
    """
    people = [person for each in authorship for person in each.people]
    names = [*written, *(name for person in people for name in names_of(person, policy))]
    gaps = [each.unknown for each in authorship]
    unknown = gaps[-1] if gaps else NOT_TAKEN
    return Authors(list(dict.fromkeys(names)), "" if "" in gaps else unknown)


def names_of(person: GitPerson, policy: AuthorsPolicy) -> list[str]:
    """The user names that an author of a commit may have."""
    address = person.email.strip().casefold()
    if (user := policy.git_identities.get(address)) is not None:
        return [user]
    local = address.partition("@")[0]
    # 1234+octocat@users.noreply.github.com, and olivia+git@example.com
    return [
        name for name in dict.fromkeys([address, local, *local.split("+"), person.name]) if name
    ]
