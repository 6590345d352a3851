"""The sign of life of work under way, and the fence around it: who lost his claim or target stops.

Two things give a process the right to go on: its claim on the work, and the leases of its
change. Both may be lost while a playbook runs, to a process that found this one silent or to a
change that found a lease over. Both are looked at every few seconds. Where the records cannot
be asked, the work goes on only as long as the leases were last known to hold: nobody can have
taken them by then. Imports nothing of Airflow.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from airmend.errors import StoreUnavailableError
from airmend.orchestration.change_run import ChangeRun
from airmend.records.executions import sign_of_life
from airmend.records.leases import held_until

SIGN_OF_LIFE_SECONDS = 5.0


@contextmanager
def showing_life(run: ChangeRun, execution_id: int, cancelled: threading.Event) -> Iterator[None]:
    """Say every few seconds that the work goes on; `cancelled` is set when it may not any more."""
    done, fence = threading.Event(), Fence(run, execution_id)

    def beat() -> None:
        while not done.wait(SIGN_OF_LIFE_SECONDS):
            if reason := fence.find_reason_to_stop():
                run.log.error("%s; stopping", reason)
                cancelled.set()
                return

    thread = threading.Thread(target=beat, name="sign-of-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Fence:
    """What one piece of work needs to go on.

    Args:
        run: The change.
        execution_id: The claimed work of this process.
    """

    def __init__(self, run: ChangeRun, execution_id: int) -> None:
        self._run, self._execution_id = run, execution_id
        with run.database.session() as session:
            self._names = [target.name for target in run.read_change(session).targets]
            self._until = held_until(session, run.change_id, self._names, now=run.now())

    def find_reason_to_stop(self) -> str | None:
        """Give a sign of life; why the work has to stop, None while it may go on."""
        now = self._run.now()
        try:
            with self._run.database.session() as session:
                mine = sign_of_life(session, self._execution_id, self._run.owner, now)
                self._until = held_until(session, self._run.change_id, self._names, now=now)
        except StoreUnavailableError as error:
            # half a playbook is worse than one without a sign of life; once the records are
            # back, they say whether it is still ours
            self._run.log.warning("no sign of life could be given: %s", error)
            return self._find_end(now)
        return self._find_end(now) if mine else "another process took this work over"

    def _find_end(self, now: datetime) -> str | None:
        if self._until is None or self._until <= now:
            return "a target is not held any more"
        return None
