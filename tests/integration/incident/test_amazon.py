"""Addresses are got from a real server that misbehaves as it is told, within limits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from airmend.errors import ProofUnavailableError
from airmend.incident.proofs.amazon import BODY_LIMIT, AmazonOverHttps, fetch_over_https
from tests.postgres import free_port

ENDS = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Each path is a way to answer."""

    asked: list[str] = []  # noqa: RUF012 - of the one server of this module

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.protocol_version = "HTTP/1.0"
        path = self.path.partition("?")[0]
        self.send_response({"/moved": 302, "/down": 503, "/other": 204}.get(path, 200))
        if path == "/moved":
            self.send_header("Location", "/ok")
        self.end_headers()
        try:
            if path == "/endless":
                while not ENDS.is_set():
                    self.wfile.write(b"x" * 4096)
            if path == "/slow":
                while not ENDS.wait(0.02):
                    self.wfile.write(b"x")
            if path == "/silent":
                ENDS.wait(30)
            self.wfile.write(b"here it is")
        except OSError:
            pass  # the client had enough

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        ENDS.set()
        server.shutdown()
        thread.join()


def test_an_answer_is_its_body(base: str) -> None:
    assert fetch_over_https(f"{base}/ok") == b"here it is"


@pytest.mark.parametrize("path", ["/down", "/moved", "/other"])
def test_another_answer_than_200_is_none_and_no_redirect_is_followed(base: str, path: str) -> None:
    Handler.asked.clear()
    with pytest.raises(ProofUnavailableError, match=r"127\.0\.0\.1 answered \d+"):
        fetch_over_https(base + path)
    assert Handler.asked == [path]


def test_an_answer_without_end_is_not_read_to_its_end(base: str) -> None:
    with pytest.raises(ProofUnavailableError, match=f"more than {BODY_LIMIT} bytes"):
        fetch_over_https(f"{base}/endless")


@pytest.mark.parametrize("path", ["/slow", "/silent"])
def test_a_slow_answer_is_not_waited_for(base: str, path: str) -> None:
    with pytest.raises(ProofUnavailableError, match=r"took longer|ReadTimeout"):
        fetch_over_https(base + path, timeout_seconds=0.2)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/a?Token=secret", "http://[", "no address"]
)
def test_an_address_that_cannot_be_reached_is_told_without_its_token(url: str) -> None:
    with pytest.raises(ProofUnavailableError) as caught:
        fetch_over_https(url.format(port=free_port()))
    assert "secret" not in str(caught.value)


def test_a_subscription_is_confirmed_by_getting_the_address(base: str) -> None:
    Handler.asked.clear()
    AmazonOverHttps().confirm(f"{base}/ok?Action=ConfirmSubscription&Token=1")
    assert Handler.asked == ["/ok?Action=ConfirmSubscription&Token=1"]
    with pytest.raises(ProofUnavailableError, match="503"):
        AmazonOverHttps().confirm(f"{base}/down?Token=1")
