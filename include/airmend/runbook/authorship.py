"""Who was last to change the files of a runbook, as git says it.

Called where runbooks are published, since workers have no git. Whatever goes wrong here is told
and never raised: a runbook without git has the authors of its YAML alone, and the record says
so. Nothing that a repository configures is run: no hooks, no external programs, no pager.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from airmend.records.standard_model import Authorship, GitPerson
from airmend.runbook.folder import Files, is_left_out
from airmend.runbook.model import RunbookVersion
from airmend.runbook.signature_file import SIGNATURE_FILE

GIT_SECONDS = 10.0
"""For one call of git; a history that takes longer counts as unknown."""

MOST_MOVES = 20
"""Renames that are followed back from a file."""

NAMED = 3
"""Files that are named where they are not committed."""

_SAFE = (
    "--no-pager",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false"),
)
_PEOPLE = "%x00%an%x00%ae%x00%cn%x00%ce%x00%(trailers:key=Co-authored-by,valueonly,separator=%x01)"


class _GitError(Exception):
    """Git cannot say it; the message is for people."""


@dataclass(frozen=True)
class Commits:
    """The committed runbook folders of one moment: folder -> git's name of its tree."""

    trees: Mapping[str, str]
    unknown: str = ""  # why there are none


def read_commits(runbooks_dir: Path) -> Commits:
    """What git has committed of the runbooks folder; one short call, whatever there is."""
    try:
        listed = _git(runbooks_dir, "ls-tree", "-z", "HEAD")
    except _GitError as error:
        return Commits({}, str(error))
    trees = {}
    for line in filter(None, listed.split("\0")):
        about, _, name = line.partition("\t")
        _mode, kind, tree = about.split()
        if kind == "tree":
            trees[name] = tree
    return Commits(trees)


def read_authorship(
    folder: Path, version: RunbookVersion, files: Files, commits: Commits, *, at: datetime
) -> Authorship:
    """Everybody who was last to change a file of a runbook, by author, committer, co-author.

    Each file counts by its own last commit, and so does the folder, from which a file may have
    been removed; signatures are no part of it. A file that was only moved counts by who moved it
    and by who changed it last before.

    Args:
        folder: The runbook's folder.
        version: What it held when it was read.
        files: The files of that version.
        commits: What git has committed, from `read_commits`.
        at: The time; aware.
    """
    tree = commits.trees.get(folder.name, "")

    def tell(people: Sequence[GitPerson], unknown: str, commit: str = "") -> Authorship:
        return Authorship(
            runbook_id=version.runbook.id,
            digest=version.digest,
            tree=tree,
            commit=commit,
            people=list(dict.fromkeys(people)),
            unknown=unknown,
            taken_at=at,
        )

    if commits.unknown:
        return tell([], commits.unknown)
    if not tree:
        return tell([], "the folder is not committed to git")
    try:
        if _git(folder, "rev-parse", "--is-shallow-repository").strip() == "true":
            return tell([], "git has a part of the history alone (a shallow clone)")
        commit = _last_commit(folder, "%H", "HEAD", ".").strip()
        uncommitted = _find_uncommitted(folder, files, tree)
        committed = [name for name in files if name not in uncommitted]
        people = [person for path in [".", *committed] for person in _last_people(folder, path)]
    except _GitError as error:
        return tell([], str(error))
    if uncommitted:
        more = len(uncommitted) - NAMED
        named = ", ".join(uncommitted[:NAMED]) + (f" and {more} more" if more > 0 else "")
        return tell(people, f"not committed to git as they are: {named}", commit)
    return tell(people, "", commit)


