"""`airmend audit`: the commands of the audit log, in one group.

`verify` of a file starts without a database, so the others import theirs when they are called.
"""

from __future__ import annotations

import typer

from airmend.cli.audit.erase import erase_command
from airmend.cli.audit.export import export_command
from airmend.cli.audit.key import key_command
from airmend.cli.audit.pack import pack_command
from airmend.cli.audit.proof import proof_command
from airmend.cli.audit.prune import prune_command
from airmend.cli.audit.seal import seal_command
from airmend.cli.audit.verify import verify_command

app = typer.Typer(
    help="Seal, export and prove what was recorded.", no_args_is_help=True, add_completion=False
)
app.command("key")(key_command)
app.command("seal")(seal_command)
app.command("export")(export_command)
app.command("verify")(verify_command)
app.command("proof")(proof_command)
app.command("pack")(pack_command)
app.command("prune")(prune_command)
app.command("erase")(erase_command)


@app.callback()
def _audit() -> None:
    """Seal, export and prove what was recorded."""
