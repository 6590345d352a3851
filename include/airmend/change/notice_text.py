"""What notifiers are given of a question, as the value `airmend` of their templates.

The words alone: orchestration fills them in, and `airmend lint` knows them by this.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class NoticeText:
    """The names that a template may use, as `airmend.subject`; every one is plain text or a time.

    `html` is the whole of it for a mail, escaped; all else has to be escaped where it becomes HTML.
    """

    occasion: str  # asked, reminder or escalation
    number: int  # of the reminder: 1, 2, 3; 0 where it is none
    subject: str  # one line
    text: str  # a few lines
    html: str
    link: str  # where it is answered
    people: tuple[str, ...]  # user names whose answer is wanted; empty: whoever may answer
    needs: str  # how many of whom, in words
    asked_at: datetime
    expires_at: datetime
    change: str
    incident: str
    runbook: str
    service: str
