"""A template that a demo, a bench or a test approves as a person would: by the command line.

Where nothing ever ran, no record can speak for a runbook. There the policy asks for no clean
runs (`WORD_ALONE`), and a named person answers for it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from airmend.errors import StackError

WORD_ALONE = {"success_bound": 0, "recurrence_horizon_seconds": 0}
"""`standard` of the policy: an approver's word is enough, and no incident is laid to a change.

The same hosts break again and again where it is used, on purpose.
"""

_PROGRAM = "from airmend.cli.main import app; app()"
SECONDS = 300.0
"""A second or two is usual; a machine that starts everything else at once is slow."""


def approve_template_by_command(
    environment: Mapping[str, str], runbook: str, *, by: str, reason: str
) -> str:
    """Run `airmend standard approve`; gives what it prints.

    Args:
        environment: Of the installation, whole.
        runbook: Its id; it has to be published.
        by: Who answers for it.
        reason: Why.

    Raises:
        StackError: It is refused.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-c", _PROGRAM, "standard", "approve", runbook),
            *("--by", by, "--reason", reason),
        ],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise StackError(f"the template of {runbook} is not approved: {done.stderr.strip()}")
    return done.stdout
