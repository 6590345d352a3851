"""A real Alertmanager notifies: what it fires is repaired, what it resolves is closed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from airmend.cli.environment import hook_secret
from airmend.incident.model import Incident, IncidentStatus
from airmend.incident.proofs import parse_secrets
from airmend.records.changes import change_of_incident
from airmend.records.incidents import list_incidents
from airmend.records.model import FactKind
from tests.e2e.house import House, Story
from tests.postgres import free_port
from tests.programs import require_program

DOWN = {
    "alertname": "NodeSystemdServiceFailed",
    "instance": "web-2:9100",
    "job": "node",
    "name": "shop.service",
    "service": "shop",
    "severity": "critical",
}
UNKNOWN = {"alertname": "WatchdogBarks", "instance": "printer-1:9100", "severity": "info"}
"""Of a host that nobody knows: on web-2 it would join the incident of the other."""


class Alertmanager:
    """A running Alertmanager, as Prometheus talks to it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def is_ready(self) -> bool:
        """Whether it takes alerts."""
        try:
            return self._client.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def fire(self, *alerts: dict[str, str]) -> None:
        """Say that alerts fire from now on."""
        now = datetime.now(UTC)
        self._post(alerts, {"startsAt": now, "endsAt": now + timedelta(hours=1)})

    def resolve(self, *alerts: dict[str, str]) -> None:
        """Say that alerts are over."""
        self._post(alerts, {"endsAt": datetime.now(UTC)})

    def _post(self, alerts: tuple[dict[str, str], ...], times: dict[str, datetime]) -> None:
        document = [
            {
                "labels": labels,
                "annotations": {"summary": f"{labels['alertname']} on {labels['instance']}"},
                "generatorURL": "http://prometheus.example/graph",
            }
            | {name: at.isoformat() for name, at in times.items()}
            for labels in alerts
        ]
        self._client.post("/api/v2/alerts", json=document).raise_for_status()


@contextmanager
def running_alertmanager(folder: Path, house: House) -> Iterator[Alertmanager]:
    """Start the machine's Alertmanager with Airmend as its only receiver."""
    program = require_program("prometheus-alertmanager")
    (token,) = parse_secrets(hook_secret(house.stack.home, "alertmanager")).bearer
    credentials = folder / "token"
    credentials.write_text(token)
    webhook: dict[str, Any] = {
        "url": f"{house.stack.url}/airmend/hooks/alertmanager",
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials_file": str(credentials)}},
    }
    route = {
        "receiver": "airmend",
        "group_by": ["alertname", "instance"],
        "group_wait": "1s",
        "group_interval": "1s",
        "repeat_interval": "1h",
    }
    config = folder / "alertmanager.yml"
    receivers = [{"name": "airmend", "webhook_configs": [webhook]}]
    config.write_text(yaml.safe_dump({"route": route, "receivers": receivers}))
    address = f"127.0.0.1:{free_port()}"
    command = [
        program,
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL) as process,
        httpx.Client(base_url=f"http://{address}", trust_env=False) as client,
    ):
        try:
            alertmanager = Alertmanager(client)
            house.wait_for(alertmanager.is_ready, None, "Alertmanager is ready")
            yield alertmanager
        finally:
            process.terminate()
            process.wait(timeout=20)


def find_incident(house: House, since: datetime, name: str) -> Incident | None:
    """The incident of an alert that came after a time."""
    with house.database.session() as session:
        found = list_incidents(session, limit=20)
    named = [each for each in found if each.name == name and each.opened_at >= since]
    return named[0] if named else None


def test_what_alertmanager_fires_is_repaired_and_what_it_resolves_is_closed(
    house: House, tmp_path: Path
) -> None:
    since = datetime.now(UTC)
    house.estate.break_service("web-2")
    with running_alertmanager(tmp_path, house) as alertmanager:
        alertmanager.fire(DOWN, UNKNOWN)
        incident = house.wait_for(
            lambda: find_incident(house, since, DOWN["alertname"]), None, "the alert arrives"
        )
        assert (incident.source, incident.host) == ("alertmanager", "web-2")
        with house.database.session() as session:
            change = change_of_incident(session, incident.id)
        assert change is not None
        story = Story(incident.id, change.id, change.dag_id, change.run_id)
        house.wait_for(lambda: story.run_id in house.runs(story.dag_id), story, "its run starts")
        assert house.wait_until_ended(story) == "success", house.tell(story)
        health = house.estate.health("web-2")
        assert health is not None
        assert health["status"] == "ok"
        assert house.incident(story).status is IncidentStatus.REMEDIATED

        other = house.wait_for(
            lambda: find_incident(house, since, UNKNOWN["alertname"]), None, "the other arrives"
        )
        assert other.status is IncidentStatus.UNMATCHED

        alertmanager.resolve(DOWN, UNKNOWN)
        house.wait_for(
            lambda: house.facts(story, FactKind.ALERT_RESOLVED), story, "it is told to be over"
        )
        assert house.incident(story).status is IncidentStatus.REMEDIATED
        assert house.incident(story).recovered_at is not None
        house.wait_for(
            lambda: _status(house, since, UNKNOWN) is IncidentStatus.RECOVERED,
            None,
            "the other is closed too",
        )
    assert house.runs(story.dag_id).count(story.run_id) == 1


def _status(house: House, since: datetime, alert: dict[str, str]) -> IncidentStatus | None:
    incident = find_incident(house, since, alert["alertname"])
    return incident.status if incident else None
