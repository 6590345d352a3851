"""Amazon over HTTPS: the certificates that SNS signs with, and "yes" to a subscription.

Used by the scheme `sns` through the port `Amazon`. Called with addresses that were found to be
Amazon's; holds the limits of what may be waited for and read, and follows no redirect.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
from cryptography import x509

from airmend.errors import ProofUnavailableError

TIMEOUT_SECONDS = 5.0
BODY_LIMIT = 65_536
FAILURE_IS_KEPT_SECONDS = 30.0
"""A certificate that could not be had is asked for again after this long."""

WAIT_SECONDS = 2.0
"""How long a delivery waits while another one fetches."""

_CERTIFICATES_LIMIT = 32

Fetch = Callable[[str], bytes]
"""Gives the body of an answer 200; raises ProofUnavailableError for anything else."""


def fetch_over_https(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> bytes:
    """Get an address, within five seconds and 64 KiB.

    Raises:
        ProofUnavailableError: There was no answer, another one than 200, or too long a one. Names
            the host alone, since a token may be in the rest.
    """
    body = bytearray()
    deadline = time.monotonic() + timeout_seconds
    try:
        host = httpx.URL(url).host
        with httpx.stream(
            "GET",
            url,
            headers={"Accept-Encoding": "identity"},  # what is read is what was sent
            timeout=timeout_seconds,
            follow_redirects=False,
        ) as response:
            if response.status_code != httpx.codes.OK:
                raise ProofUnavailableError(f"{host} answered {response.status_code}")
            for part in response.iter_raw():
                body += part
                if len(body) > BODY_LIMIT:
                    raise ProofUnavailableError(f"{host} answered more than {BODY_LIMIT} bytes")
                if time.monotonic() > deadline:
                    raise ProofUnavailableError(f"{host} took longer than {timeout_seconds} s")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ProofUnavailableError(f"Amazon cannot be asked: {type(error).__name__}") from error
    return bytes(body)


class AmazonOverHttps:
    """Keeps certificates, since each signs for months; one is fetched at a time.

    Args:
        fetch: Gets an address.
        clock: Seconds that only grow.
    """

    def __init__(
        self, fetch: Fetch = fetch_over_https, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._certificates: dict[str, x509.Certificate] = {}
        self._failures: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def certificate(self, url: str) -> x509.Certificate:
        """The certificate at an address; see `Amazon.certificate`."""
        if (known := self._certificates.get(url)) is not None:
            return known
        # whoever sends to us chooses the name of the file: what is fetched at once, remembered
        # and waited for has a limit
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise ProofUnavailableError("a certificate of Amazon is being fetched")
        try:
            return self._fetch_once(url)
        finally:
            self._lock.release()

    def confirm(self, url: str) -> None:
        """Ask for an address; see `Amazon.confirm`."""
        self._fetch(url)

    def _fetch_once(self, url: str) -> x509.Certificate:
        if (known := self._certificates.get(url)) is not None:
            return known
        until, reason = self._failures.get(url, (0.0, ""))
        if self._clock() < until:
            raise ProofUnavailableError(reason)
        try:
            certificate = _read_certificate(self._fetch(url))
        except ProofUnavailableError as error:
            _make_room(self._failures)
            self._failures[url] = (self._clock() + FAILURE_IS_KEPT_SECONDS, str(error))
            raise
        _make_room(self._certificates)
        self._certificates[url] = certificate
        return certificate


def _make_room(kept: dict[str, Any]) -> None:
    """Forget what was remembered first, where there is too much."""
    while len(kept) >= _CERTIFICATES_LIMIT:
        del kept[next(iter(kept))]


def _read_certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise ProofUnavailableError("what Amazon answered is no certificate") from error
