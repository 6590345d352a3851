"""`airmend test`: run the cases of runbooks, without Airflow, Ansible or a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from airmend.cli.lint import MISTAKES, OK, UNUSABLE, count, find_runbook_folders
from airmend.errors import ConfigurationError
from airmend.runbook.cases import check_case, find_cases, load_cases, run_case
from airmend.runbook.catalog import LoadedRunbook, check_runbook
from airmend.runbook.model import RunbookVersion
from airmend.settings import get_settings

__all__ = ["load_cases", "run_case", "run_cases", "test_command"]


def test_command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Runbook folders, or folders that hold them; the configured folder when absent.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the cases beside the runbooks: an incident in, the expected plan out."""
    raise typer.Exit(run_cases(paths or [get_settings().runbooks_dir]))


# pytest takes a function of this name for a test where a test module imports it
test_command.__test__ = False  # type: ignore[attr-defined]


def run_cases(paths: Sequence[Path]) -> int:
    """Print for each case of some runbooks whether it came out as expected.

    A case that should match is tried against all runbooks of `paths` together, so that two
    runbooks which claim the same incident are found here and not at night.

    Returns:
        The exit code: 0 when all passed, 1 when one did not or a file has a mistake, 2 when
        there was nothing to run.
    """
    try:
        folders = find_runbook_folders(paths)
    except ConfigurationError as error:
        typer.echo(str(error), err=True)
        return UNUSABLE
    runbooks: dict[Path, RunbookVersion] = {}
    failures: list[str] = []
    for folder in folders:
        result = check_runbook(folder)
        if isinstance(result, LoadedRunbook):
            runbooks[folder] = result.version
        else:
            failures += map(str, result)
    passed = failed = 0
    for folder, runbook in runbooks.items():
        typer.echo(runbook.runbook.id)
        for path in find_cases(folder):
            differences = _run(path, runbook, runbooks.values())
            passed, failed = passed + (not differences), failed + bool(differences)
            typer.echo(f"  {'failed' if differences else 'passed'}  {path.stem.replace('_', ' ')}")
            for difference in differences:
                typer.echo(f"          {difference}")
    for failure in failures:
        typer.echo(failure)
    mistakes = f", {count(len(failures), 'mistake')} in runbooks" if failures else ""
    typer.echo(f"{count(passed, 'case')} passed, {failed} failed{mistakes}")
    if failed or failures:
        return MISTAKES
    return OK if passed else UNUSABLE


def _run(path: Path, runbook: RunbookVersion, rivals: Iterable[RunbookVersion]) -> list[str]:
    case = check_case(path)
    if isinstance(case, list):
        return [str(mistake) for mistake in case]
    return run_case(case, runbook, list(rivals))
