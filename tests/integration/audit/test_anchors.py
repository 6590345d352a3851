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
    ask_anchor,
    find_anchor,
    hand_on,
)
from airmend.audit.checkpoints import (
    Checkpoint,
    read_checkpoint_file,
    read_checkpoints,
    sign_checkpoint,
)
from airmend.errors import AuditError, TouchedLogError
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

    def compare(self, checkpoint: Checkpoint) -> None:
        if self.is_away:
            raise AuditError("the anchor is away")
        if checkpoint not in self.kept:
            raise TouchedLogError("it has another one")


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
    for put in (anchor.keep, anchor.compare):
        with pytest.raises(TouchedLogError, match="another checkpoint of 7 records"):
            put(OTHER)
    anchor.compare(ONE)
    (path,) = tmp_path.iterdir()
    assert read_checkpoints(path.read_text()) == [ONE]


def test_a_folder_that_never_had_one_of_this_size_does_not_contradict(tmp_path: Path) -> None:
    AnchorFolder(tmp_path).compare(ONE)


def test_what_a_crash_left_half_written_is_no_other_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-000000000007").write_text(ONE.note[:30])
    anchor = AnchorFolder(tmp_path)
    for put in (anchor.keep, anchor.compare):
        with pytest.raises(AuditError, match="Take a file as it was") as caught:
            put(ONE)
        assert not isinstance(caught.value, TouchedLogError)


def test_an_anchor_that_took_the_checkpoint_is_asked_for_it_before_the_next_seal(
    database: Database,
) -> None:
    anchor = Memory()
    ask_anchor(database, anchor, now=clock())  # nothing was sealed yet
    record_story(database)
    seal_all(database)
    hand_on(database, Memory(), anchor, now=clock())
    ask_anchor(database, anchor, now=clock())
    anchor.kept.clear()
    with pytest.raises(TouchedLogError):
        ask_anchor(database, anchor, now=clock())
    ask_anchor(database, None, now=clock())


def test_an_anchor_that_was_away_gets_it_before_the_next_seal_and_holds_none_up(
    database: Database,
) -> None:
    record_story(database)
    sealed = seal_all(database)
    anchor = Memory()
    anchor.is_away = True
    ask_anchor(database, anchor, now=clock())
    anchor.is_away = False
    ask_anchor(database, anchor, now=clock())
    assert anchor.kept == [sealed.checkpoint]
    anchor.is_away = True
    ask_anchor(database, anchor, now=clock())


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


def test_an_address_that_answers_409_has_another_one() -> None:
    anchor = AnchorAddress(
        "https://anchor.example", httpx.MockTransport(lambda _request: httpx.Response(409))
    )
    with pytest.raises(TouchedLogError, match="answers 409 to the checkpoint of 7 records"):
        anchor.keep(ONE)
    anchor.compare(ONE)  # it cannot be asked without handing it one


def test_an_address_that_cannot_be_reached_is_told() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(AuditError, match="cannot be reached: refused"):
        AnchorAddress("https://anchor.example", httpx.MockTransport(fail)).keep(ONE)


def test_the_setting_names_an_address_or_a_folder() -> None:
    assert find_anchor("") is None
    assert isinstance(find_anchor("https://anchor.example"), AnchorAddress)
    assert isinstance(find_anchor("/mnt/worm"), AnchorFolder)