def _find_uncommitted(folder: Path, files: Files, tree: str) -> list[str]:
    """Files whose bytes are not those that are committed, or that are committed and gone."""
    blobs: dict[str, str] = {}
    for line in filter(None, _git(folder, "ls-tree", "-r", "-z", "--full-tree", tree).split("\0")):
        about, _, name = line.partition("\t")
        if not any(is_left_out(part) for part in name.split("/")):
            blobs[name] = about.split()[2]
    make = hashlib.sha256 if len(tree) == 64 else _sha1
    found = [
        name
        for name, content in files.items()
        if blobs.get(name) != make(b"blob %d\0" % len(content) + content).hexdigest()
    ]
    return sorted([*found, *(blobs.keys() - files.keys())])


def _sha1(content: bytes) -> hashlib._Hash:
    return hashlib.sha1(content, usedforsecurity=False)  # git's own name of a blob


def _last_commit(folder: Path, form: str, start: str, path: str) -> str:
    """The last commit of a path; of the whole folder, whoever commits a signature is no author."""
    words = ("log", "-1", f"--format={form}", start, "--", path)
    if path == ".":
        return _git(folder, "--no-literal-pathspecs", *words, f":(exclude){SIGNATURE_FILE}")
    return _git(folder, *words)


def _last_people(folder: Path, path: str) -> Iterator[GitPerson]:
    """Who made the last commit of a path, and of what it was before it was only moved."""
    where, start = folder, "HEAD"
    for _ in range(MOST_MOVES):
        found = _last_commit(where, f"%H{_PEOPLE}", start, path)
        if not found.strip():
            return
        commit, author, address, committer, second, others = found.rstrip("\n").split("\0", 5)
        yield GitPerson(name=author, email=address)
        yield GitPerson(name=committer, email=second)
        for other in filter(None, others.strip().split("\x01")):
            name, _, rest = other.partition("<")
            yield GitPerson(name=name.strip(), email=rest.strip().removesuffix(">"))
        before = _moved_from(where, commit, path)
        if before is None:
            return
        # names of a whole tree from here on
        where, path, start = Path(_top(where)), before, f"{commit}^"


def _moved_from(folder: Path, commit: str, path: str) -> str | None:
    """Where a commit moved a file from, unchanged; None where it did something else."""
    inside = _git(folder, "rev-parse", "--show-prefix").strip()
    wanted = f"{inside}{path}"
    parts = _git(
        folder,
        *("diff-tree", "--root", "-r", "-M100%", "--diff-filter=R", "--no-commit-id"),
        *("--name-status", "-z", commit),
    ).split("\0")
    moves = zip(parts[0::3], parts[1::3], parts[2::3], strict=False)
    return next((before for _status, before, after in moves if after == wanted), None)


def _top(folder: Path) -> str:
    return _git(folder, "rev-parse", "--show-toplevel").removesuffix("\n")


def _git(folder: Path, *words: str) -> str:
    """What a call of git prints.

    Raises:
        _GitError: There is no git, no repository, or git does not answer.
    """
    # what points elsewhere is left out; where an administrator keeps git's settings is not
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    environment |= {
        "GIT_NO_REPLACE_OBJECTS": "1",
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
    }
    try:
        done = subprocess.run(
            ["git", *_SAFE, *words],  # noqa: S607 -- the one that the administrator put on PATH
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise _GitError("there is no git on the machine that publishes the runbooks") from error
    except subprocess.TimeoutExpired as error:
        raise _GitError(f"git did not answer within {GIT_SECONDS:.0f} s") from error
    except OSError as error:
        raise _GitError(f"git cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        raise _GitError(_tell(done.stderr.decode(errors="replace")))
    return done.stdout.decode(errors="replace")


def _tell(complaint: str) -> str:
    """Why git did not answer, in words that say what to do."""
    if "dubious ownership" in complaint:
        return "git does not trust the folder, which another user owns; set git's safe.directory"
    if "not a git repository" in complaint:
        return "the runbooks folder is in no git repository"
    if "Not a valid object name HEAD" in complaint:
        return "the git repository has no commit yet"
    first = next(iter(complaint.strip().splitlines()), "no reason given")
    return f"git says: {first[:200]}"
