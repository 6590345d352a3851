"""The fields of the template: Annex I of Implementing Regulation (EU) 2025/302, in our words.

The regulation's numbers, and for each what a person gives or checks. `needed_from` is the first
of the three reports that has to hold it (Articles 1 to 4 of Regulation (EU) 2025/301); what is
needed only under a condition says so in `ask`.
"""

from __future__ import annotations

from dataclasses import dataclass

from airmend.review.annexes import DoraReport


@dataclass(frozen=True)
class FieldSpec:
    """One field."""

    number: str
    name: str
    needed_from: DoraReport
    ask: str


_GENERAL = (
    ("1.1", "Which report this is", "check it; say so where the incident is no longer major"),
    ("1.2", "Who sends it", "name of the entity that submits"),
    ("1.3", "Code of who sends it", "LEI or EUID of the entity that submits"),
    ("1.4", "Kind of financial entity", "as the list of the template names it"),
    ("1.5", "Name of the affected entity", "registered name"),
    ("1.6", "LEI of the affected entity", "20 letters and digits"),
    ("1.7", "First contact: name", "who answers the authority's questions"),
    ("1.8", "First contact: email", "a mailbox that is read"),
    ("1.9", "First contact: telephone", "with the country's code"),
    ("1.10", "Second contact: name", "who answers when the first one cannot"),
    ("1.11", "Second contact: email", "a mailbox that is read"),
    ("1.12", "Second contact: telephone", "with the country's code"),
    ("1.13", "Ultimate parent", "only in a group"),
    ("1.14", "LEI of the ultimate parent", "only in a group"),
    ("1.15", "Currency of the amounts", "three letters"),
)
_INITIAL = (
    ("2.1", "The entity's own code of the incident", "check that it is the code that you use"),
    ("2.2", "When it was detected", "correct it where people knew earlier than the alert"),
    ("2.3", "When it was classified as major", "record it: airmend report classify"),
    ("2.4", "What happened", "read and complete the draft; most relevant facts, no blame"),
    (
        "2.5",
        "Criteria that made it major",
        "those of Articles 1 to 7 of (EU) 2024/1772 that are met; Article 8 weighs them",
    ),
    (
        "2.6",
        "Member States affected",
        "of the EEA; only where the geographical spread is a criterion",
    ),
    ("2.7", "How it was discovered", "correct it where it was not monitoring that found it"),
    ("2.8", "Whether it came from a provider or another entity", "yes or no, and whose"),
    ("2.9", "Whether the business continuity plan was activated", "yes or no"),
    ("2.10", "Anything else", "what the authority should know now"),
)
_INTERMEDIATE = (
    ("3.1", "The authority's code of the incident", "only where it gave one"),
    ("3.2", "When it began", "correct it where the trouble is older than the alert"),
    ("3.3", "When services were back", "check with those who use them"),
    ("3.4", "Clients affected: number", "from your business systems"),
    ("3.5", "Clients affected: share", "of all clients of the affected service"),
    ("3.6", "Financial counterparts affected: number", "from your business systems"),
    ("3.7", "Financial counterparts affected: share", "of all counterparts"),
    (
        "3.8",
        "Whether relevant clients or counterparts were hit",
        "only where that criterion is met",
    ),
    ("3.9", "Transactions affected: number", "only where transactions were affected"),
    ("3.10", "Transactions affected: share", "of the daily average"),
    ("3.11", "Transactions affected: value", "in the currency of field 1.15"),
    (
        "3.12",
        "Whether these numbers are actual or estimates",
        "for each of the three; or no impact on it",
    ),
    ("3.13", "Harm to reputation", "only where that criterion is met"),
    ("3.14", "Harm to reputation: how", "media, complaints, requirements missed, clients lost"),
    ("3.15", "How long it lasted", "from its beginning, or detection, until it was resolved"),
    ("3.16", "How long services were down", "from your measurements: an alert is no outage"),
    (
        "3.17",
        "Whether these durations are actual or estimates",
        "actual, estimate, both, or not known",
    ),
    ("3.18", "Kinds of impact in other Member States", "only where several are affected"),
    ("3.19", "Impact in other Member States: how", "only where several are affected"),
    (
        "3.20",
        "Data losses: which quality was lost",
        "availability, authenticity, integrity, secrecy",
    ),
    ("3.21", "Data losses: what was lost", "only where data were lost"),
    ("3.22", "Critical services affected", "which critical or important function, and how"),
    (
        "3.23",
        "Kind of incident",
        "cyber attack, process or system failure, external event, payment",
    ),
    ("3.24", "Kind of incident: other", "only where the list has none that fits"),
    ("3.25", "Threats and techniques of an attacker", "only after an attack"),
    ("3.26", "Techniques: other", "only where the list has none that fits"),
    ("3.27", "Functional areas and processes affected", "what the business could not do"),
    ("3.28", "Whether infrastructure components were affected", "yes, no or not known"),
    ("3.29", "Infrastructure components affected", "add those that no change touched"),
    ("3.30", "Harm to the financial interest of clients", "yes, no or not known"),
    (
        "3.31",
        "Other authorities that were told",
        "police, CSIRT, data protection, cybersecurity, none",
    ),
    ("3.32", "Other authorities: which", "only where the list has none that fits"),
    ("3.33", "Whether temporary measures were taken", "check whether more is planned"),
    ("3.34", "Temporary measures", "read and complete the draft"),
    ("3.35", "Indicators of compromise", "only after an attack"),
)
_FINAL = (
    ("4.1", "Kind of root cause", "malicious, process, system, human error, external event"),
    ("4.2", "Kind of root cause, in detail", "as the list of the template names it"),
    ("4.3", "Kind of root cause, further detail", "where the list has more below it"),
    ("4.4", "Kind of root cause: other", "only where the list has none that fits"),
    (
        "4.5",
        "What the root causes were",
        "the draft is the cause of the known error: is it true here?",
    ),
    ("4.6", "How it was resolved", "read and complete the draft; say what is permanent"),
    ("4.7", "When the root cause was removed", "a workaround does not remove it"),
    ("4.8", "When it was resolved", "check that nothing was left to restore"),
    ("4.9", "Whether the final solution came as planned", "only where its date moved"),
    ("4.10", "Risk to critical functions", "for resolution authorities, where it applies"),
    ("4.11", "What resolution authorities should know", "where it applies"),
    ("4.12", "Threshold of economic impact", "whether and how it was met"),
    ("4.13", "Gross costs and losses", "direct and indirect, in the currency of field 1.15"),
    ("4.14", "Money recovered", "in the currency of field 1.15"),
    (
        "4.15",
        "Whether incidents that were not major recurred",
        "the count is a hint: same root cause?",
    ),
    ("4.16", "When the recurring incidents began", "only where field 4.15 says yes"),
)

FIELDS = tuple(
    FieldSpec(number, name, needed_from, ask)
    for needed_from, specs in (
        (DoraReport.INITIAL, _GENERAL),
        (DoraReport.INITIAL, _INITIAL),
        (DoraReport.INTERMEDIATE, _INTERMEDIATE),
        (DoraReport.FINAL, _FINAL),
    )
    for number, name, ask in specs
)
"""All 76, in the order of the template."""
