"""Checkpoints go to a file and an anchor, once, and again when one was away."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from airmend.audit.anchors import (
    Anchor,
    AnchorAddress,
    AnchorFolder,
    CheckpointFile,
    find_anchor,
    hand_on,
)
from airmend.audit.checkpoints import (
    Checkpoint,
    read_checkpoint_file,
    read_checkpoints,
    sign_checkpoint,
)
from airmend.errors import AuditError
from airmend.records.database import Database
from tests.integration.audit.stories import SIGNER, add_fact, clock, record_story, seal_all

ONE, OTHER = (sign_checkpoint(SIGNER, 7, bytes([number]) * 32) for number in (1, 2))


class Memory:
    """An anchor that may be away."""

    def __init__(self) -> None:
        self.kept: list[Checkpoint] = []
        self.is_away = False

    def keep(self, checkpoint: Checkpoint) -> None:
        if self.is_away:
            raise AuditError("the anchor is away")
        self.kept.append(checkpoint)


def test_each_checkpoint_is_handed_on_once(database: Database) -> None:
    record_story(database)
    file, anchor = Memory(), Memory()
    hand_on(database, file, anchor, now=clock())
    assert file.kept == []
    first = seal_all(database).checkpoint
    for _ in range(2):
        hand_on(database, file, anchor, now=clock())
    assert file.kept == anchor.kept == [first]


def test_an_anchor_that_was_away_gets_the_newest_and_the_file_has_all(database: Database) -> None:
    record_story(database)
    file, anchor = Memory(), Memory()
    anchor.is_away = True
    first = seal_all(database).checkpoint
    with pytest.raises(AuditError, match="away"):
        hand_on(database, file, anchor, now=clock())
    add_fact(database, "more")
    second = seal_all(database).checkpoint
    anchor.is_away = False
    hand_on(database, file, anchor, now=clock())
    assert (file.kept, anchor.kept) == ([first, second], [second])


def test_the_file_is_one_that_verification_reads(tmp_path: Path) -> None:
    path = tmp_path / "audit/checkpoints"
    for checkpoint in (ONE, OTHER, OTHER):
        CheckpointFile(path).keep(checkpoint)
    assert read_checkpoint_file(path) == [ONE, OTHER, OTHER]


def test_an_anchor_folder_never_changes_what_it_has(tmp_path: Path) -> None:
    anchor = AnchorFolder(tmp_path)
    anchor.keep(ONE)
    anchor.keep(ONE)
    with pytest.raises(AuditError, match="another checkpoint of 7 records"):
        anchor.keep(OTHER)
    (path,) = tmp_path.iterdir()
    assert read_checkpoints(path.read_text()) == [ONE]


@pytest.mark.parametrize(
    "anchor", [AnchorFolder(Path("/none")), CheckpointFile(Path("/dev/null/a"))]
)
def test_a_folder_that_cannot_be_written_is_told(anchor: Anchor) -> None:
    with pytest.raises(AuditError, match="checkpoint"):
        anchor.keep(ONE)


def test_an_address_is_given_the_note_as_text() -> None:
    got: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(201)

    AnchorAddress("https://anchor.example/a", httpx.MockTransport(answer)).keep(ONE)
    assert got[0].content.decode() == ONE.note
    assert got[0].headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_address_that_says_anything_else_has_kept_nothing(status: int) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status))
    with pytest.raises(AuditError, match=f"answers {status}"):
        AnchorAddress("https://anchor.example", transport).keep(ONE)


def test_an_address_that_cannot_be_reached_is_told() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(AuditError, match="cannot be reached: refused"):
        AnchorAddress("https://anchor.example", httpx.MockTransport(fail)).keep(ONE)


def test_the_setting_names_an_address_or_a_folder() -> None:
    assert find_anchor("") is None
    assert isinstance(find_anchor("https://anchor.example"), AnchorAddress)
    assert isinstance(find_anchor("/mnt/worm"), AnchorFolder)
