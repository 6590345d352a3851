"""One writer for many: what arrives together is done together, and each hears of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from airmend.incident import group_commit
from airmend.incident.group_commit import GroupCommit

PATIENCE_SECONDS = 30.0


class Work:
    """Doubles numbers, group by group; the first group is held until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self, jobs: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(jobs))
        self.begun.set()
        self.let_go.wait(PATIENCE_SECONDS)
        if 13 in jobs:
            raise RuntimeError("the whole group")
        return [ValueError(str(job)) if job < 0 else job * 2 for job in jobs]


def results(futures: list[Future[int]]) -> list[int]:
    return [future.result(PATIENCE_SECONDS) for future in futures]


def test_what_arrives_meanwhile_is_done_together_and_in_order() -> None:
    work = Work()
    group = GroupCommit(work, lambda job: 1, limit=100)
    first = group.submit(1)
    work.begun.wait(PATIENCE_SECONDS)
    others = [group.submit(job) for job in (2, 3, 4)]
    work.let_go.set()
    assert results([first, *others]) == [2, 4, 6, 8]
    assert work.groups == [[1], [2, 3, 4]]


def test_a_group_has_a_limit_and_a_heavy_job_is_alone() -> None:
    work = Work()
    group = GroupCommit(work, lambda job: job, limit=10)
    first = group.submit(1)
    work.begun.wait(PATIENCE_SECONDS)
    others = [group.submit(job) for job in (4, 5, 6, 99, 1)]
    work.let_go.set()
    assert results([first, *others]) == [2, 8, 10, 12, 198, 2]
    assert work.groups == [[1], [4, 5], [6], [99], [1]]


def test_an_error_is_told_to_whom_it_belongs() -> None:
    work = Work()
    group = GroupCommit(work, lambda job: 1, limit=100)
    first = group.submit(1)
    work.begun.wait(PATIENCE_SECONDS)
    good, bad = group.submit(2), group.submit(-3)
    work.let_go.set()
    assert results([first, good]) == [2, 4]
    with pytest.raises(ValueError, match="-3"):
        bad.result(PATIENCE_SECONDS)
    with pytest.raises(RuntimeError, match="whole group"):
        group.submit(13).result(PATIENCE_SECONDS)
    assert group.submit(5).result(PATIENCE_SECONDS) == 10


def test_the_thread_ends_without_work_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "IDLE_SECONDS", 0.01)
    work = Work()
    work.let_go.set()
    group = GroupCommit(work, lambda job: 1, limit=100)
    for job in range(5):
        assert group.submit(job).result(PATIENCE_SECONDS) == job * 2
        for thread in threading.enumerate():
            if thread.name == "airmend-writer":
                thread.join(PATIENCE_SECONDS)
        assert all(thread.name != "airmend-writer" for thread in threading.enumerate())


def test_an_event_loop_hears_of_a_whole_group_at_once_and_of_errors() -> None:
    work = Work()
    group = GroupCommit(work, lambda job: 1, limit=100)

    async def store(*jobs: int) -> list[int | BaseException]:
        tasks = [asyncio.ensure_future(group.store(job)) for job in jobs]
        await asyncio.to_thread(work.begun.wait, PATIENCE_SECONDS)
        work.let_go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    one, two, bad = asyncio.run(store(1, 2, -3))
    assert (one, two) == (2, 4)
    assert isinstance(bad, ValueError)


def test_who_has_gone_and_whose_loop_has_ended_harm_nobody() -> None:
    work = Work()
    group = GroupCommit(work, lambda job: 1, limit=100)

    async def leave() -> None:
        task = asyncio.ensure_future(group.store(1))
        await asyncio.to_thread(work.begun.wait, PATIENCE_SECONDS)
        task.cancel()

    asyncio.run(leave())
    others = group.submit(2)
    work.let_go.set()
    assert others.result(PATIENCE_SECONDS) == 4
    assert work.groups == [[1], [2]]
