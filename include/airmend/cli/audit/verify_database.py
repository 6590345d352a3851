"""The live log, held against the checkpoints of the database, of the file and of the anchor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from airmend.audit.checkpoints import Checkpoint, read_checkpoint_file
from airmend.audit.keys import read_keys
from airmend.audit.notes import Verifier
from airmend.audit.reading import find_waiting, read_log, time_of_last_checkpoint
from airmend.audit.sealing import LATE_COMMIT
from airmend.audit.store import count_leaves, list_checkpoints, lock_sealing
from airmend.audit.verification import Verdict, verify_log
from airmend.cli.rule_options import records
from airmend.settings import Settings, get_settings


def verify_database(trusted: Sequence[Verifier], elsewhere: Sequence[Checkpoint]) -> Verdict:
    """Check the log of the database.

    Args:
        trusted: Keys that may have signed it; those of the key file without any.
        elsewhere: Checkpoints that were kept somewhere else.
    """
    settings = get_settings()
    kept = [*elsewhere, *_kept_checkpoints(settings)]
    keys = trusted or read_keys(settings.audit_key_path).verifiers
    with records() as database:
        with database.session() as session:
            lock_sealing(session)  # leaves and checkpoints of one moment
            checkpoints, size = list_checkpoints(session), count_leaves(session)
        verdict = verify_log(read_log(database, size), checkpoints, keys, kept)
        waiting, last = find_waiting(database), time_of_last_checkpoint(database)
    late = [each for each in waiting if last is not None and each[2] < last - LATE_COMMIT]
    for kind, name, at in late:
        verdict.add(
            None,
            f"{kind} {name}: it is of {at:%Y-%m-%d %H:%M} UTC and was put there after the log was "
            f"sealed at {last:%Y-%m-%d %H:%M} UTC, or sealing passed it over",
        )
    if count := len(waiting) - len(late):
        typer.echo(f"{count} records wait for the next seal")
    return verdict


def _kept_checkpoints(settings: Settings) -> list[Checkpoint]:
    """What the file and an anchor that is a folder hold, read before the database is."""
    paths = [settings.audit_checkpoints_path] if settings.audit_checkpoints_path.exists() else []
    if settings.audit_anchor and "://" not in settings.audit_anchor:
        paths += sorted(Path(settings.audit_anchor).glob("checkpoint-*"))
    return [each for path in paths for each in read_checkpoint_file(path)]
