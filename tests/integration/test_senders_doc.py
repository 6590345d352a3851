"""What docs/senders.md says to paste works: its scripts are run, and its curls are sent."""

from __future__ import annotations

import json
import re
import subprocess
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import playwright
import pytest

from airmend.incident.model import Alert, AlertStatus, Severity
from airmend.incident.sources import find_source
from tests.documents import ROOT, plain, table_of
from tests.programs import require_program

PATH = ROOT / "docs/senders.md"
TEXT = PATH.read_text(encoding="utf-8")
TOKEN = "a-token-of-the-test"

MACROS = {
    "{$AIRMEND.TOKEN}": TOKEN,
    "{$ZABBIX.URL}": "https://zabbix.example/",
    "{EVENT.ID}": "10528",
    "{EVENT.SOURCE}": "0",
    "{EVENT.VALUE}": "1",
    "{EVENT.UPDATE.STATUS}": "0",
    "{EVENT.NAME}": "Load is high",
    "{EVENT.NSEVERITY}": "5",
    "{EVENT.TAGSJSON}": '[{"tag": "service", "value": "shop"}]',
    "{EVENT.DATE}": "2026.03.02",
    "{EVENT.TIME}": "09:00:00",
    "{TRIGGER.ID}": "14032",
    "{HOST.HOST}": "web-1",
}
"""What Zabbix puts into the place of its macros when a problem begins."""

RECORD = {
    "sys_id": ("a9e30c7dc61122760116894de7bcc7bd", None),
    "number": ("INC0000046", None),
    "sys_class_name": ("incident", "Incident"),
    "active": ("1", "true"),
    "state": ("2", "In Bearbeitung"),
    "priority": ("1", "1 - Kritisch"),
    "short_description": ("The shop says ${error}", None),
    "opened_at": ("2026-03-02 09:00:00", "02.03.2026 10:00:00"),
    "cmdb_ci": ("a9c0c8d2c6112276018f7705562f9cb0", "web-1"),
    "business_service": ("27d32778c0a8000b00db970eeaa60f16", "shop"),
}
"""An incident of ServiceNow: value and display value of each column."""


