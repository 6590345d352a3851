"""From the POST of an alert to its 202: stored, matched, and where it matches, started."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from airmend.cli.benchmarks.figures import Figure, Floor
from airmend.cli.benchmarks.laboratory import Laboratory
from airmend.cli.estate_alerts import service_down

NAME = "intake"
SAMPLES_PER_INCIDENT = 5
"""These cost nothing but themselves, and a 95th percentile wants more than ten."""


def measure_unmatched(laboratory: Laboratory, incidents: int) -> tuple[list[float], Floor]:
    """Seconds of the POST of an alert that no runbook takes, and those of Airflow's own page.

    The two take turns, over connections that stay open.
    """
    count = incidents * SAMPLES_PER_INCIDENT
    laboratory.post(unmatched_alert(0))
    laboratory.sender.get("/api/v2/version")
    ours, floor = [], []
    for number in range(1, count + 1):
        ours.append(laboratory.post(unmatched_alert(number)).seconds)
        begun = time.perf_counter()
        laboratory.sender.get("/api/v2/version").raise_for_status()
        floor.append(time.perf_counter() - begun)
    return ours, Floor("GET /api/v2/version", floor)


def unmatched_alert(number: int) -> dict[str, Any]:
    """An alert about something that no runbook knows; another one for each number."""
    alert = service_down(f"unknown-{number}", datetime.now(UTC))
    for entry in alert["alerts"]:
        # of another service, since open incidents of the shop's would raise its risk
        labels = {"alertname": "NobodyKnowsThis", "service": "none", "number": str(number)}
        entry["labels"] |= labels
        entry["fingerprint"] = f"{number:016x}"
    return alert


def intake_figures(
    unmatched: list[float], matched: list[float], floor: Floor, where: dict[str, str | int]
) -> list[Figure]:
    """Both figures beside the floor; those of matched alerts come from the remediations."""
    return [
        Figure(NAME, "POST to 202, no runbook takes it", unmatched, floor, None, where),
        Figure(NAME, "POST to 202, with its run started", matched, floor, None, where),
    ]
