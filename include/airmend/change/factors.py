"""The factors of the risk model, one function each: what was seen and what it weighs.

Every function gives its factor also where it weighs nothing, so that a person can see
what was looked at. Called by `risk` alone. Source: docs/adr/0004-risk-model.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from airmend.change.calendar_scope import Subject
from airmend.change.evidence import PastOutcome, PreflightFacts, RiskEvidence
from airmend.change.model import ChangeRequest, Choice, RiskFactor
from airmend.change.policy import Policy
from airmend.change.risk_policy import HistoryPolicy, Weights, log_odds

HISTORY = "history of this runbook"
NO_CLEAN_RUN = "no clean run on this service yet"
DIGEST_CHANGED = "runbook changed since its last clean run"
LARGE_DIFF = "larger diff than usual"
SKIPPED_TASKS = "tasks skipped in check mode"
FAILED_PREFLIGHT = "preflight failed"
HOSTS = "hosts touched"
OPEN_INCIDENTS = "other open incidents on the service"
OVERLAPPING = "overlapping changes"
OUTSIDE_WINDOW = "outside the change window"
BY_SIMILARITY = "matched by similarity"
PRIVILEGED = "privilege escalation"
UNKNOWN_SERVICE = "service not in the topology"
UNLISTED_HOSTS = "targets not in the topology"

RECORDS, PREFLIGHT, POLICY_FILE, RUNBOOK, INVENTORY = (
    "records",
    "preflight",
    "policy",
    "runbook",
    "inventory",
)
SECONDS_PER_DAY = 86_400


def failure_rate(
    history: Sequence[PastOutcome], now_at: datetime, policy: HistoryPolicy
) -> tuple[float, str]:
    """Mean of the Beta posterior of this runbook's failure rate, and what it is made from.

    An outcome counts half after one half-life, a quarter after two. The mean is cut at the
    policy's worst rate: beyond it more precision would change no decision, and an unreadable
    history can then count as the worst there is.
    """
    failures, runs = policy.prior_failures, policy.prior_failures + policy.prior_successes
    weights = [_recency(outcome, now_at, policy) for outcome in history]
    runs = math.fsum([runs, *weights])
    failures = math.fsum(
        [failures, *(w for w, o in zip(weights, history, strict=True) if not o.succeeded)]
    )
    failed = sum(not outcome.succeeded for outcome in history)
    rate = min(failures / runs, policy.worst_failure_rate)
    seen = f"{_count(len(history), 'earlier run')}, {failed} failed; expected rate {rate:.1%}"
    return rate, seen


def _recency(outcome: PastOutcome, now_at: datetime, policy: HistoryPolicy) -> float:
    days = max(0.0, (now_at - outcome.ended_at).total_seconds() / SECONDS_PER_DAY)
    return float(0.5 ** (days / policy.half_life_days))


def weigh_history(evidence: RiskEvidence, policy: Policy) -> RiskFactor:
    """The history itself: it moves the base, and adds here only where it cannot be read."""
    past = policy.risk.history
    if evidence.history is None:
        gap = log_odds(past.worst_failure_rate) - log_odds(past.prior_failure_rate)
        seen = f"not readable; counted as a failure rate of {past.worst_failure_rate:.0%}"
        return _missing(HISTORY, seen, RECORDS, gap)
    _, seen = failure_rate(evidence.history, evidence.now_at, past)
    return _seen(HISTORY, seen + ", in the base", RECORDS, 0.0)


def weigh_first_run(evidence: RiskEvidence, weights: Weights) -> RiskFactor:
    """Whether it never succeeded on this service (and so in its environment) before.

    A first run that failed does not count as one: otherwise a failure would lower the risk.
    """
    if evidence.history is None:
        return _missing(NO_CLEAN_RUN, "history not readable", RECORDS, weights.no_clean_run)
    clean = sum(o.succeeded and o.service == evidence.service_name for o in evidence.history)
    seen = f"{_count(clean, 'clean run')} on {evidence.service_name}"
    return _seen(NO_CLEAN_RUN, seen, RECORDS, 0.0 if clean else weights.no_clean_run)


def weigh_digest(change: ChangeRequest, evidence: RiskEvidence, weights: Weights) -> RiskFactor:
    """Whether another version of the runbook had the last success."""
    if evidence.history is None:
        return _missing(DIGEST_CHANGED, "history not readable", RECORDS, weights.digest_changed)
    successes = [outcome for outcome in evidence.history if outcome.succeeded]
    if not successes:
        return _seen(DIGEST_CHANGED, "no clean run to compare with", RECORDS, 0.0)
    last_at = max(outcome.ended_at for outcome in successes)
    # of several at the same instant, one of another version is enough: order must not matter
    last = {outcome.digest for outcome in successes if outcome.ended_at == last_at}
    if last == {change.runbook_digest}:
        return _seen(DIGEST_CHANGED, f"same digest {change.runbook_digest[:12]}", RECORDS, 0.0)
    other = min(last - {change.runbook_digest})
    seen = f"{change.runbook_digest[:12]} now, {other[:12]} then"
    return _seen(DIGEST_CHANGED, seen, RECORDS, weights.digest_changed)


def weigh_diff(evidence: RiskEvidence, weights: Weights) -> RiskFactor:
    """Whether the diff is larger than this runbook's own 95th percentile (nearest rank)."""
    if evidence.preflight is None or evidence.earlier_diff_lines is None:
        what = "no preflight" if evidence.preflight is None else "earlier diffs not readable"
        return _missing(LARGE_DIFF, what, PREFLIGHT, weights.large_diff)
    now = evidence.preflight
    seen = f"{_count(now.diff_lines, 'line')} on {_count(now.changed_hosts, 'host')}"
    earlier = sorted(evidence.earlier_diff_lines)
    if not earlier:
        return _seen(LARGE_DIFF, seen + ", no earlier diff", PREFLIGHT, 0.0)
    usual = earlier[math.ceil(Fraction(95, 100) * len(earlier)) - 1]
    over = now.diff_lines > usual
    seen += f", usually up to {usual}"
    return _seen(LARGE_DIFF, seen, PREFLIGHT, weights.large_diff if over else 0.0)


