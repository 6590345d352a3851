"""Real requests to a server of this machine that misbehaves as it is told."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from airmend.execution.http_probe import (
    BODY_LIMIT_BYTES,
    CannotLookError,
    NoAnswerError,
    fetch_url,
)
from tests.postgres import free_port


class Handler(BaseHTTPRequestHandler):
    """Each path is a way to answer."""

    def do_GET(self) -> None:
        self.protocol_version = "HTTP/1.0"
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/ok")
            self.end_headers()
            return
        self.send_response(503 if self.path == "/down" else 200)
        charset = "no-such-set" if self.path == "/charset" else "utf-8"
        self.send_header("Content-Type", f"text/plain; charset={charset}")
        self.end_headers()
        try:
            if self.path == "/endless":
                while True:
                    self.wfile.write(b"x" * 65536)
            if self.path == "/slow":
                while True:
                    self.wfile.write(b"x")
                    time.sleep(0.05)
            self.wfile.write("schön".encode())
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
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "status"), [("/ok", 200), ("/down", 503)])
def test_an_answer_has_its_status_and_text(base: str, path: str, status: int) -> None:
    answer = fetch_url(base + path, 5)

    assert (answer.status, answer.text) == (status, "schön")


def test_a_redirect_is_an_answer_and_is_not_followed(base: str) -> None:
    assert fetch_url(f"{base}/moved", 5).status == 302


def test_no_more_of_a_body_is_read_than_is_needed(base: str) -> None:
    assert len(fetch_url(f"{base}/endless", 10).text) == BODY_LIMIT_BYTES


def test_an_answer_that_never_ends_is_no_answer(base: str) -> None:
    started = time.monotonic()

    with pytest.raises(NoAnswerError, match=r"within 0\.5 seconds"):
        fetch_url(f"{base}/slow", 0.5)

    assert time.monotonic() - started < 5


def test_an_unknown_character_set_is_read_as_utf_8(base: str) -> None:
    assert fetch_url(f"{base}/charset", 5).text == "schön"


def test_the_proxies_of_the_environment_are_not_used(
    base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    assert fetch_url(f"{base}/ok", 5).status == 200


def test_a_refused_connection_is_no_answer() -> None:
    with pytest.raises(NoAnswerError, match="no connection"):
        fetch_url(f"http://127.0.0.1:{free_port()}/", 5)


def test_a_service_that_says_nothing_is_no_answer() -> None:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        pytest.raises(NoAnswerError, match="no answer within"),
    ):
        fetch_url(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.3)


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", "http://", "http://[::1/", "ftp://x/", "http://a b/"]
)
def test_a_question_that_cannot_be_asked_is_told_apart(url: str) -> None:
    with pytest.raises(CannotLookError):
        fetch_url(url, 5)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(CannotLookError, match="not trusted"):
                fetch_url(f"https://127.0.0.1:{server.server_port}/ok", 5)
        finally:
            server.shutdown()


def make_certificate(certificate: Path, key: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
