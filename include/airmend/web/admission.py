"""Who may come in now: rates and a bound on what is in flight, before anything is read.

Called by `hooks.py` at the door, in the event loop alone, so that nothing here needs a lock.
Two rates, two purposes. Attempts are counted by source and address, of everybody, before the
body is read: guessing and flooding cost us next to nothing. Deliveries are counted by source
and only when their sender was proven: nobody without a secret can use up a sender's share.

Everything here is of one process, and forgotten with it: it protects the process.

The `limits` library was looked at and left out: it reads the wall clock, keeps every address
for ever or by threads of its own, and has no way to ask and to count apart (ADR 12).
"""

from __future__ import annotations

import ipaddress
import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from airmend.errors import OverloadError, TooManyAttemptsError
from airmend.settings import Settings

MINUTE_SECONDS = 60.0
BUSY_RETRY_SECONDS = 2
"""When to try again where too much is in flight; a delivery takes a fraction of that."""

_KEYS_LIMIT = 10_000
_ALL, _OTHERS = "(all)", "(others)"
_TELL_AGAIN_SECONDS = 10.0
_ROUNDING_SECONDS = 1e-6

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What one process takes in."""

    attempts_per_minute: int = 60_000  # by source and address
    deliveries_per_minute: int = 30_000  # by source, of proven senders
    in_flight: int = 256  # deliveries that are read or stored at this moment

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """What the operator set."""
        return cls(
            settings.webhook_attempts_per_minute,
            settings.webhook_deliveries_per_minute,
            settings.webhook_in_flight,
        )


class Pace:
    """How often something may happen, by key: a minute's worth at once, then evenly (GCRA).

    One number is kept a key: when its allowance is whole again. Keys whose allowance is whole
    are forgotten where there are many; beyond that, new keys share one allowance, so that
    memory and time have a limit whoever knocks.

    Args:
        per_minute: How often; at least 1.
        keys_limit: How many keys are kept apart.
    """

    def __init__(self, per_minute: int, keys_limit: int = _KEYS_LIMIT) -> None:
        self._interval = MINUTE_SECONDS / per_minute
        self._keys_limit = keys_limit
        self._whole_at: dict[str, float] = {}
        self._tidy_again_at = -math.inf

    def wait(self, key: str, now: float) -> float:
        """Seconds until it may happen once more; 0 when it may now."""
        whole_at = self._whole_at.get(self._place(key, now), now)
        seconds = whole_at + self._interval - MINUTE_SECONDS - now
        return seconds if seconds > _ROUNDING_SECONDS else 0.0

    def spend(self, key: str, now: float) -> None:
        """It has happened, whether it might or not."""
        place = self._place(key, now)
        self._whole_at[place] = max(self._whole_at.get(place, now), now) + self._interval

    def _place(self, key: str, now: float) -> str:
        if key in self._whole_at or len(self._whole_at) < self._keys_limit:
            return key
        if now >= self._tidy_again_at:
            self._tidy_again_at = now + 1.0
            self._whole_at = {each: at for each, at in self._whole_at.items() if at > now}
        return key if len(self._whole_at) < self._keys_limit else _OTHERS


class Admission:
    """The door: lets a delivery in, or says when to come again.

    A source has at most half of what may be in flight, and an address at most half of that,
    so that one noisy or slow sender leaves room for the others. A source that has nothing in
    flight always gets in: there are few sources, so that the bound is passed by few.

    Args:
        limits: How much.
        clock: Seconds that only grow.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._attempts = Pace(limits.attempts_per_minute)
        self._deliveries = Pace(limits.deliveries_per_minute)
        self._in_flight: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}

    @contextmanager
    def enter(self, source: str, peer: str) -> Iterator[None]:
        """Let one delivery in, until the end of the block.

        Args:
            source: A source that exists, or one word for all that do not.
            peer: The address that it comes from.

        Raises:
            TooManyAttemptsError: This address knocked too often at this source.
            OverloadError: The source delivered too much, or too much is in flight.
        """
        visitor = f"{source} {_network_of(peer)}"
        try:
            self._check_pace(source, visitor)
            self._check_room(source, visitor)
        except OverloadError as error:
            self._tell(source, error)
            raise
        self._in_flight.update((_ALL, source, visitor))
        try:
            yield
        finally:
            self._in_flight.subtract((_ALL, source, visitor))
            if not self._in_flight[visitor]:
                del self._in_flight[visitor]

    def count_delivery(self, source: str) -> None:
        """A proven sender of this source delivered something, in order or not."""
        self._deliveries.spend(source, self._clock())

    def _check_pace(self, source: str, visitor: str) -> None:
        now = self._clock()
        if wait := self._attempts.wait(visitor, now):
            raise TooManyAttemptsError(
                f"more than {self._limits.attempts_per_minute} attempts a minute at {source} "
                "from one address",
                math.ceil(wait),
            )
        self._attempts.spend(visitor, now)
        if wait := self._deliveries.wait(source, now):
            raise OverloadError(
                f"more than {self._limits.deliveries_per_minute} deliveries a minute of {source}",
                math.ceil(wait),
            )

    def _check_room(self, source: str, visitor: str) -> None:
        limit, used = self._limits.in_flight, self._in_flight
        full = (
            (used[_ALL] >= limit and used[source] > 0)
            or used[source] >= max(1, limit // 2)
            or used[visitor] >= max(1, limit // 4)
        )
        if full:
            raise OverloadError("too many deliveries are in flight", BUSY_RETRY_SECONDS)

    def _tell(self, source: str, error: OverloadError) -> None:
        """Say in the log that deliveries are sent away; not once for each of a flood."""
        now = self._clock()
        if now >= self._told_at.get(source, now):
            self._told_at[source] = now + _TELL_AGAIN_SECONDS
            _log.warning("deliveries of %s are sent away: %s", source, error)


@lru_cache(maxsize=4096)
def _network_of(peer: str) -> str:
    """An address as it is counted: IPv6 by its /64, of which one machine has all."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if address.version == 4:
        return peer
    return str(ipaddress.ip_network((address, 64), strict=False))
