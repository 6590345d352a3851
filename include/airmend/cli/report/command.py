"""`airmend report`: lists reports, shows one, and takes what people add to one.

`airmend report INC-...` shows a report, as it always did; the other commands have names.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from airmend.cli.report.dora import dora_command
from airmend.cli.report.prose import prose_command
from airmend.cli.report.remake import remake_command
from airmend.cli.report.show import show_command
from airmend.cli.report.statements import classify_command, submitted_command


class ShowUnlessNamed(TyperGroup):
    """A group in which an id, an option or nothing means `show`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before what names no command."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ShowUnlessNamed,
    help="Show a report, or list them newest first; record what people add to one.",
    add_completion=False,
)
app.command("show")(show_command)
app.command("dora")(dora_command)
app.command("classify")(classify_command)
app.command("submitted")(submitted_command)
app.command("prose")(prose_command)
app.command("remake")(remake_command)


@app.callback()
def _report() -> None:
    """Show a report, or list them newest first; record what people add to one."""
