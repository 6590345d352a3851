"""What systemd is to a real host: starts, stops, restarts and reloads the demo's service.

A program of its own on the standard library alone, since Ansible calls it on every host:
`estate_control.py FOLDER start|stop|restart|reload|status SERVICE`. Each action is safe to
repeat and returns when it is done: 0 done, 1 it did not work, 2 wrong use, 3 not running.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

START_SECONDS = 15.0
STOP_SECONDS = 3.0
POLL_SECONDS = 0.02

DONE, FAILED, WRONG_USE, NOT_RUNNING = 0, 1, 2, 3


def find_process(folder: Path) -> int | None:
    """The number of the process that runs the service, or None; see `hold_pid_file`."""
    try:
        with (folder / "shop.pid").open(encoding="utf-8") as file:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None
            text = file.read().strip()
    except FileNotFoundError:
        return None
    return int(text) if text else None


def ask_health(unit: dict[str, Any]) -> dict[str, Any] | None:
    """What the service says of itself; None when it does not answer."""
    connection = http.client.HTTPConnection(unit["address"], unit["port"], timeout=2)
    try:
        connection.request("GET", "/healthz")
        health: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return health


def start(folder: Path, unit: dict[str, Any]) -> int:
    """Start the service and wait until it answers."""
    if find_process(folder) is not None:
        return DONE
    _, machine_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = unit["hard_open_files"]
    if machine_limit != resource.RLIM_INFINITY:
        limit = min(limit, machine_limit)

    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))  # the service inherits it
    program = Path(__file__).with_name("estate_service.py")
    with (folder / "service.err").open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", program, folder],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            cwd="/",
            # an environment of its own, as from systemd: nothing of whoever asked for the start
            env={"PATH": os.defpath},
            start_new_session=True,
        )

    def answers() -> bool:
        return process.poll() is not None or (ask_health(unit) or {}).get("pid") == process.pid

    if _await(answers, START_SECONDS) and process.poll() is None:
        return DONE
    return _complain(f"{unit['service']} did not start; see {folder / 'service.err'}")


def stop(folder: Path, unit: dict[str, Any]) -> int:
    """Stop the service, by force when it does not end by itself."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = find_process(folder)
        if pid is None:
            return DONE
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        if _await(lambda: find_process(folder) is None, STOP_SECONDS):
            return DONE
    return _complain(f"{unit['service']} does not stop")


def restart(folder: Path, unit: dict[str, Any]) -> int:
    """Stop and start the service."""
    return stop(folder, unit) or start(folder, unit)


def reload(folder: Path, unit: dict[str, Any]) -> int:
    """Let the service read its configuration, and wait until it has."""
    pid, before = find_process(folder), ask_health(unit)
    if pid is None or before is None:
        return _complain(f"{unit['service']} does not run, so it cannot be reloaded")
    os.kill(pid, signal.SIGHUP)

    def has_read() -> bool:
        health = ask_health(unit)
        return health is not None and health["reloads"] > before["reloads"]

    if _await(has_read, START_SECONDS):
        return DONE
    return _complain(f"{unit['service']} did not read its configuration")


def status(folder: Path, unit: dict[str, Any]) -> int:
    """Say whether the service runs."""
    pid = find_process(folder)
    print(f"{unit['service']} is {'not running' if pid is None else f'running as {pid}'}")
    return NOT_RUNNING if pid is None else DONE


ACTIONS: dict[str, Callable[[Path, dict[str, Any]], int]] = {
    "start": start,
    "stop": stop,
    "restart": restart,
    "reload": reload,
    "status": status,
}


def _await(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return FAILED


def main(arguments: list[str]) -> int:
    """Carry out one action; gives the exit code."""
    if len(arguments) != 3 or arguments[1] not in ACTIONS:
        print(f"usage: FOLDER {'|'.join(ACTIONS)} SERVICE", file=sys.stderr)
        return WRONG_USE
    folder = Path(arguments[0])
    unit = json.loads((folder / "unit.json").read_text(encoding="utf-8"))
    if arguments[2] != unit["service"]:
        print(f"there is no service '{arguments[2]}' here", file=sys.stderr)
        return WRONG_USE
    return ACTIONS[arguments[1]](folder, unit)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
