"""Lets one of Airflow's notifiers send: made anew for each notice, and never for long."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airmend.change.notice_text import NoticeText
    from airmend.change.notifier_plan import Notifier

MOST_SECONDS = 30
"""For one notifier: the question is there already, and its task waits for this alone."""


def sender(context: Context, log: Any) -> Callable[[Notifier, NoticeText], str]:
    """What lets notifiers send within one task.

    Args:
        context: Of the task; a notifier's templates may use it, and `airmend` with the text.
        log: Gets the whole of a failure; the story only its kind, since it may hold a secret.

    Returns:
        A function that gives why a notifier could not send, or "".
    """

    def send(notifier: Notifier, text: NoticeText) -> str:
        try:
            with timeout(  # type: ignore[no-untyped-call]
                seconds=MOST_SECONDS, error_message=f"notifier '{notifier.name}'"
            ):
                made = _make(notifier)
                made(cast("Context", {**context, "airmend": text}))
        except (Exception, AirflowTaskTimeout) as error:
            # other people's code, for a courtesy: whatever it raises, the approval goes on
            log.warning("the notifier '%s' failed", notifier.name, exc_info=True)
            return f"{type(error).__name__}; the log of this task says more"
        return ""

    return send


def _make(notifier: Notifier) -> BaseNotifier:
    made = pkgutil.resolve_name(notifier.class_)(**notifier.arguments)
    if not isinstance(made, BaseNotifier):
        raise TypeError(f"{notifier.class_} is no notifier of Airflow")
    return made
