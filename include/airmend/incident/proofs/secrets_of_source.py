"""What a sender may prove itself with, and how it is read from an Airflow connection.

Owns the names of the keys that a connection may have, and their limits. Called by whoever
knows where secrets lie; no message of this module holds a part of one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from airmend.errors import ConfigurationError
from airmend.incident.proofs.digests import KEY_PREFIX, decode_key

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

ACTIVE_LIMIT = 2
"""Secrets of one kind that may be active: the old and the new one."""

EXTRA_KEYS = (
    "signing_secrets",
    "basic_passwords",
    "query_tokens",
    "topic_arns",
    "timestamp_header",
)
"""What a connection's `extra` may hold. Airflow shows no value whose key has `secret`,
`password` or `token` in it, so these names are part of what keeps them out of its pages."""

_TOPICS_LIMIT = 100
_PAIR = re.compile(r"[^:]+:.+", re.DOTALL)
_QUERY_TOKEN = re.compile(r"[A-Za-z0-9._~-]{20,200}")
_TOPIC_ARN = re.compile(
    r"arn:(?:aws|aws-cn|aws-us-gov):sns:[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}:[0-9]{12}:[\w-]{1,256}(?:\.fifo)?",
    re.ASCII,
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")


class Amazon(Protocol):
    """What is asked of Amazon itself, over HTTPS."""

    def certificate(self, url: str) -> Certificate:
        """The certificate at an address that was found to be Amazon's.

        Raises:
            ProofUnavailableError: It cannot be had now.
        """

    def confirm(self, url: str) -> None:
        """Ask for an address that was found to be Amazon's; the second time changes nothing.

        Raises:
            ProofUnavailableError: Amazon did not say yes.
        """


@dataclass(frozen=True)
class SourceSecrets:
    """What a sender may prove itself with; two of a kind while one takes the other's place."""

    bearer: tuple[str, ...] = field(default=(), repr=False)
    hmac: tuple[str, ...] = field(default=(), repr=False)  # of Standard Webhooks: whsec_<base64>
    signing: tuple[str, ...] = field(default=(), repr=False)  # of a vendor's own HMAC: any text
    basic: tuple[str, ...] = field(default=(), repr=False)  # user:password
    query_tokens: tuple[str, ...] = field(default=(), repr=False)
    topic_arns: tuple[str, ...] = ()  # of SNS; none of them means that none may send
    timestamp_header: str = ""  # of Grafana; where it is set, a signature needs it
    amazon: Amazon | None = field(default=None, repr=False, compare=False)


def parse_secrets(text: str, extra: Mapping[str, object] | None = None) -> SourceSecrets:
    """Read the secrets of a source from the password and the extra of its connection.

    Args:
        text: Words with white space between them; those that begin with `whsec_` are keys of
            Standard Webhooks, the others are bearer tokens.
        extra: Lists of texts by the names of `EXTRA_KEYS`; one text stands for a list of one.

    Raises:
        ConfigurationError: A secret has not the form of its kind, there are more than two of
            a kind, or a key of the extra is not known.
    """
    if not text.isascii():
        raise ConfigurationError(
            "a secret of an alert source has characters beyond ASCII, which a header cannot "
            "carry; set another one"
        )
    words = text.split()
    keys = tuple(word for word in words if word.startswith(KEY_PREFIX))
    tokens = tuple(word for word in words if not word.startswith(KEY_PREFIX))
    _check_number("signing keys", keys)
    _check_number("bearer tokens", tokens)
    for key in keys:
        decode_key(key)
    extra = extra or {}
    if not set(extra) <= set(EXTRA_KEYS):
        raise ConfigurationError(
            "the extra of the connection of an alert source has a key that is not known; use "
            f"{', '.join(EXTRA_KEYS)}"
        )
    return SourceSecrets(
        bearer=tokens,
        hmac=keys,
        signing=_read_list(extra, "signing_secrets"),
        basic=_read_list(extra, "basic_passwords", _PAIR, "user:password"),
        query_tokens=_read_list(
            extra, "query_tokens", _QUERY_TOKEN, "20 to 200 letters, digits and any of . _ ~ -"
        ),
        topic_arns=_read_list(
            extra, "topic_arns", _TOPIC_ARN, "arn:aws:sns:REGION:ACCOUNT:TOPIC", _TOPICS_LIMIT
        ),
        timestamp_header=_read_header_name(extra),
    )


def _read_list(
    extra: Mapping[str, object],
    key: str,
    form: re.Pattern[str] | None = None,
    words: str = "",
    limit: int = ACTIVE_LIMIT,
) -> tuple[str, ...]:
    value = extra.get(key, ())
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(
        isinstance(each, str) and each.strip() for each in given
    ):
        raise ConfigurationError(f"'{key}' is not a list of texts of which none is empty")
    if form is not None and not all(form.fullmatch(each) for each in given):
        raise ConfigurationError(f"each of '{key}' is written as {words}")
    _check_number(f"'{key}'", given, limit)
    return tuple(given)


def _read_header_name(extra: Mapping[str, object]) -> str:
    name = extra.get("timestamp_header", "")
    if not isinstance(name, str) or (name and not _HEADER_NAME.fullmatch(name)):
        raise ConfigurationError("'timestamp_header' is not the name of a header")
    return name.lower()


def _check_number(kind: str, found: tuple[str, ...] | list[str], limit: int = ACTIVE_LIMIT) -> None:
    if len(found) > limit:
        raise ConfigurationError(
            f"{len(found)} {kind} are set for one alert source; remove the old ones, "
            f"at most {limit} may be active"
        )
