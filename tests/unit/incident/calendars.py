"""iCalendar files as calendars export them, of which a test says what it is about."""

from __future__ import annotations

START = "DTSTART;TZID=Europe/Berlin:20260301T220000"
END = "DTEND;TZID=Europe/Berlin:20260302T020000"
SCOPE = r"DESCRIPTION:New kernel\nairmend: service shop"


def event(*lines: str, uid: str = "one", summary: str = "Patch night") -> str:
    """An event with just these lines beside its name."""
    stamp = "DTSTAMP:20260101T000000Z"
    head = ["BEGIN:VEVENT", f"UID:{uid}", stamp, f"SUMMARY:{summary}"]
    return "\r\n".join([*head, *lines, "END:VEVENT"])


def window(*lines: str, uid: str = "one") -> str:
    """Patch night of the shop, four hours from 22:00 in Berlin on the first of March."""
    return event(START, END, SCOPE, *lines, uid=uid)


def calendar(*events: str, head: str = "") -> bytes:
    """A file with these events."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example//EN", head, *events]
    return ("\r\n".join([line for line in lines if line] + ["END:VCALENDAR"]) + "\r\n").encode()