def weigh_skipped(preflight: PreflightFacts | None, policy: Policy) -> RiskFactor:
    """Whether check mode skipped so much that it proves little."""
    weight, limit = policy.risk.weights.skipped_tasks, policy.risk.skipped_share
    share = preflight.skipped_share if preflight else None
    if preflight is None or share is None:
        what = "no preflight" if preflight is None else "check mode reported no task"
        return _missing(SKIPPED_TASKS, what, PREFLIGHT, weight)
    seen = f"{preflight.tasks_skipped} of {preflight.tasks_total}, limit {limit:.0%}"
    return _seen(SKIPPED_TASKS, seen, PREFLIGHT, weight if share > limit else 0.0)


def weigh_preflight(preflight: PreflightFacts | None, weights: Weights) -> RiskFactor:
    """Whether check mode itself failed."""
    if preflight is None:
        return _missing(FAILED_PREFLIGHT, "no preflight", PREFLIGHT, weights.failed_preflight)
    seen = "it failed" if preflight.failed else "it passed"
    return _seen(
        FAILED_PREFLIGHT, seen, PREFLIGHT, weights.failed_preflight if preflight.failed else 0.0
    )


def hosts_contribution(hosts: int, weights: Weights) -> float:
    """Log-odds for a number of hosts, 1 or more."""
    return min(weights.hosts_doubled * math.log2(hosts), weights.hosts_at_most)


def weigh_hosts(hosts: int, weights: Weights) -> RiskFactor:
    """How many hosts are touched."""
    return _seen(HOSTS, _count(hosts, "host"), INVENTORY, hosts_contribution(hosts, weights))


def weigh_open_incidents(evidence: RiskEvidence, weights: Weights) -> RiskFactor:
    """Whether the service has other trouble at the same time."""
    if evidence.open_incidents is None:
        return _missing(OPEN_INCIDENTS, "not readable", RECORDS, weights.open_incident)
    weight = weights.open_incident if evidence.open_incidents > 0 else 0.0
    return _seen(OPEN_INCIDENTS, f"{evidence.open_incidents} open", RECORDS, weight)


