"""`airmend audit seal`: what the DAG `airmend-sealing` does once a minute, now."""

from __future__ import annotations

from datetime import UTC, datetime

import typer


def seal_command() -> None:
    """Seal what was recorded, and hand the newest checkpoint on."""
    from airmend.audit.upkeep import seal_and_hand_on
    from airmend.cli.rule_options import records
    from airmend.settings import get_settings

    with records() as database:
        sealed = seal_and_hand_on(database, get_settings(), now=lambda: datetime.now(UTC))
    size = sealed.checkpoint.size if sealed.checkpoint else 0
    typer.echo(f"{sealed.count} records sealed; the log has {size}")
    if sealed.checkpoint:
        typer.echo(sealed.checkpoint.note, nl=False)
