"""Who sent this: each proof that a source accepts, that is configured and that was sent, is right.

Called by intake, over the bytes as they came and before anything reads them. There is no way
around a wrong proof by a second one: a delivery with a wrong signature and a right token is
refused, since whoever changed the body may have kept the token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from airmend.errors import SignatureError
from airmend.incident.proofs import (
    basic,
    bearer,
    grafana,
    hub,
    pagerduty,
    query_token,
    sentry,
    sns,
    standard_webhooks,
)
from airmend.incident.proofs.secrets_of_source import SourceSecrets
from airmend.incident.sources import accepted_proofs


class Scheme(Protocol):
    """What every file of a proof offers; pure, but that `sns` asks for Amazon's certificate."""

    ASKED_FOR: str
    """What a sender has to send, for the log."""

    def is_set(self, secrets: SourceSecrets) -> bool:
        """Whether there is something configured to prove with."""

    def is_sent(self, headers: Mapping[str, str]) -> bool:
        """Whether a delivery carries such a proof, right or wrong."""

    def prove(
        self, secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> None:
        """Return when the proof is right; called when it is set and sent.

        Args:
            secrets: What the source may prove itself with.
            headers: HTTP headers, names in lower case, values of any shape.
            body: The bytes as they came.
            now: Our clock, aware.

        Raises:
            SignatureError: It is wrong, stale or malformed; holds nothing that was sent.
        """


SCHEMES: dict[str, Scheme] = {
    "standard_webhooks": standard_webhooks,
    "bearer": bearer,
    "basic": basic,
    "hub": hub,
    "pagerduty": pagerduty,
    "grafana": grafana,
    "sentry": sentry,
    "sns": sns,
    "query_token": query_token,
}
"""Every proof by the name that a source has in its `PROOFS`."""


def prove_sender(
    secrets: SourceSecrets,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    *,
    source: str,
) -> None:
    """Return when the sender is proven.

    Args:
        secrets: What the source may prove itself with.
        headers: HTTP headers, names in lower case, values of any shape.
        body: The bytes as they came.
        now: Our clock, aware.
        source: Name of the source; it says which proofs count.

    Raises:
        SignatureError: No secret is set, no proof was sent, or one is wrong or stale. The
            message is for the operator: it tells what is configured.
        ProofUnavailableError: Nobody can say now.
    """
    usable = [SCHEMES[name] for name in accepted_proofs(source) if SCHEMES[name].is_set(secrets)]
    if not usable:
        raise SignatureError(
            f"no secret is set for the source '{source}'; put one into the Airflow connection "
            f"'airmend_hook_{source}', see docs/settings.md"
        )
    sent = [scheme for scheme in usable if scheme.is_sent(headers)]
    if not sent:
        words = " or ".join(scheme.ASKED_FOR for scheme in usable)
        raise SignatureError(f"the sender is not proven; send {words}")
    for scheme in sent:
        scheme.prove(secrets, headers, body, now)