def script_of(title: str) -> str:
    """The JavaScript of a section."""
    section = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    (found,) = re.findall(r"^ *```javascript\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found)


def run_javascript(program: str) -> Any:
    """Run a program and give the JSON that it prints last; playwright brings the interpreter."""
    places = str(Path(playwright.__file__).parent / "driver")
    node = require_program("node", places)
    result = subprocess.run(
        [node, "-"], input=program, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(result.stdout.splitlines()[-1])


def read(source: str, document: Any) -> Alert:
    """The one alert of a document."""
    (alert,) = find_source(source).parse(document, {})
    return alert


class TestZabbix:
    """The script of the media type, run with the parameters of the table."""

    def send(self, macros: dict[str, str], status: int = 202) -> dict[str, Any]:
        """What the script does with its parameters, where Airmend answers with a status."""
        parameters = {
            plain(name): macros.get(plain(value), plain(value))
            for name, value in table_of(PATH, "zabbix parameters")
        }
        script = json.dumps(script_of("Zabbix"))
        return run_javascript(  # type: ignore[no-any-return]
            f"""
            var sent = {{headers: []}};
            function HttpRequest() {{}}
            HttpRequest.prototype.addHeader = function (line) {{ sent.headers.push(line); }};
            HttpRequest.prototype.setProxy = function (proxy) {{ sent.proxy = proxy; }};
            HttpRequest.prototype.post = function (url, body) {{
                sent.url = url; sent.body = JSON.parse(body); return 'no';
            }};
            HttpRequest.prototype.getStatus = function () {{ return {status}; }};
            try {{
                sent.result = new Function('value', 'HttpRequest', {script})(
                    {json.dumps(json.dumps(parameters))}, HttpRequest);
            }} catch (error) {{ sent.error = String(error); }}
            console.log(JSON.stringify(sent));
            """
        )

    def test_it_sends_what_the_source_reads(self) -> None:
        sent = self.send(MACROS)
        assert sent["url"] == "https://airflow.example/airmend/hooks/zabbix"
        assert f"Authorization: Bearer {TOKEN}" in sent["headers"]
        assert sent["result"] == "OK"
        assert TOKEN not in json.dumps(sent["body"])
        alert = read("zabbix", sent["body"])
        assert (alert.name, alert.host, alert.service) == ("Load is high", "web-1", "shop")
        assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.CRITICAL)
        assert alert.fingerprint == "zabbix:trigger:14032"
        assert alert.link == "https://zabbix.example/tr_events.php?triggerid=14032&eventid=10528"
        assert alert.starts_at is not None
        assert alert.ends_at is None

    def test_a_recovery_has_the_same_fingerprint(self) -> None:
        over = {
            "{EVENT.VALUE}": "0",
            "{EVENT.RECOVERY.DATE}": "2026.03.02",
            "{EVENT.RECOVERY.TIME}": "09:30:00",
        }
        alert = read("zabbix", self.send(MACROS | over)["body"])
        assert alert.status is AlertStatus.RESOLVED
        assert alert.fingerprint == "zabbix:trigger:14032"
        assert alert.ends_at is not None

    def test_the_button_test_sends_a_test(self) -> None:
        assert read("zabbix", self.send({})["body"]).is_test

    def test_a_refusal_is_shown_to_zabbix(self) -> None:
        assert self.send(MACROS, status=422)["error"] == "Airmend answered 422: no"


class TestServiceNow:
    """The business rule, run with a record."""

    def send(self) -> dict[str, Any]:
        """What the rule hands to the REST message."""
        script = json.dumps(script_of("ServiceNow"))
        return run_javascript(  # type: ignore[no-any-return]
            f"""
            var record = {json.dumps(RECORD)}, sent = {{}};
            var current = {{
                getValue: function (name) {{ return record[name] ? record[name][0] : null; }},
                getDisplayValue: function (name) {{ return record[name] ? record[name][1] : ''; }},
                getLink: function () {{ return 'incident.do?sys_id=' + record.sys_id[0]; }},
                cmdb_ci: {{sys_class_name: 'cmdb_ci_linux_server'}}
            }};
            var gs = {{getProperty: function () {{ return 'https://example.service-now.com/'; }}}};
            var sn_ws = {{RESTMessageV2: function (name, method) {{
                sent.message = [name, method];
                this.disableForcedVariableSubstitution = function () {{ sent.plain = true; }};
                this.setRequestBody = function (body) {{ sent.body = JSON.parse(body); }};
                this.executeAsync = function () {{ sent.executed = true; }};
            }}}};
            new Function('current', 'previous', 'gs', 'sn_ws', {script})(
                current, null, gs, sn_ws);
            console.log(JSON.stringify(sent));
            """
        )

    def test_it_sends_what_the_source_reads(self) -> None:
        sent = self.send()
        assert sent["message"] == ["Airmend", "post"]
        assert sent["plain"]
        assert sent["executed"]
        alert = read("servicenow", sent["body"])
        assert (alert.name, alert.host, alert.service) == (
            "The shop says ${error}",
            "web-1",
            "shop",
        )
        assert (alert.status, alert.severity) == (AlertStatus.FIRING, Severity.CRITICAL)
        assert alert.fingerprint == "servicenow:a9e30c7dc61122760116894de7bcc7bd"
        assert alert.starts_at is not None
        assert alert.link is not None
        assert alert.link.startswith("https://example.service-now.com/incident.do?sys_id=")


class _Receiver(HTTPServer):
    """Keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((self.path, headers, body))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    """A web server on a free port of this machine."""
    with _Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


CURLS = [
    command
    for path in sorted(ROOT.glob("docs/senders*.md"))
    for command in re.findall(
        r"^```sh\n(curl .*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
]


@pytest.mark.parametrize("command", CURLS, ids=[re.findall(r"hooks/(\w+)", c)[0] for c in CURLS])
def test_a_curl_sends_its_alert_with_the_token(
    command: str, receiver: _Receiver, tmp_path: Path
) -> None:
    require_program("curl")
    (source,) = set(re.findall(r"airmend/hooks/(\w+)", command))
    secret = tmp_path / f".airmend/secrets/hook-{source}"
    secret.parent.mkdir(parents=True)
    secret.write_text(f"{TOKEN} whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    command = command.replace("localhost:8080", f"127.0.0.1:{receiver.server_port}")
    subprocess.run(["sh", "-eu", "-c", command], cwd=tmp_path, timeout=60, check=True)
    ((path, headers, body),) = receiver.received
    assert path == f"/airmend/hooks/{source}"
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert headers["content-type"].startswith("application/")
    assert find_source(source).parse(json.loads(body), headers)
