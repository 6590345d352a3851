"""A small shop that can really break: the service of the demo estate.

A program of its own that needs nothing but the standard library, started by
`estate_control.py` as `estate_service.py FOLDER`. Below the folder it reads `unit.json` (name,
host, address, port and log folder, fixed) and `shop.conf` (what an operator changes, read
again on SIGHUP); it writes `shop.pid`, locked as long as the process lives, and its log.

Every visitor of `/session` costs a file descriptor that is never given back.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

LOCK_ATTEMPTS = 25
SIGNALS = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
_OPEN_FILES = re.compile(r"^\s*open_files\s*=\s*(\d+)\s*$", re.MULTILINE)


class Shop:
    """The state of the service; safe to use from several threads.

    Args:
        folder: Where `unit.json` and `shop.conf` lie.
        unit: The content of `unit.json`.
    """

    def __init__(self, folder: Path, unit: dict[str, Any]) -> None:
        self.unit = unit
        self.problem = ""
        self.reloads = -1  # the first reading is none
        self._config = folder / "shop.conf"
        self._log = Path(unit["log_dir"]) / "shop.log"
        self._sessions: list[IO[bytes]] = []
        self._lock = threading.Lock()
        self.read_configuration()

    def read_configuration(self) -> None:
        """Read `shop.conf` and work with its limit; a limit that is refused is a problem."""
        problem = ""
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            found = _OPEN_FILES.search(self._config.read_text(encoding="utf-8"))
            if found is None:
                problem = "shop.conf sets no open_files"
            else:
                resource.setrlimit(resource.RLIMIT_NOFILE, (int(found[1]), hard))
        except OSError as error:
            problem = f"shop.conf cannot be read: {error.strerror}"
        except ValueError:
            problem = f"the limit was not applied: the hard limit of the process is {hard}"
        self.problem = problem
        self.reloads += 1
        self.log(f"configuration read: {problem or 'ok'}")

    def open_session(self) -> bool:
        """Take in a visitor; False when there is no file descriptor left for one."""
        try:
            session = tempfile.TemporaryFile()  # noqa: SIM115 - kept open, that is the point
        except OSError as error:
            self.log(f"no session: {error.strerror}")
            return False
        with self._lock:
            self._sessions.append(session)
        return True

    def health(self) -> dict[str, Any]:
        """What `/healthz` answers; runbooks look for the status and the limit in this order."""
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return {
            "service": self.unit["service"],
            "host": self.unit["host"],
            "status": "unhealthy" if self.problem else "ok",
            "open_files": limit,
            "sessions": len(self._sessions),
            "problem": self.problem,
            "pid": os.getpid(),
            "reloads": self.reloads,
        }

    def log(self, text: str) -> None:
        """Add a line to the log; a log that cannot be written stops nobody."""
        line = f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}\n"
        try:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            sys.stderr.write(f"{self._log}: {error.strerror}: {line}")


class Handler(BaseHTTPRequestHandler):
    """Answers `/healthz`, `/session` and `/`, each with JSON, and closes the connection."""

    shop: Shop
    timeout = 5  # seconds that an idle connection may hold its file descriptor

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/healthz":
            health = self.shop.health()
            self._answer(503 if health["problem"] else 200, health)
        elif self.path == "/session":
            taken = self.shop.open_session()
            self._answer(200 if taken else 503, {"session": taken})
        elif self.path == "/":
            self._answer(200, {"service": self.shop.unit["service"], "items": ["tea", "coffee"]})
        else:
            self._answer(404, {"error": HTTPStatus.NOT_FOUND.phrase})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's word
        """Send the server's own lines to the log of the shop."""
        self.shop.log(format % args)


class Server(ThreadingHTTPServer):
    """Ends with the folder of its host: nobody could find the process to stop it afterwards.

    Args:
        unit: The content of `unit.json`.
        pid_file: The file that says that the service runs.
    """

    allow_reuse_address = True  # a restart finds the port free
    daemon_threads = True

    def __init__(self, unit: dict[str, Any], pid_file: Path) -> None:
        super().__init__((unit["address"], unit["port"]), Handler)
        self._pid_file = pid_file

    def service_actions(self) -> None:
        """Called between requests, ten times a second."""
        if not self._pid_file.exists():
            os.kill(os.getpid(), signal.SIGTERM)


def hold_pid_file(path: Path) -> None:
    """Write the process's number into a file and lock it for the life of the process.

    The lock, not the number, says that the service runs: the kernel takes it away with the
    process, however that ends, while a number may be given to another one. So the file is
    never closed here.

    Raises:
        BlockingIOError: Another process holds it. Whoever only asks holds it for a moment, so
            that is found out after several attempts.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    for left in reversed(range(LOCK_ATTEMPTS)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not left:
                raise
            time.sleep(0.02)
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())


def serve(folder: Path) -> int:
    """Run the service until SIGTERM; gives the exit code."""
    # Blocked before the first thread starts, so that every thread leaves them to sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    pid_file = folder / "shop.pid"
    hold_pid_file(pid_file)
    unit = json.loads((folder / "unit.json").read_text(encoding="utf-8"))
    Handler.shop = shop = Shop(folder, unit)
    with Server(unit, pid_file) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}).start()
        shop.log("started")
        while signal.sigwait(SIGNALS) == signal.SIGHUP:
            shop.read_configuration()
        server.shutdown()
        shop.log("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
