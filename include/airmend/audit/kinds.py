"""Which records are sealed, when each is final, and what of it the log says.

One entry a kind. A row that is written once is sealed as it is; one that changes during its
life is sealed at its end, by what no longer changes then. Columns that come later do not alter
the leaves that there are. Personal fields may name people: their columns are named too, for
erasure. Called by `sealing.py`, `contents.py` and `erasure.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, true

from airmend.audit.canonical import canonical_json
from airmend.change.model import FINAL_CHANGE_STATUSES
from airmend.execution.model import ExecutionStatus
from airmend.records.audit_tables import AuditActionRow
from airmend.records.emergency_tables import HandRequestRow, ReviewRow
from airmend.records.runbook_tables import RunbookVersionRow
from airmend.records.signature_tables import RunbookSignatureRow
from airmend.records.standard_tables import (
    AuthorshipRow,
    AutonomyRow,
    CausedIncidentRow,
    TemplateRow,
)
from airmend.records.suppression_tables import KillSwitchRow, SuppressionRow
from airmend.records.tables import (
    ChangeRow,
    DecisionRow,
    DeliveryRow,
    ExecutionRow,
    LedgerRow,
    Table,
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    Args:
        name: As leaves write it.
        table: Where it is.
        at: The column that says when it became final.
        plain: Columns that are told as they are.
        personal: Personal fields, with the columns that each is made of.
        key: The column that names one.
        is_final: When it is sealed.
        compute: Fields that are made of columns, to replace or complete these.
        is_rising: Keys are numbers that rise and are final at once, so that old ones need not
            be looked at again.
    """

    name: str
    table: type[Table]
    at: str
    plain: tuple[str, ...]
    personal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    key: str = "id"
    is_final: ColumnElement[bool] = field(default_factory=true)
    compute: Callable[[Row], dict[str, Any]] = lambda _row: {}
    is_rising: bool = False

    def read(self, row: Row) -> tuple[dict[str, Any], dict[str, Any]]:
        """The plain part of a record and its personal fields."""
        values = {**row, **self.compute(row)}
        plain = {name: values[name] for name in self.plain}
        personal = {
            name: values[columns[0]]
            if len(columns) == 1
            else {each: values[each] for each in columns}
            for name, columns in self.personal.items()
        }
        return plain, personal


def _delivery(row: Row) -> dict[str, Any]:
    body = row["body"]
    if isinstance(body, str):  # SQLite takes text where bytes belong, from whoever edits it
        body = body.encode()
    return {
        # a key that was released for use again has the number behind it
        "key": row["key"].removesuffix(f"#{row['id']}"),
        "body": hashlib.sha256(body).hexdigest(),
    }


def _version(row: Row) -> dict[str, Any]:
    return {
        "archive_sha256": hashlib.sha256(row["archive"]).hexdigest(),
        "document_sha256": hashlib.sha256(canonical_json(row["document"])).hexdigest(),
    }


