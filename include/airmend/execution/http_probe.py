"""One HTTP request of a check: no redirects, no proxy, no more of the body than is needed."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

import httpx

BODY_LIMIT_BYTES = 1024 * 1024


class NoAnswerError(Exception):
    """The service did not answer; that is what a check is there to find out."""


class CannotLookError(Exception):
    """The question could not be asked, which says nothing about the service."""


@dataclass(frozen=True)
class Answer:
    """What a service answered: the status and the first mebibyte of the body, as text."""

    status: int
    text: str


def fetch_url(url: str, timeout_seconds: float) -> Answer:
    """Get a URL.

    The proxies of this process's environment are not used: the check is about the target
    itself. Certificates are checked.

    Args:
        url: An http or https URL.
        timeout_seconds: For each wait until something comes, and for the body as a whole.

    Raises:
        NoAnswerError: The connection was refused or broke, or the time was over.
        CannotLookError: The URL is not one, its host has no address, or the certificate is
            not trusted here.
    """
    deadline = time.monotonic() + timeout_seconds
    body = bytearray()
    # to read the machine's certificates takes 25 ms, which a URL without TLS has no use for
    is_plain = url.lower().startswith("http://")
    try:
        with (
            httpx.Client(
                timeout=timeout_seconds,
                trust_env=False,
                follow_redirects=False,
                verify=not is_plain,
            ) as client,
            client.stream("GET", url, headers={"user-agent": "airmend"}) as response,
        ):
            for chunk in response.iter_bytes():  # as it comes, not in pieces of one size
                body += chunk
                if len(body) >= BODY_LIMIT_BYTES:
                    break
                if time.monotonic() > deadline:
                    raise NoAnswerError(
                        f"{url}: no whole answer within {timeout_seconds:g} seconds"
                    )
            encoding = response.charset_encoding or "utf-8"
            return Answer(response.status_code, _decode(bytes(body[:BODY_LIMIT_BYTES]), encoding))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
        raise CannotLookError(f"{url}: not a URL that can be asked: {error}") from error
    except httpx.TimeoutException as error:
        raise NoAnswerError(f"{url}: no answer within {timeout_seconds:g} seconds") from error
    except httpx.ConnectError as error:
        if _caused_by(error, socket.gaierror):
            raise CannotLookError(f"{url}: the host has no address: {error}") from error
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise CannotLookError(f"{url}: its certificate is not trusted: {error}") from error
        raise NoAnswerError(f"{url}: no connection: {error}") from error
    except httpx.HTTPError as error:
        raise NoAnswerError(f"{url}: the answer broke off: {error}") from error


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding, errors="replace")
    except LookupError:  # the service names a character set that does not exist
        return body.decode("utf-8", errors="replace")


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
