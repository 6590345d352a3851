"""Secrets of the local installation: made once, kept in files that only their owner can read.

Called by `environment`. There is no default for any of them, so two installations never
share one.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from airmend.errors import ConfigurationError
from airmend.incident.proofs import parse_secrets
from airmend.whole_files import PRIVATE, create_file, replace_file

_EXTRA_OF = {
    "basic": "basic_passwords",
    "grafana": "signing_secrets",
    "hub": "signing_secrets",
    "pagerduty": "signing_secrets",
    "query_token": "query_tokens",
    "sentry": "signing_secrets",
    "sns": "topic_arns",
}
_NEW_EXTRA: dict[str, Callable[[], list[str]]] = {
    "basic_passwords": lambda: [f"airmend:{secrets.token_urlsafe(24)}"],
    "query_tokens": lambda: [secrets.token_urlsafe(32)],
    "signing_secrets": lambda: [secrets.token_urlsafe(32)],
    "topic_arns": list,  # only you know them; until you add one, nothing is taken
}


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter; one that is there stays as it is.

    Raises:
        ConfigurationError: It cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: it cannot be made: {error.strerror}. Set AIRMEND_HOME to another folder"
        ) from error


def keep_secret(path: Path, make: Callable[[], str]) -> str:
    """The text of a secret file; made when it is not there yet.

    Args:
        path: The file; its folder is made with access for its owner alone.
        make: Gives a new secret.

    Raises:
        ConfigurationError: The file cannot be written or read, or is empty.
    """
    make_private_folder(path.parent)
    try:
        if not path.exists():
            create_file(path, make() + "\n", mode=PRIVATE)
        text = path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}. Give its owner access") from error
    if not text:
        raise ConfigurationError(f"{path}: it is empty. Remove it; a new secret will be made")
    return text


def keep_passwords(path: Path, users: Iterable[str]) -> dict[str, str]:
    """One password a user, in the JSON file that Airflow's SimpleAuthManager reads.

    Made here and not by Airflow, which would print them into the log of the API server.

    Raises:
        ConfigurationError: The file is not the JSON object that it should be.
    """
    text = keep_secret(path, lambda: json.dumps({}))
    try:
        passwords = {str(name): str(value) for name, value in json.loads(text).items()}
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(
            f"{path}: it is not a JSON object of names and passwords. Remove it; new ones will "
            f"be made"
        ) from error
    missing = [name for name in users if name not in passwords]
    if missing:
        passwords |= {name: secrets.token_urlsafe(12) for name in missing}
        replace_file(path, json.dumps(passwords, indent=2) + "\n", mode=PRIVATE)
    return passwords


def keep_hook_extra(path: Path, proofs: Iterable[str]) -> dict[str, Any]:
    """What an alert source takes beside tokens and Standard Webhooks keys, in a file of JSON.

    Sources that take nothing else are given no such file; one that is there is read.

    Args:
        path: The file.
        proofs: The names of the proofs that the source accepts.

    Raises:
        ConfigurationError: The file is not the JSON object that it should be.
    """
    kinds = {_EXTRA_OF[proof] for proof in proofs if proof in _EXTRA_OF}
    if not kinds and not path.exists():
        return {}
    made = {kind: make() for kind, make in _NEW_EXTRA.items() if kind in kinds}
    try:
        extra = json.loads(keep_secret(path, lambda: json.dumps(made, indent=2)))
    except ValueError as error:
        raise ConfigurationError(f"{path}: it is not JSON. Correct or remove it") from error
    if not isinstance(extra, dict):
        raise ConfigurationError(f"{path}: it is not a JSON object. Correct or remove it")
    try:
        parse_secrets("", extra)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}. Correct or remove it") from error
    return extra


def new_token() -> str:
    """A secret of 64 random bytes, for signatures and sessions."""
    return secrets.token_urlsafe(64)


def new_fernet_key() -> str:
    """A key as the `cryptography` package's Fernet takes it: 32 bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def new_hook_secrets() -> str:
    """A bearer token and a Standard Webhooks key: a sender may prove itself with either."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return f"{secrets.token_urlsafe(32)} whsec_{key}"
