"""`airmend risk` starts fast: scikit-learn takes seconds, and most of its commands need none."""

from __future__ import annotations

import subprocess
import sys


def test_the_commands_import_no_scikit_learn_before_they_need_it() -> None:
    code = (
        "import sys; from airmend.cli.main import load_command; load_command('risk'); "
        "import airmend.change.learning.prediction, airmend.change.learning.store; "
        "print(sorted({'sklearn', 'skops', 'numpy', 'airflow', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
