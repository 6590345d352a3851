"""A token in the address, `?token=...`: for senders of which only the address can be set.

The weakest proof. An address is kept and shown where a secret would not be: in the sender's
own pages, in logs of proxies. Airmend takes it out of the request before its own server can
log it (`web/query.py`); what stands between the two is the operator's. TLS on the whole way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs

from airmend.errors import SignatureError
from airmend.incident.proofs import digests
from airmend.incident.proofs.secrets_of_source import SourceSecrets

ASKED_FOR = "'?token=' in the address"

QUERY = ":query"
"""Where the query of the address stands among the headers. No header that is sent can have this
name: a colon is not allowed in one, and `web/hooks.py` drops any that comes all the same."""

_PARAMETER = "token"


def is_set(secrets: SourceSecrets) -> bool:
    """Whether a token is configured."""
    return bool(secrets.query_tokens)


def is_sent(headers: Mapping[str, str]) -> bool:
    """Whether the address carries a token."""
    return bool(_read_tokens(headers))


def prove(secrets: SourceSecrets, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return when the one token of the address is right; see `Scheme.prove`."""
    given = _read_tokens(headers)
    known = [token.encode() for token in secrets.query_tokens]
    if len(given) != 1 or not digests.any_equal(known, [digests.to_bytes(given[0])]):
        raise SignatureError("the token in the address is wrong")


def _read_tokens(headers: Mapping[str, str]) -> list[str]:
    # the number of fields is bounded, so that a long address costs little
    try:
        fields = parse_qs(headers.get(QUERY, ""), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return [""]
    return fields.get(_PARAMETER, [])
