"""Many senders, one writer: what arrives while a transaction commits shares the next one.

A commit that reaches the disk costs milliseconds, whatever it holds. Called by intake; knows
nothing of deliveries. The thread begins with the first job and ends when there is none for a
while. A process that is killed loses only what nobody was told to be stored.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

IDLE_SECONDS = 10.0
"""The thread ends after so long without work."""

Job = TypeVar("Job")
Result = TypeVar("Result")


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
        self._waiting: deque[tuple[Job, Future[Result]]] = deque()
        self._changed = threading.Condition()
        self._has_writer = False

    def submit(self, job: Job) -> Future[Result]:
        """Queue a job; the future has its result when its transaction is committed."""
        future: Future[Result] = Future()
        with self._changed:
            self._waiting.append((job, future))
            if self._has_writer:
                self._changed.notify()
            else:
                self._has_writer = True
                threading.Thread(target=self._run, name="airmend-writer", daemon=True).start()
        return future

    def _run(self) -> None:
        while group := self._next_group():
            try:
                results = self._work([job for job, _ in group])
            except BaseException as error:  # noqa: BLE001 - it is told to each, who raises it
                for _, future in group:
                    future.set_exception(error)
                continue
            for (_, future), result in zip(group, results, strict=True):
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    def _next_group(self) -> list[tuple[Job, Future[Result]]]:
        """What has arrived, waiting for the first of it; nothing when the thread should end."""
        with self._changed:
            if not self._waiting:
                self._changed.wait(IDLE_SECONDS)
            group: list[tuple[Job, Future[Result]]] = []
            weight = 0
            while self._waiting:
                weight += self._weigh(self._waiting[0][0])
                if group and weight > self._limit:
                    break
                group.append(self._waiting.popleft())
            self._has_writer = bool(group)
            return group
