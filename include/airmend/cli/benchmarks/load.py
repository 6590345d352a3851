"""A load generator: so many connections, each sending as soon as it was answered.

A process of its own, so that it takes nothing from the server that is measured, and bare
asyncio, so that it is not what is measured: `python -m airmend.cli.benchmarks.load PORT FILE
CONNECTIONS`. FILE holds requests, each after a line with its number of bytes. Prints one JSON
document: seconds of each answer, by the time it came, and how many answers had which status.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Sender(asyncio.Protocol):
    """One connection that is kept open.

    Args:
        requests: What is left to be sent, shared by all connections.
        report: Takes the status of an answer and its seconds.
        done: Set when nothing is left, or the server hangs up.
    """

    def __init__(
        self, requests: Iterator[bytes], report: list[tuple[int, float]], done: asyncio.Event
    ) -> None:
        self._requests, self._report, self._done = requests, report, done
        self._received, self._sent_at = bytearray(), 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer, and send the next request once it is whole."""
        self._received += data
        end = self._received.find(_END)
        if end < 0:
            return
        begin = self._received.lower().find(_LENGTH, 0, end) + len(_LENGTH)
        length = int(self._received[begin : self._received.find(b"\r", begin)])
        if len(self._received) < end + len(_END) + length:
            return
        seconds = time.perf_counter() - self._sent_at
        self._report.append((int(self._received[9:12]), seconds))
        self._received.clear()
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes of it."""
        self._done.set()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._done.set()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


def read_requests(path: Path) -> list[bytes]:
    """The requests of a file, in order."""
    content, requests, at = path.read_bytes(), [], 0
    while at < len(content):
        line = content.index(b"\n", at)
        end = line + 1 + int(content[at:line])
        requests.append(content[line + 1 : end])
        at = end
    return requests


def write_requests(path: Path, requests: list[bytes]) -> None:
    """Write a file of requests."""
    path.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in requests))


async def send_all(port: int, requests: list[bytes], connections: int) -> dict[str, Any]:
    """Send everything, and give what came back."""
    loop, left = asyncio.get_running_loop(), iter(requests)
    report: list[tuple[int, float]] = []
    ends = [asyncio.Event() for _ in range(connections)]
    begun = time.perf_counter()
    senders = [
        await loop.create_connection(partial(Sender, left, report, end), "127.0.0.1", port)
        for end in ends
    ]
    await asyncio.gather(*(end.wait() for end in ends))
    seconds = time.perf_counter() - begun
    for transport, _ in senders:
        transport.close()
    statuses = Counter(status for status, _ in report)
    return {
        "seconds": seconds,
        "answers": [answer for _, answer in report],
        "statuses": {str(status): count for status, count in statuses.items()},
    }


def main() -> None:
    """Send the requests of a file to a port."""
    port, path, connections = sys.argv[1:]
    requests = read_requests(Path(path))
    document = uvloop.run(send_all(int(port), requests, int(connections)))
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main()
