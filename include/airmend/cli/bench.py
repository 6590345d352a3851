"""`airmend bench`: measure Airmend on the machine at hand, each figure beside its floor."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from airmend.cli.benchmarks import intake, parsing, remediation, task_load
from airmend.cli.benchmarks.figures import Figure
from airmend.cli.benchmarks.hops import Hop
from airmend.cli.benchmarks.laboratory import open_laboratory
from airmend.cli.benchmarks.machine import MachineFacts, look_at_machine
from airmend.cli.benchmarks.postgres import bench_databases
from airmend.cli.benchmarks.table import bench_document, figures_table, hops_table
from airmend.cli.environment import find_project

COUNTS = (10, 100, 1000)
QUICK_COUNTS = (10, 100)

PIPE_WIDTH = 160  # where no terminal says how wide it is, the table is shown whole


class Only(StrEnum):
    """What can be measured alone."""

    REMEDIATION = "remediation"  # with the intake and the first Ansible task
    PARSING = "parsing"
    TASK_LOAD = "task-load"


class Databases(StrEnum):
    """Where remediations are measured."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    BOTH = "both"


def bench_command(
    only: Annotated[Only | None, typer.Option("--only", help="Measure this alone.")] = None,
    database: Annotated[
        Databases, typer.Option("--database", help="Where remediations are measured.")
    ] = Databases.BOTH,
    incidents: Annotated[
        int, typer.Option("--incidents", min=1, help="Remediations on each database.")
    ] = 10,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Samples of each other figure.")
    ] = 5,
    quick: Annotated[
        bool, typer.Option("--quick", help="A look in two minutes; no figures to quote.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything that was measured here.")
    ] = None,
) -> None:
    """Measure speed. Quote ratios and medians, from one run, on a machine that is idle."""
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    project = find_project(Path.cwd())
    home = project / ".airmend/bench"
    machine = look_at_machine()
    console.print(str(machine))
    if machine.is_busy:
        console.print("[yellow]Something else is at work here: the figures mean little.[/]")
    if quick:
        incidents, repeats = min(incidents, 2), 1
    counts = QUICK_COUNTS if quick else COUNTS
    figures: list[Figure] = []
    hops: dict[str, list[Hop]] = {}

    def say(line: str) -> None:
        console.print(f"[dim]{line}[/]")

    try:
        if only in (None, Only.PARSING):
            figures += parsing.measure_parsing(project, home / "parsing", counts, repeats, say)
        if only in (None, Only.TASK_LOAD):
            figures += task_load.measure_task_load(
                project, home / "task-load", counts, repeats, say
            )
        if only in (None, Only.REMEDIATION):
            for name, variables in _databases(database):
                say(f"starting Airflow on {name}")
                found, trace = _measure_incidents(
                    project, home / name, name, variables, incidents, console
                )
                figures += found
                hops[name] = trace
    finally:
        shutil.rmtree(home, ignore_errors=True)
    _show(console, figures, hops)
    if json_file is not None:
        _write(json_file, figures, hops, machine)


def _databases(wanted: Databases) -> Iterator[tuple[str, dict[str, str]]]:
    if wanted in (Databases.SQLITE, Databases.BOTH):
        yield "sqlite", {}
    if wanted in (Databases.POSTGRESQL, Databases.BOTH):
        with bench_databases(os.environ) as variables:
            yield "postgresql", variables


def _measure_incidents(
    project: Path,
    home: Path,
    name: str,
    variables: dict[str, str],
    incidents: int,
    console: Console,
) -> tuple[list[Figure], list[Hop]]:
    def say(line: str) -> None:
        console.print(f"[dim]{name}: {line}[/]")

    where: dict[str, str | int] = {"database": name}
    with open_laboratory(project, home, variables) as laboratory:
        measured = remediation.measure_remediations(laboratory, incidents, say)
        unmatched, floor = intake.measure_unmatched(laboratory, incidents)
    matched = [each.to_answer for each in measured]
    return (
        [
            *intake.intake_figures(unmatched, matched, floor, where),
            *remediation.remediation_figures(measured, name, where),
        ],
        remediation.remediation_hops(measured),
    )


def _show(console: Console, figures: Sequence[Figure], hops: dict[str, list[Hop]]) -> None:
    console.print(figures_table(figures))
    for name, trace in hops.items():
        console.print(hops_table(name, trace))


def _write(
    path: Path, figures: Sequence[Figure], hops: dict[str, list[Hop]], machine: MachineFacts
) -> None:
    traces: dict[str, Sequence[Hop]] = dict(hops)
    document = bench_document(figures, traces, machine, "make bench")
    path.write_text(json.dumps(document, indent=2) + "\n")
