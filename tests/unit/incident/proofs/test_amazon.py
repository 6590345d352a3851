"""Amazon's certificates are fetched once, and what cannot be had is not asked for in a flood."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from airmend.errors import ProofUnavailableError
from airmend.incident.proofs import amazon as module
from airmend.incident.proofs.amazon import FAILURE_IS_KEPT_SECONDS, AmazonOverHttps
from tests.unit.incident.proofs.amazon import CERTIFICATE_URL, make_certificate, to_pem

KNOWN = make_certificate()
PEM = to_pem(KNOWN)


class Web:
    """Answers with what it is told, and counts."""

    def __init__(self, answer: bytes | None = PEM) -> None:
        self.answer, self.asked, self.now = answer, 0, 0.0

    def fetch(self, url: str) -> bytes:
        """Get an address."""
        self.asked += 1
        if self.answer is None:
            raise ProofUnavailableError("the host answered 500")
        return self.answer

    def clock(self) -> float:
        """The time that the test sets."""
        return self.now


def test_a_certificate_is_fetched_once() -> None:
    web = Web()
    amazon = AmazonOverHttps(web.fetch, web.clock)
    assert amazon.certificate(CERTIFICATE_URL) == KNOWN
    assert amazon.certificate(CERTIFICATE_URL) == KNOWN
    assert web.asked == 1


@pytest.mark.parametrize("answer", [None, b"", b"<html>", PEM[:200]])
def test_a_failure_is_kept_for_a_while(answer: bytes | None) -> None:
    web = Web(answer)
    amazon = AmazonOverHttps(web.fetch, web.clock)
    for _ in range(5):
        with pytest.raises(ProofUnavailableError):
            amazon.certificate(CERTIFICATE_URL)
    assert web.asked == 1
    web.answer, web.now = PEM, FAILURE_IS_KEPT_SECONDS
    amazon.certificate(CERTIFICATE_URL)
    assert web.asked == 2


def test_what_is_remembered_has_a_limit() -> None:
    web = Web()
    amazon = AmazonOverHttps(web.fetch, web.clock)
    for number in range(100):
        amazon.certificate(f"{CERTIFICATE_URL}{number}")
    assert len(amazon._certificates) <= module._CERTIFICATES_LIMIT
    web.answer = None
    for number in range(100):
        with pytest.raises(ProofUnavailableError):
            amazon.certificate(f"{CERTIFICATE_URL}x{number}")
    assert len(amazon._failures) <= module._CERTIFICATES_LIMIT
    assert amazon.certificate(f"{CERTIFICATE_URL}99") == KNOWN  # what failed put nothing good out


def test_many_deliveries_at_once_fetch_it_once() -> None:
    web, may_answer = Web(), threading.Event()

    def fetch(url: str) -> bytes:
        assert may_answer.wait(30)
        return web.fetch(url)

    amazon = AmazonOverHttps(fetch)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(amazon.certificate, CERTIFICATE_URL) for _ in range(8)]
        may_answer.set()
        assert len({id(each.result()) for each in waiting}) == 1
    assert web.asked == 1


def test_a_slow_fetch_holds_up_another_delivery_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module.WAIT_SECONDS <= 2
    monkeypatch.setattr(module, "WAIT_SECONDS", 0.01)
    fetching, may_answer = threading.Event(), threading.Event()

    def fetch(url: str) -> bytes:
        fetching.set()
        assert may_answer.wait(30)
        return PEM

    amazon = AmazonOverHttps(fetch)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(amazon.certificate, CERTIFICATE_URL)
        assert fetching.wait(30)
        with pytest.raises(ProofUnavailableError, match="is being fetched"):
            amazon.certificate(CERTIFICATE_URL)
        may_answer.set()
        assert slow.result() == KNOWN