def weigh_overlaps(evidence: RiskEvidence, weights: Weights) -> RiskFactor:
    """Whether another change is under way on the same things, or on what is next to them."""
    overlaps, weight = evidence.overlaps, weights.overlapping_change
    if overlaps is None:
        return _missing(OVERLAPPING, "not readable", RECORDS, weight)
    if not overlaps:
        return _seen(OVERLAPPING, "no other change", RECORDS, 0.0)
    more = f" and {len(overlaps) - 3} more" if len(overlaps) > 3 else ""
    seen = f"{'; '.join(str(each) for each in overlaps[:3])}{more}"
    return _seen(OVERLAPPING, seen, RECORDS, weight)


def weigh_time(change: ChangeRequest, evidence: RiskEvidence, policy: Policy) -> RiskFactor:
    """Whether people are around who know the service.

    A change that may only begin inside a window is not outside of one when it runs.
    """
    now_at, calendar = evidence.now_at, policy.times
    local = now_at.astimezone(policy.zone)
    seen = f"{local:%a %H:%M} {policy.time_zone}"
    subject = Subject(evidence.service_name, change.change_type, evidence.service)
    if calendar.windows_of(subject, binding=True):
        return _seen(OUTSIDE_WINDOW, f"{seen}, bound to its window", POLICY_FILE, 0.0)
    if not calendar.windows_of(subject, binding=False):
        return _seen(OUTSIDE_WINDOW, f"{seen}, no window is set", POLICY_FILE, 0.0)
    weight = 0.0 if policy.welcomes(now_at, subject) else policy.risk.weights.outside_window
    return _seen(OUTSIDE_WINDOW, seen, POLICY_FILE, weight)


def weigh_choice(choice: Choice, weights: Weights) -> RiskFactor:
    """Whether the runbook's own expressions take the incident, or a person thinks that it fits."""
    seen = {
        Choice.MATCHED: "the runbook matches the incident",
        Choice.SIMILARITY: "its match does not hold; it was suggested as similar",
        Choice.HAND: "its match does not hold; it was chosen by hand",
    }
    weight = 0.0 if choice is Choice.MATCHED else weights.matched_by_similarity
    return _seen(BY_SIMILARITY, seen[choice], RECORDS, weight)


def weigh_privilege(privileged: bool, weights: Weights) -> RiskFactor:
    """Whether the playbooks act as another user."""
    seen = "used" if privileged else "not used"
    return _seen(PRIVILEGED, seen, RUNBOOK, weights.privileged if privileged else 0.0)


def weigh_topology(evidence: RiskEvidence, weights: Weights) -> list[RiskFactor]:
    """Whether the topology knows the service and the hosts at all."""
    source, name = evidence.topology_source, evidence.service_name
    if evidence.service is None:
        place = source or "settings"
        seen = f"no entry for {name}" if source else "no topology file is set"
        return [
            _missing(UNKNOWN_SERVICE, seen, place, weights.unknown_service),
            _missing(UNLISTED_HOSTS, seen, place, weights.unlisted_hosts),
        ]
    place, unlisted = source or "topology", evidence.service.unlisted_hosts
    if unlisted:
        more = f" and {len(unlisted) - 3} more" if len(unlisted) > 3 else ""
        seen = f"no service lists {', '.join(sorted(unlisted)[:3])}{more}"
        hosts = _missing(UNLISTED_HOSTS, seen, place, weights.unlisted_hosts)
    else:
        hosts = _seen(UNLISTED_HOSTS, "every target is listed", place, 0.0)
    return [_seen(UNKNOWN_SERVICE, f"{name} is listed", place, 0.0), hosts]


def _seen(name: str, seen: str, source: str, contribution: float) -> RiskFactor:
    return RiskFactor(name=name, input=seen, source=source, contribution=contribution)


def _missing(name: str, seen: str, source: str, contribution: float) -> RiskFactor:
    return RiskFactor(name=name, input=seen, source=source, contribution=contribution, missing=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
