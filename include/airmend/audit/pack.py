"""The evidence pack of an incident: its records with their proofs, and what people read.

A zip that `airmend audit verify` accepts. The manifest names the SHA-256 of every other file
and is signed by the key of the log, so that the texts are as good as the records.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from airmend.audit.canonical import canonical_json
from airmend.audit.checkpoints import Checkpoint, read_checkpoint
from airmend.audit.export import CHECKPOINTS, KEYS, MANIFEST, README, RECORDS, write_record
from airmend.audit.keys import LogKeys
from airmend.audit.merkle import prove_inclusion
from airmend.audit.model import SealedRecord
from airmend.audit.reading import show_leaves
from airmend.audit.store import StoredTree, newest_checkpoint
from airmend.errors import AuditError
from airmend.records.audit_tables import LeafRow
from airmend.records.emergency_tables import HandRequestRow, ReviewRow
from airmend.records.signature_tables import RunbookSignatureRow
from airmend.records.standard_tables import (
    AuthorshipRow,
    AutonomyRow,
    CausedIncidentRow,
    TemplateRow,
)
from airmend.records.tables import (
    AlertRow,
    ChangeRow,
    DecisionRow,
    ExecutionRow,
    IncidentRow,
    LedgerRow,
)

_TEXT = """\
The evidence pack of {incident}: what Airmend recorded about it, and the proof that it is so.

records.jsonl   every record with its leaf, its leaf hash and the path from there to the root
                (RFC 6962); it holds facts, alerts, changes, decisions, executions with diffs
checkpoints     size and root of the log, signed (c2sp.org/tlog-checkpoint)
keys            the public keys of the log; compare them with those that you were given
manifest        the SHA-256 of every file here, signed with the same key
report.*        the post-incident report, where one was written
decisions.json  who decided what, and diffs/ what was changed: the same as in the records, to read

Check it without a network:  airmend audit verify THIS-FILE --key KEY
"""


def collect_records(session: Session, incident_id: str) -> tuple[Checkpoint, list[SealedRecord]]:
    """The sealed records about an incident with their proofs, and the checkpoint above them.

    Raises:
        AuditError: There is no such incident, or nothing of it is sealed.
    """
    if session.get(IncidentRow, incident_id) is None:
        raise AuditError(f"there is no incident '{incident_id}'. The overview lists them")
    last = newest_checkpoint(session)
    if last is None:
        raise AuditError("nothing is sealed yet. Run `airmend audit seal`")
    checkpoint = read_checkpoint(last.note)
    wanted = _keys_about(session, incident_id)
    names = [(LeafRow.kind == kind) & LeafRow.key.in_(keys) for kind, keys in wanted.items()]
    leaves = session.scalars(
        select(LeafRow)
        .where(or_(LeafRow.kind == "audit_action", *names), LeafRow.position < checkpoint.size)
        .order_by(LeafRow.position)
    ).all()
    tree, records = StoredTree(session), show_leaves(session, leaves)
    try:
        proofs = [prove_inclusion(tree, each.position, checkpoint.size) for each in records]
    except LookupError as error:
        raise AuditError(f"the log cannot prove anything: {error}") from error
    return checkpoint, [
        record.model_copy(update={"proof": [node.hex() for node in proof]})
        for record, proof in zip(records, proofs, strict=True)
    ]


def write_pack(
    path: Path,
    incident_id: str,
    checkpoint: Checkpoint,
    records: Sequence[SealedRecord],
    texts: Mapping[str, str],
    keys: LogKeys,
) -> None:
    """Write a pack.

    Args:
        path: The file.
        incident_id: What it is about.
        checkpoint: Above the records.
        records: With their proofs.
        texts: More files by name: the report.
        keys: Of the log; the manifest is signed with the present one.

    Raises:
        AuditError: The file cannot be written.
    """
    files = {
        README: _TEXT.format(incident=incident_id).encode(),
        KEYS: "".join(f"{key}\n" for key in keys.verifiers).encode(),
        CHECKPOINTS: checkpoint.note.encode(),
        RECORDS: b"".join(write_record(record) for record in records),
        **_readable(records),
        **{name: text.encode() for name, text in texts.items()},
    }
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()]
    files[MANIFEST] = keys.signer.sign("".join(lines)).encode()
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    except OSError as error:
        raise AuditError(f"{path}: it cannot be written: {error.strerror}") from error


def _keys_about(session: Session, incident_id: str) -> dict[str, list[str]]:
    """The keys of the records about an incident, by kind."""
    changes = select(ChangeRow.id).where(ChangeRow.incident_id == incident_id)
    incident = session.get_one(IncidentRow, incident_id)
    rule = (incident.suppression or {}).get("rule_id", "")
    wanted = {
        "fact": select(LedgerRow.id).where(LedgerRow.incident_id == incident_id),
        "delivery": select(AlertRow.delivery_id).where(AlertRow.incident_id == incident_id),
        "change": changes,
        "decision": select(DecisionRow.change_id).where(DecisionRow.change_id.in_(changes)),
        "hand_request": select(HandRequestRow.change_id).where(
            HandRequestRow.change_id.in_(changes)
        ),
        "review": select(ReviewRow.change_id).where(ReviewRow.change_id.in_(changes)),
        "review_end": select(ReviewRow.change_id).where(
            ReviewRow.change_id.in_(changes), ReviewRow.reviewed_at.is_not(None)
        ),
        "execution": select(ExecutionRow.id).where(ExecutionRow.change_id.in_(changes)),
        "runbook_version": select(ChangeRow.runbook_digest).where(
            ChangeRow.incident_id == incident_id
        ),
    }
    runbooks = select(ChangeRow.runbook_id).where(ChangeRow.incident_id == incident_id)
    digests = wanted["runbook_version"]
    templates = select(TemplateRow.id).where(TemplateRow.digest.in_(digests))
    wanted |= {
        "authorship": select(AuthorshipRow.id).where(AuthorshipRow.digest.in_(digests)),
        "runbook_signature": select(RunbookSignatureRow.id).where(
            RunbookSignatureRow.digest.in_(digests)
        ),
        "standard_template": templates,
        "standard_template_end": templates,
        "autonomy_step": select(AutonomyRow.id).where(AutonomyRow.runbook_id.in_(runbooks)),
        "caused_incident": select(CausedIncidentRow.change_id).where(
            CausedIncidentRow.change_id.in_(changes)
        ),
    }
    keys = {kind: [str(key) for key in session.scalars(query)] for kind, query in wanted.items()}
    return keys | {"suppression": [rule], "suppression_end": [rule]}


def _readable(records: Sequence[SealedRecord]) -> dict[str, bytes]:
    """Decisions and diffs as files of their own."""
    decisions: list[dict[str, Any]] = []
    diffs: dict[str, bytes] = {}
    for record in records:
        shown = {name: each.value for name, each in record.disclosed.items()}
        if record.kind == "decision" and record.leaf is not None:
            decisions.append({"change_id": record.key, **record.leaf["record"], **shown})
        elif record.kind == "execution" and record.leaf is not None:
            playbook = (shown.get("evidence") or {}).get("playbook") or {}
            text = "\n".join(
                f"# {task['host']}: {task['task']}\n{task['diff']}"
                for task in playbook.get("tasks", ())
                if task.get("diff")
            )
            if text:
                step = re.sub(r"\W", "_", str(record.leaf["record"]["name"]))
                diffs[f"diffs/{record.key}-{step}.diff"] = f"{text}\n".encode()
    return {"decisions.json": canonical_json(decisions), **diffs}