_CHANGE = (
    *("incident_id", "runbook_id", "runbook_version", "runbook_digest", "change_type", "status"),
    *("dag_id", "run_id", "requested_at", "ended_at", "targets", "risk"),
    "foreseen",
)

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "runbook_version",
            RunbookVersionRow,
            "stored_at",
            ("runbook_id", "version", "stored_at", "archive_sha256", "document_sha256"),
            key="digest",
            compute=_version,
        ),
        Kind(
            "delivery",
            DeliveryRow,
            "received_at",
            ("source", "received_at", "answer"),
            # `alerts` is no column: contents.py reads the rows that belong to a delivery
            {"payload": ("key", "body", "alerts")},
            compute=_delivery,
            is_rising=True,
        ),
        Kind(
            "fact",
            LedgerRow,
            "at",
            ("at", "incident_id", "change_id", "kind", "evidence"),
            {"text": ("text",)},
            is_rising=True,
        ),
        Kind(
            "decision",
            DecisionRow,
            "decided_at",
            ("verdict", "decided_at", "asked_at", "basis", "content_hash"),
            {
                "decided_by": ("decided_by",),
                "comment": ("comment",),
                "votes": ("votes",),
                "required": ("required",),
            },
            key="change_id",
        ),
        Kind(
            "hand_request",
            HandRequestRow,
            "at",
            ("at", "is_emergency", "choice"),
            {"requested_by": ("requested_by",), "reason": ("reason",), "unmet": ("unmet",)},
            key="change_id",
        ),
        Kind(
            "review",
            ReviewRow,
            "opened_at",
            ("runbook_id", "opened_at", "due_at"),
            key="change_id",
        ),
        Kind(
            "review_end",
            ReviewRow,
            "reviewed_at",
            ("reviewed_at", "verdict"),
            {"reviewed_by": ("reviewed_by",), "notes": ("notes",)},
            key="change_id",
            is_final=ReviewRow.reviewed_at.is_not(None),
        ),
        Kind(
            "execution",
            ExecutionRow,
            "ended_at",
            (
                *("change_id", "phase", "name", "attempt", "status", "task_id", "owner"),
                *("started_at", "ended_at"),
            ),
            {"evidence": ("playbook", "verification")},
            is_final=ExecutionRow.status != ExecutionStatus.RUNNING.value,
        ),
        Kind(
            "change",
            ChangeRow,
            "ended_at",
            _CHANGE,
            {"requested_by": ("requested_by",), "reason": ("reason",), "inputs": ("inputs",)},
            is_final=ChangeRow.status.in_(sorted(status.value for status in FINAL_CHANGE_STATUSES)),
        ),
        Kind(
            "suppression",
            SuppressionRow,
            "created_at",
            ("kind", "scope_kind", "scope_value", "starts_at", "ends_at", "created_at"),
            {"author": ("author",), "reason": ("reason",)},
        ),
        Kind(
            "suppression_end",
            SuppressionRow,
            "ended_at",
            ("ended_at",),
            {"ended_by": ("ended_by",), "end_reason": ("end_reason",)},
            is_final=SuppressionRow.ended_at.is_not(None),
        ),
        Kind(
            "kill_switch",
            KillSwitchRow,
            "at",
            ("is_on", "at"),
            {"by": ("by",), "reason": ("reason",)},
        ),
        Kind(
            "authorship",
            AuthorshipRow,
            "taken_at",
            ("runbook_id", "digest", "tree", "commit", "unknown", "taken_at"),
            {"people": ("people",)},
        ),
        Kind(
            "runbook_signature",
            RunbookSignatureRow,
            "taken_at",
            ("runbook_id", "digest", "fingerprint", "signature", "taken_at"),
        ),
        Kind(
            "standard_template",
            TemplateRow,
            "approved_at",
            (
                *("runbook_id", "digest", "approved_at", "max_hosts", "hosts"),
                *("clean_runs", "failed_runs", "bound", "asked_bound"),
            ),
            {"approved_by": ("approved_by",), "reason": ("reason",)},
        ),
        Kind(
            "standard_template_end",
            TemplateRow,
            "suspended_at",
            ("runbook_id", "digest", "suspended_at"),
            {"suspended_by": ("suspended_by",), "suspension_reason": ("suspension_reason",)},
            is_final=TemplateRow.suspended_at.is_not(None),
        ),
        Kind(
            "autonomy_step",
            AutonomyRow,
            "at",
            ("runbook_id", "before", "level", "at", "change_id"),
            {"by": ("by",), "reason": ("reason",)},
        ),
        Kind(
            "caused_incident",
            CausedIncidentRow,
            "at",
            ("incident_id", "at", "why"),
            key="change_id",
        ),
        Kind(
            "audit_action",
            AuditActionRow,
            "at",
            ("kind", "at", "detail"),
            {"by": ("by",), "reason": ("reason",)},
        ),
    )
}
"""In the order in which one seal takes them."""
