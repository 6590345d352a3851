"""How much harm a failed change would do, 1 to 4: the gravest of its reasons, never a mean.

Source: docs/adr/0004-risk-model.md.
"""

from __future__ import annotations

from airmend.change.evidence import RiskEvidence
from airmend.change.topology import Environment, Service

UNKNOWN_SERVICE_IMPACT = 3
IRREVERSIBLE_IMPACT = 2
CRITICAL_FUNCTION_IMPACT = 4
ENVIRONMENT_IMPACT = {
    Environment.PRODUCTION: 2,
    Environment.STAGING: 1,
    Environment.TEST: 1,
    Environment.DEVELOPMENT: 1,
}


def blast_radius_impact(dependants: int) -> int:
    """Impact of so many other services that can be hurt: 0: 1, 1-2: 2, 3-9: 3, from 10: 4."""
    return 1 + sum(dependants >= limit for limit in (1, 3, 10))


def rate_impact(evidence: RiskEvidence) -> tuple[int, list[str]]:
    """Impact of a failure and every reason that was looked at, the gravest first.

    Returns:
        The maximum of the service's tier (tier 1 is 4), its environment, its critical
        function, the blast radius and the lack of a rollback; services on the same hosts
        count like the service itself.
    """
    reasons: list[tuple[int, str]] = []
    facts = evidence.service
    if facts is None:
        reasons.append(
            (
                UNKNOWN_SERVICE_IMPACT,
                f"{evidence.service_name} is not in the topology, so its tier is not known",
            )
        )
    else:
        reasons += _rate_service(facts.service, "")
        for other in facts.shared_with:
            reasons += _rate_service(other, " on the same host")
        count = len(facts.dependants)
        some = ", ".join([*sorted(facts.dependants)[:3], *(["…"] if count > 3 else [])])
        who = f" ({some})" if count else ""
        reasons.append(
            (
                blast_radius_impact(count),
                f"{count} other service{'' if count == 1 else 's'} can be hurt{who}",
            )
        )
    if evidence.irreversible is not None:
        reasons.append((IRREVERSIBLE_IMPACT, f"no rollback: {evidence.irreversible}"))
    reasons = sorted(set(reasons), key=lambda reason: (-reason[0], reason[1]))
    return reasons[0][0], [f"{text}: {impact}" for impact, text in reasons]


def _rate_service(service: Service, where: str) -> list[tuple[int, str]]:
    reasons = [
        (5 - service.tier, f"{service.name}{where} is tier {service.tier}"),
        (
            ENVIRONMENT_IMPACT[service.environment],
            f"{service.name}{where} is in {service.environment.value}",
        ),
    ]
    if service.critical_function:
        reasons.append((CRITICAL_FUNCTION_IMPACT, f"{service.name}{where} is a critical function"))
    return reasons
