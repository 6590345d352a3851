"""A container's health check believes only a good answer."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/check-health.py"
ANSWERS = {
    "/well": (200, b'{"scheduler": {"status": "healthy"}, "triggerer": {"status": null}}'),
    "/unwell": (200, b'{"scheduler": {"status": "unhealthy"}}'),
    "/text": (200, b"OK"),
    "/list": (200, b"[]"),
    "/failed": (503, b"{}"),
}


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code, body = ANSWERS[self.path]
        self.send_response(code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def check(url: str, *components: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), url, *components],
        env={"http_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout.strip()


def test_healthy_components_are_healthy_also_behind_a_proxy(address: str) -> None:
    assert check(f"{address}/well", "scheduler") == (0, "healthy")


def test_without_components_a_good_answer_is_enough(address: str) -> None:
    assert check(f"{address}/text") == (0, "healthy")


@pytest.mark.parametrize(
    ("path", "components", "reason"),
    [
        ("/unwell", ["scheduler"], "scheduler is unhealthy"),
        ("/well", ["scheduler", "triggerer"], "triggerer is None"),
        ("/well", ["dag_processor"], "KeyError"),
        ("/text", ["scheduler"], "JSONDecodeError"),
        ("/list", ["scheduler"], "TypeError"),
        ("/failed", [], "503"),
    ],
)
def test_anything_else_is_not(address: str, path: str, components: list[str], reason: str) -> None:
    code, text = check(f"{address}{path}", *components)
    assert code == 1
    assert reason in text


def test_nobody_there_is_not_healthy() -> None:
    code, text = check("http://127.0.0.1:9/")
    assert code == 1
    assert "URLError" in text
