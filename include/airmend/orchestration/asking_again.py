"""A question is put anew as a new try of its task, since Airflow keeps the text of an old one.

Each try of an approval is one question with its answer, so that Airflow's own pages show all of
them. That the task is tried again is no failure; what fails is not tried again for long.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from airmend.errors import ExecutionCancelledError, StoreUnavailableError

if TYPE_CHECKING:
    from airflow.sdk import Context

MOST_QUESTIONS = 1_000
"""Tries of an approval: answers that count, and that do not; none comes near."""


class AskedAgain(Exception):  # noqa: N818 -- a way out of the task, not an error
    """The question that people see is another one by now."""


def ask_again(why: str) -> NoReturn:
    """End this try, so that the next one puts the question as it stands now."""
    raise AskedAgain(f"{why}; the question is put anew")


class AskingAgain(RetryPolicy):
    """Tries an approval again for a new question at once, and while the store is away.

    A process that died is tried again by Airflow without asking here; anything else is a
    mistake that another try would repeat.
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Say whether there is a next try, and when."""
        if isinstance(exception, AskedAgain):
            return RetryDecision.retry(timedelta(0), reason=str(exception))
        if isinstance(exception, StoreUnavailableError | ExecutionCancelledError):
            return RetryDecision.default()
        return RetryDecision.fail(reason=f"{type(exception).__name__}: {exception}")
