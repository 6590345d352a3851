"""How fast alerts come to a group, to tell when a storm that had died down breaks out anew."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class WavePolicy:
    """When a second wave of alerts is a disruption of its own.

    Args:
        alerts: So many alerts within `seconds` are a wave; smaller incidents have none, and are
            never cut in two.
        seconds: See above.
        calm_seconds: How long a group must have been calm between two waves.
        calm_ratio: Calm is a pace so many times slower than that of the new wave.
    """

    alerts: int = 10
    seconds: float = 10
    calm_seconds: float = 120
    calm_ratio: float = 8


@dataclass(slots=True)
class Pace:
    """The pace of one group; each alert costs the same, however many there were.

    Args:
        policy: What a wave is.
        is_over: Whether a second wave has begun, so that the group takes no more.
    """

    policy: WavePolicy
    is_over: bool = False
    _recent: deque[float] = field(default_factory=deque)
    _before: deque[float] = field(default_factory=deque)
    _first_wave_at: float | None = None

    def add(self, at: float) -> None:
        """Count an alert; one that comes late counts as of now.

        Args:
            at: Seconds since the epoch.
        """
        if self._recent:
            at = max(at, self._recent[-1])
        self._recent.append(at)
        calm_until = at - self.policy.seconds
        while self._recent[0] <= calm_until:
            self._before.append(self._recent.popleft())
        calm_since = calm_until - self.policy.calm_seconds
        while self._before and self._before[0] <= calm_since:
            self._before.popleft()
        if len(self._recent) < self.policy.alerts:
            return
        if self._first_wave_at is None:
            self._first_wave_at = at
        pace = len(self._recent) / self.policy.seconds
        calm = len(self._before) / self.policy.calm_seconds
        if self._first_wave_at <= calm_since and pace > self.policy.calm_ratio * calm:
            self.is_over = True
