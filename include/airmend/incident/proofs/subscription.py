"""A subscription of SNS is confirmed, once Amazon asks for it and is proven to be Amazon.

Called after intake has taken the delivery in, so that it is stored first. Amazon sends nothing
until somebody gets the address in the message; it repeats the question when it hears anything
but 2xx, and getting the address twice changes nothing: a crash in between is made good by the
next try, within Amazon's hour.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from airmend.incident.proofs import sns
from airmend.incident.proofs.secrets_of_source import SourceSecrets
from airmend.incident.sources import accepted_proofs

_log = logging.getLogger(__name__)


def is_confirmation(headers: Mapping[str, str], source: str) -> bool:
    """Whether a delivery says that it asks for a subscription; nothing is believed yet."""
    said = headers.get("x-amz-sns-message-type", "")
    return said == sns.CONFIRMATION and "sns" in accepted_proofs(source)


def confirm_subscription(
    secrets: SourceSecrets, body: bytes, now: datetime, *, source: str
) -> None:
    """Say yes to Amazon; what is no confirmation by its signed type is left alone.

    The proof is made again here, by Amazon's signature alone, so that no other proof of the
    source can make us confirm, and no caller can forget it.

    Args:
        secrets: What the source may prove itself with, with its allowed topics.
        body: The bytes as they came.
        now: Our clock, aware.
        source: Name of the source, for the log.

    Raises:
        SignatureError: Amazon did not sign it, or the topic is not allowed.
        ProofUnavailableError: Amazon did not take the yes; it will ask again.
    """
    envelope = sns.read_proven(secrets, body, now)
    if envelope["Type"] != sns.CONFIRMATION:
        return
    sns.require_amazon(secrets).confirm(sns.confirmation_url(envelope))
    _log.info("the subscription of %s to %s is confirmed", source, envelope["TopicArn"])
