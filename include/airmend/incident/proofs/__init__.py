"""Proof of the sender, one file a scheme; `sender.py` says which count and in what way.

Whoever needs a proof or a secret imports it from here; only `amazon.py`, which brings an HTTP
client, is imported by name where processes are put together. To add a scheme, add a file with what
`Scheme` asks for and its name in `sender.SCHEMES`.
"""

from airmend.incident.proofs.digests import KEY_PREFIX, TOLERANCE_SECONDS
from airmend.incident.proofs.query_token import QUERY
from airmend.incident.proofs.secrets_of_source import SourceSecrets, parse_secrets
from airmend.incident.proofs.sender import SCHEMES, prove_sender
from airmend.incident.proofs.signing import SIGNERS
from airmend.incident.proofs.standard_webhooks import sign_delivery
from airmend.incident.proofs.subscription import confirm_subscription, is_confirmation

__all__ = [
    "KEY_PREFIX",
    "QUERY",
    "SCHEMES",
    "SIGNERS",
    "TOLERANCE_SECONDS",
    "SourceSecrets",
    "confirm_subscription",
    "is_confirmation",
    "parse_secrets",
    "prove_sender",
    "sign_delivery",
]
