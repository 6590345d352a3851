"""Many senders, one writer: what arrives while a transaction commits shares the next one.

A commit that reaches the disk costs milliseconds, whatever it holds. Called by intake; knows
nothing of deliveries. The thread begins with the first job and ends when there is none for a
while. A process that is killed loses only what nobody was told to be stored.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

IDLE_SECONDS = 10.0
"""The thread ends after so long without work."""

Job = TypeVar("Job")
Result = TypeVar("Result")

_Future = Future[Any] | asyncio.Future[Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiter(Generic[Job, Result]):
    """A job, and whoever waits for it: a thread, or an event loop."""

    job: Job
    future: Future[Result] | asyncio.Future[Result]
    loop: asyncio.AbstractEventLoop | None = None


class GroupCommit(Generic[Job, Result]):
    """A queue that one thread works off in groups.

    Args:
        work: Does a group of jobs in one transaction, and gives a result or an error for each,
            in order. What it raises itself is every job's error.
        weigh: How much a job is.
        limit: Weight of a group at most; a heavier job is alone in its group.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Job]], Sequence[Result | Exception]],
        weigh: Callable[[Job], int],
        limit: int,
    ) -> None:
        self._work, self._weigh, self._limit = work, weigh, limit
        self._waiting: deque[_Waiter[Job, Result]] = deque()
        self._changed = threading.Condition()
        self._has_writer = False

    def submit(self, job: Job) -> Future[Result]:
        """Queue a job; the future has its result when its transaction is committed."""
        future: Future[Result] = Future()
        self._put(_Waiter(job, future))
        return future

    async def store(self, job: Job) -> Result:
        """The same for an event loop, which goes on meanwhile."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._put(_Waiter(job, future, loop))
        return await future

    def _put(self, waiter: _Waiter[Job, Result]) -> None:
        with self._changed:
            self._waiting.append(waiter)
            if self._has_writer:
                self._changed.notify()
            else:
                self._has_writer = True
                threading.Thread(target=self._run, name="airmend-writer", daemon=True).start()

    def _run(self) -> None:
        while group := self._next_group():
            results: Sequence[Result | BaseException]
            try:
                results = self._work([waiter.job for waiter in group])
            except BaseException as error:  # noqa: BLE001 - it is told to each, who raises it
                results = [error] * len(group)
            _tell(group, results)

    def _next_group(self) -> list[_Waiter[Job, Result]]:
        """What has arrived, waiting for the first of it; nothing when the thread should end."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(IDLE_SECONDS)
            group: list[_Waiter[Job, Result]] = []
            weight = 0
            while self._waiting:
                weight += self._weigh(self._waiting[0].job)
                if group and weight > self._limit:
                    break
                group.append(self._waiting.popleft())
            self._has_writer = bool(group)
            return group


def _tell(group: Sequence[_Waiter[Job, Result]], results: Sequence[Result | BaseException]) -> None:
    """Give everybody the result; each event loop is woken once for all that wait in it."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Future, object]]] = defaultdict(list)
    for waiter, result in zip(group, results, strict=True):
        if waiter.loop is None:
            _settle([(waiter.future, result)])
        else:
            by_loop[waiter.loop].append((waiter.future, result))
    for loop, settled in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, settled)
        except RuntimeError:  # the loop was closed: nobody waits any more, and all is stored
            _log.info("%d results came after the end of their event loop", len(settled))


def _settle(settled: Sequence[tuple[_Future, object]]) -> None:
    for future, result in settled:
        if future.done():  # whoever waited has gone
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
