"""The OpenAPI document of the webhooks, for whoever builds a sender or tests this one.

Made by `airmend openapi` and kept in docs/openapi.json; the application itself serves none,
since it would be open to everyone. It is written here and not taken from the routes: a route
reads bytes, and what it may answer is decided in `web/problems.py` and by each source's proofs.
Nothing here answers anybody; tests hold the application to it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from airmend import __version__
from airmend.incident.answers import Answer
from airmend.incident.proofs import SCHEMES
from airmend.incident.sources import accepted_proofs, source_names

PROBLEM_TYPE = "application/problem+json"

REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The body is no JSON.",
    HTTPStatus.UNAUTHORIZED: "The sender is not proven, or the source has no secret.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than 1 MiB.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "JSON, but not the form of this source; `field` is the place.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests from this address.",
    HTTPStatus.SERVICE_UNAVAILABLE: "It cannot be taken in now.",
}
"""What a webhook of a source that exists may answer besides 202."""

_SECURITY: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "standard_webhooks": {"type": "apiKey", "in": "header", "name": "webhook-signature"},
    "hub": {"type": "apiKey", "in": "header", "name": "X-Hub-Signature-256"},
    "pagerduty": {"type": "apiKey", "in": "header", "name": "X-PagerDuty-Signature"},
    "grafana": {"type": "apiKey", "in": "header", "name": "X-Grafana-Alerting-Signature"},
    "sentry": {"type": "apiKey", "in": "header", "name": "Sentry-Hook-Signature"},
    "sns": {"type": "apiKey", "in": "header", "name": "x-amz-sns-message-type"},
    "query_token": {"type": "apiKey", "in": "query", "name": "token"},
}
_AGAIN = {
    "Retry-After": {
        "description": "Seconds after which to send the same again.",
        "schema": {"type": "integer", "minimum": 1},
        "required": True,
    }
}
_CHALLENGE = {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}}
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: _CHALLENGE,
    HTTPStatus.TOO_MANY_REQUESTS: _AGAIN,
    HTTPStatus.SERVICE_UNAVAILABLE: _AGAIN,
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
    },
}


def describe_hooks() -> dict[str, Any]:
    """The document: an address a source, the health check, and what each may answer."""
    answer = Answer.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = answer.pop("$defs", {})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Airmend's webhooks",
            "version": __version__,
            "description": "Below /airmend of Airflow's API server. docs/senders.md says for "
            "each vendor what to set.",
        },
        "paths": {f"/hooks/{name}": {"post": _describe_hook(name)} for name in source_names()}
        | {"/health": {"get": _describe_health()}},
        "components": {
            "schemas": {"Answer": answer, "Problem": _PROBLEM, **parts},
            "securitySchemes": {
                name: {**_SECURITY[name], "description": f"The sender sends {scheme.ASKED_FOR}."}
                for name, scheme in SCHEMES.items()
            },
        },
    }


def _describe_hook(source: str) -> dict[str, Any]:
    return {
        "operationId": f"receive_{source}",
        "summary": f"A delivery of {source}",
        "security": [{proof: []} for proof in accepted_proofs(source)],
        "requestBody": {
            "required": True,
            "description": "What this vendor sends, as it sends it.",
            "content": {"application/json": {"schema": {}}},
        },
        "responses": {
            "202": {
                "description": "It is stored; one entry an alert.",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}
                },
            }
        }
        | {str(int(status)): _describe_problem(status) for status in REFUSALS},
    }


def _describe_health() -> dict[str, Any]:
    return {
        "operationId": "read_health",
        "summary": "Whether the records can be used",
        "security": [],
        "responses": {
            "200": {
                "description": "They can.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["status"],
                            "properties": {"status": {"const": "ok"}},
                        }
                    }
                },
            },
            "503": _describe_problem(HTTPStatus.SERVICE_UNAVAILABLE),
        },
    }


def _describe_problem(status: HTTPStatus) -> dict[str, Any]:
    return {
        "description": REFUSALS[status],
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "headers": _HEADERS.get(status, {}),
    }
