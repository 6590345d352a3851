"""One round of sealing: the key, the seal, and the checkpoint handed on.

Called once a minute by the DAG `airmend-sealing`, and by `airmend audit seal`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from airmend.audit.anchors import CheckpointFile, ask_anchor, find_anchor, hand_on
from airmend.audit.keys import LogKeys, make_keys, read_keys
from airmend.audit.sealing import Sealed, seal
from airmend.audit.store import newest_checkpoint
from airmend.errors import TouchedLogError
from airmend.records.database import Database
from airmend.records.sealed import note_refused_seal
from airmend.settings import Settings


def seal_and_hand_on(
    database: Database, settings: Settings, *, now: Callable[[], datetime]
) -> Sealed:
    """Seal what was committed, and hand the newest checkpoint on.

    Raises:
        AuditError: The key is not there, the log was touched, or a checkpoint is not taken. What
            was committed waits, and intake goes on; no change begins once the log was touched or
            the anchor holds another checkpoint, or once facts have waited longer than the policy
            allows.
    """
    keys = open_keys(database, settings)
    file = CheckpointFile(settings.audit_checkpoints_path)
    anchor = find_anchor(settings.audit_anchor)
    try:
        ask_anchor(database, anchor, now=now)
        sealed = seal(database, keys.signer, earlier_keys=keys.earlier, now=now)
        hand_on(database, file, anchor, now=now)
    except TouchedLogError as error:
        with database.session() as session:
            note_refused_seal(session, str(error), at=now())
        raise
    return sealed


def open_keys(database: Database, settings: Settings) -> LogKeys:
    """The keys; made where there is no log yet.

    Raises:
        AuditError: There is a log, and its key is not there: a new one would look like a forgery.
    """
    path = settings.audit_key_path
    if not path.exists():
        with database.session() as session:
            is_new = newest_checkpoint(session) is None
        if is_new:
            return make_keys(path)
    return read_keys(path)
