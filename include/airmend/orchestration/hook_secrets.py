"""The secrets of the alert sources, from Airflow's connections or its secrets backend.

Used inside the processes that take webhooks. A source `NAME` has the connection
`airmend_hook_NAME`. There may be none, and then nobody can prove to be its sender. One that is
there and cannot be read is our fault, and told from that: with a 401 instead, senders such as
PagerDuty would give up on us while our database is down.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from airflow.configuration import ensure_secrets_loaded
from airflow.models.connection import Connection

from airmend.errors import ConfigurationError, ProofUnavailableError
from airmend.incident.proofs import SourceSecrets, parse_secrets
from airmend.incident.proofs.amazon import AmazonOverHttps

SECRETS_ARE_KEPT_SECONDS = 15.0
"""A rotated secret counts after this long; looking one up costs a query."""

FAILURE_IS_KEPT_SECONDS = 3.0
"""A connection that could not be read is tried again after this long."""

_log = logging.getLogger(__name__)


class HookSecrets:
    """Looks secrets up, and keeps them for some seconds; may be called from many threads.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, SourceSecrets | None]] = {}
        self._amazon = AmazonOverHttps()

    def __call__(self, source: str) -> SourceSecrets:
        """The secrets of a source; none when there is no such connection.

        Raises:
            ProofUnavailableError: The connection cannot be read. The log says why, and neither
                holds a part of a secret.
        """
        until, secrets = self._kept.get(source, (0.0, None))
        if self._clock() >= until:
            secrets = self._look_up(source)
            keep = FAILURE_IS_KEPT_SECONDS if secrets is None else SECRETS_ARE_KEPT_SECONDS
            self._kept[source] = (self._clock() + keep, secrets)
        if secrets is None:
            raise ProofUnavailableError(f"the connection airmend_hook_{source} cannot be read")
        return secrets

    def is_at_hand(self, source: str) -> bool:
        """Whether proving a sender of this source waits for nothing, neither here nor at Amazon."""
        until, secrets = self._kept.get(source, (0.0, None))
        return secrets is not None and not secrets.topic_arns and self._clock() < until

    def _look_up(self, source: str) -> SourceSecrets | None:
        """The secrets of a source; None where they cannot be read."""
        name = f"airmend_hook_{source}"
        try:
            connection = _find_connection(name)
            if connection is None:
                return SourceSecrets()
            secrets = parse_secrets(connection.password or "", _read_extra(connection))
        except ConfigurationError as error:
            _log.error("the connection %s cannot be used: %s", name, error)
            return None
        except Exception as error:  # noqa: BLE001 - a backend may raise anything
            # not its words: an error of a backend may quote what it read
            _log.error(
                "the connection %s cannot be read: %s. Look at the database and the secrets "
                "backend of Airflow, and at its fernet key",
                name,
                type(error).__name__,
            )
            return None
        return replace(secrets, amazon=self._amazon) if secrets.topic_arns else secrets


def _find_connection(name: str) -> Connection | None:
    """The connection of this name, from the first backend that has it.

    Airflow's own look-up takes a backend that failed for one that has nothing, and would go on
    to an older secret or to none at all; here the failure is raised.
    """
    for backend in ensure_secrets_loaded():
        connection: Connection | None = backend.get_connection(conn_id=name)
        if connection is not None:
            return connection
    return None


def _read_extra(connection: Connection) -> dict[str, object]:
    """The extra of a connection as an object; Airflow's own reader ignores what is no JSON.

    Reading it the second time lets Airflow show stars in its logs for what it found.
    """
    try:
        extra = json.loads(connection.extra or "{}")
    except ValueError as error:
        raise ConfigurationError("its extra is not JSON") from error
    if not isinstance(extra, dict):
        raise ConfigurationError("its extra is not a JSON object")
    return connection.extra_dejson
