"""Tells people of a question through notifiers, after it was written down that they are told.

Imports nothing of Airflow. Whatever a notifier does, the approval goes on: what fails is in the
story and is not sent again; the next reminder is the next chance. A process that dies while one
sends begins that one again, once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from airmend.change.notice_text import NoticeText
from airmend.change.notifier_plan import Notifier, NotifierPlan, read_notifier_plan
from airmend.errors import ConfigurationError
from airmend.orchestration.asking import Asked
from airmend.orchestration.change_run import ChangeRun
from airmend.orchestration.notifier_text import write_notice
from airmend.records.model import FactKind
from airmend.records.notices import begin_telling, close_notices, end_telling, list_untold

Send = Callable[[Notifier, NoticeText], str]
"""Lets a notifier send; gives why it could not, without anything that may be secret, or ""."""


def tell_people(run: ChangeRun, asked: Asked, send: Send) -> None:
    """Tell of every notice of a question that is not told yet.

    Args:
        run: The change, in the task that asks.
        asked: The question as it stands; people can answer it by now.
        send: Lets a notifier send; it raises nothing.

    Raises:
        StoreUnavailableError: The records cannot be used.
    """
    with run.database.session() as session:
        incident_id = run.read_change(session).incident_id
        untold = list_untold(session, run.change_id, asked.content_hash)
    if not untold:
        return
    plan = _read_plan(run)
    for notice in untold:
        text = write_notice(run, asked, notice, incident_id=incident_id)
        for notifier in plan.notifiers:
            if notice.occasion in notifier.occasions:
                _tell(run, asked, notice.number, notifier, partial(send, notifier, text))
    with run.database.session() as session:
        numbers = [notice.number for notice in untold]
        close_notices(session, run.change_id, asked.content_hash, numbers, run.now())


def _read_plan(run: ChangeRun) -> NotifierPlan:
    try:
        return read_notifier_plan(run.settings)
    except ConfigurationError as error:
        _note_failure(run, f"Nobody could be told of the question outside of Airflow: {error}")
        return NotifierPlan()


def _tell(
    run: ChangeRun,
    asked: Asked,
    number: int,
    notifier: Notifier,
    send: Callable[[], str],
) -> None:
    key = (run.change_id, asked.content_hash, number, notifier.name)
    with run.database.session() as session:
        if not begin_telling(session, *key):
            return
    failure = send()
    with run.database.session() as session:
        end_telling(session, *key)
    if failure:
        _note_failure(run, f"The notifier '{notifier.name}' told nobody: {failure}")


def _note_failure(run: ChangeRun, text: str) -> None:
    with run.database.session() as session:
        change = run.read_change(session)
        run.note(session, change, FactKind.APPROVAL_UNTOLD, text)
