"""Texts and known errors that tests compare: written for them, about things that happen."""

from __future__ import annotations

import os
from pathlib import Path

from airmend.runbook.similarity import KnownErrorEntry

SHARED = Path(os.environ.get("AIRMEND_SHARED", Path(__file__).parents[2] / "shared"))
"""Data beside the checkout whose licences are not ours; tests that need it are skipped without."""

KNOWN_ERRORS = [
    KnownErrorEntry(
        id="disk-filling-up",
        name="NodeFilesystemSpaceFillingUp\nHostOutOfDiskSpace",
        symptom="The file system of a host has little space left and is getting full.",
        cause="Rotated logs stay where they are.",
    ),
    KnownErrorEntry(
        id="inodes-running-out",
        name="NodeFilesystemFilesFillingUp",
        symptom="A file system has nearly no inodes left: too many small files.",
    ),
    KnownErrorEntry(
        id="pod-crash-looping",
        name="KubePodCrashLooping",
        symptom="A container of a pod starts, fails and is restarted again and again.",
        cause="A bad configuration, or too little memory.",
    ),
    KnownErrorEntry(
        id="node-not-ready",
        name="KubeNodeNotReady",
        symptom="A node of the cluster is not ready and takes no new pods.",
    ),
    KnownErrorEntry(
        id="clock-skew",
        name="NodeClockSkewDetected",
        symptom="The clock of a host is wrong by more than a second.",
        cause="The time service does not run.",
        workaround="Start chrony and see that it has a server.",
    ),
    KnownErrorEntry(
        id="certificate-expiring",
        name="CertificateExpiresSoon",
        symptom="A certificate of a web server will expire within days.",
    ),
    KnownErrorEntry(
        id="database-connections",
        name="PostgresqlTooManyConnections",
        symptom="The database refuses new connections since all of them are in use.",
    ),
    KnownErrorEntry(
        id="replication-lag",
        name="PostgresqlReplicationLag",
        symptom="A replica of the database is minutes behind its primary.",
    ),
    KnownErrorEntry(
        id="memory-exhausted",
        name="HostOutOfMemory",
        symptom="A host has no memory left, and the kernel ends processes.",
    ),
    KnownErrorEntry(
        id="queue-growing",
        name="RabbitmqQueueGrowing",
        symptom="Messages of a queue are not taken any more, and it grows.",
    ),
]

UNRELATED = """\
Please order a new keyboard for the front desk
I forgot my password and cannot log in to the holiday portal
The projector in meeting room 4 does not show my laptop's screen
Request for a second monitor and a docking station
The coffee machine on the third floor is leaking
My invoice of last month shows a wrong amount, please correct it
Can you add Maria to the mailing list of the marketing team?
New employee starts on Monday and needs an account and a badge
The printer on floor 2 prints blank pages
Customer asks how to change the delivery address of an order
Outlook keeps asking for credentials after the update
I need access to the shared folder of the finance department
The elevator in building B is out of order
Please extend the licence of the drawing program for our team
How do I set an out of office reply in the calendar?
Excel crashes when I open the budget sheet
Phone has no dial tone at desk 14
Update the company logo on the intranet page
The Spanish translation has a typo on the contact page
The token was lost while travelling, please send a replacement
Die Kaffeemaschine im dritten Stock ist defekt
Le badge ne fonctionne plus depuis ce matin
My laptop battery drains within an hour
Holiday request was not approved
A customer complains that the newsletter is not readable on mobile phones
Vacation planning for summer and handover of tasks
Battery of the fire alarm in corridor 5 must be replaced
Delivery of 20 office chairs is late
Payment by credit card is declined for customer 4711
Air conditioning in office 210 is too cold
Please archive the mailbox of a former colleague
The meeting has an echo
The barcode scanner in the warehouse does not pair with the tablet
Change of address for the Berlin office
Salary statement is missing for November
Font is too small in the time sheet application
Headset microphone is not recognised
Car park barrier does not open with my card
Add a new product category to the catalogue""".splitlines()
"""Tickets of a service desk that no known error of an operations team is about."""
