"""`airmend bench`: measure speed on this machine, each figure beside its floor."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from airmend.cli.benchmarks import (
    intake,
    matching,
    parsing,
    postgres,
    remediation,
    storm,
    task_load,
    throughput,
)
from airmend.cli.benchmarks.figures import Figure
from airmend.cli.benchmarks.hops import Hop
from airmend.cli.benchmarks.laboratory import open_laboratory
from airmend.cli.benchmarks.machine import look_at_machine
from airmend.cli.benchmarks.matching import measure_matching
from airmend.cli.benchmarks.parsing import measure_parsing
from airmend.cli.benchmarks.table import bench_document, figures_table, hops_table
from airmend.cli.benchmarks.task_load import measure_task_load
from airmend.cli.environment import find_project
from airmend.cli.interrupts import stopping_on_signals

COUNTS, QUICK_COUNTS = (10, 100, 1000), (10, 100)
PARSING_REPEATS, QUICK_PARSING_REPEATS = 5, 3
LOAD_REPEATS = 20
MATCHING_REPEATS = 20
QUICK_INCIDENTS = 3
ROUNDS, DELIVERIES = 5, 4_000
QUICK_ROUNDS, QUICK_DELIVERIES = 3, 500
PIPE_WIDTH = 132
"""Columns of the tables where nothing says how many there are."""


class Measurement(StrEnum):
    """What can be measured alone."""

    INTAKE = intake.NAME
    FIRST_TASK = remediation.FIRST_TASK
    REMEDIATION = remediation.NAME
    MATCHING = matching.NAME
    PARSING = parsing.NAME
    TASK_LOAD = task_load.NAME
    THROUGHPUT = throughput.NAME
    STORM = storm.NAME


class DatabaseKind(StrEnum):
    """Where Airflow's metadata and Airmend's records are."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    BOTH = "both"

    @property
    def each(self) -> tuple[str, ...]:
        """The databases one by one."""
        return ("sqlite", "postgresql") if self is DatabaseKind.BOTH else (self.value,)


RUNNING = frozenset({Measurement.INTAKE, Measurement.FIRST_TASK, Measurement.REMEDIATION})
"""These need a whole Airmend that runs, and come from the same incidents."""

TAKING_IN = frozenset({Measurement.THROUGHPUT, Measurement.STORM})
"""These need the process of the webhooks alone."""


@dataclass
class Results:
    """What was measured so far."""

    figures: list[Figure] = field(default_factory=list)
    hops: dict[str, Sequence[Hop]] = field(default_factory=dict)


def bench_command(
    incidents: Annotated[
        int, typer.Option(min=1, help="Incidents that are repaired, on each database.")
    ] = 10,
    database: Annotated[
        DatabaseKind,
        typer.Option(
            help="Where Airflow and Airmend keep their data. PostgreSQL is the server that "
            "AIRMEND_BENCH_POSTGRESQL_URL names, or a private one from this machine's packages."
        ),
    ] = DatabaseKind.BOTH,
    only: Annotated[
        list[Measurement] | None, typer.Option(help="Measure this alone; may be given again.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every sample to this file too.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer of everything: to try it, not to compare.")
    ] = False,
) -> None:
    """Measure speed on this machine, each figure beside its floor.

    Starts everything that it needs (Airflow, an estate that breaks, PostgreSQL) in a folder of
    its own, .airmend/bench, and removes it at the end. Ends with 1 when a figure is over its
    bar. Other work on the machine makes the figures worthless; the load is printed with them.
    """
    project = find_project(Path.cwd())
    wanted = set(only or Measurement)
    count = min(incidents, QUICK_INCIDENTS) if quick else incidents
    machine = look_at_machine()
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    progress = Console(stderr=True)
    home = project / ".airmend" / "bench"
    shutil.rmtree(home, ignore_errors=True)
    results = Results()
    with stopping_on_signals():
        for each in _usable(database, progress) if wanted & (RUNNING | TAKING_IN) else ():
            if wanted & RUNNING:
                _measure_running(project, home / each, each, count, results, progress)
            if wanted & TAKING_IN:
                _measure_intake(project, home / f"intake-{each}", each, wanted, quick, results)
        if Measurement.MATCHING in wanted:
            counts = QUICK_COUNTS if quick else COUNTS
            results.figures += measure_matching(project, counts, MATCHING_REPEATS, progress.print)
        if Measurement.PARSING in wanted:
            results.figures += measure_parsing(
                project,
                home / "parsing",
                QUICK_COUNTS if quick else COUNTS,
                QUICK_PARSING_REPEATS if quick else PARSING_REPEATS,
                progress.print,
            )
        if Measurement.TASK_LOAD in wanted:
            results.figures += measure_task_load(
                project,
                home / "task-load",
                QUICK_COUNTS if quick else COUNTS,
                LOAD_REPEATS,
                progress.print,
            )
    shutil.rmtree(home, ignore_errors=True)
    shown = [figure for figure in results.figures if figure.measurement in wanted]
    console.print(figures_table(shown))
    if Measurement.REMEDIATION in wanted:
        for each, hops in results.hops.items():
            console.print(hops_table(each, hops))
    console.print(str(machine))
    if machine.is_busy:
        console.print("[yellow]The machine was busy: run it again when it is not.[/]")
    if json_file is not None:
        command = " ".join(["airmend", *sys.argv[1:]])
        document = bench_document(shown, results.hops, machine, command)
        json_file.write_text(f"{json.dumps(document, indent=2)}\n", encoding="utf-8")
    if any(figure.passed is False for figure in shown):
        raise typer.Exit(1)


def _usable(database: DatabaseKind, progress: Console) -> tuple[str, ...]:
    """The databases one by one; of both, PostgreSQL is left out where there is none."""
    if database is DatabaseKind.BOTH and not postgres.is_available(os.environ):
        progress.print(f"[yellow]PostgreSQL is left out: {postgres.MISSING}[/]")
        return ("sqlite",)
    return database.each


def _databases(database: str) -> AbstractContextManager[Mapping[str, str]]:
    """New databases, and the variables that name them; none for SQLite, which is a file."""
    if database == "postgresql":
        return postgres.bench_databases(os.environ)
    return nullcontext({})


def _measure_running(
    project: Path,
    home: Path,
    database: str,
    incidents: int,
    results: Results,
    progress: Console,
) -> None:
    """Everything that needs a running Airmend, from the same incidents on one database."""
    progress.print(f"Airmend on {database}: starting")
    where: dict[str, str | int] = {"database": database}
    with _databases(database) as variables, open_laboratory(project, home, variables) as laboratory:
        unmatched, floor = intake.measure_unmatched(laboratory, incidents)
        measured = remediation.measure_remediations(laboratory, incidents, progress.print)
    answers = [each.to_answer for each in measured]
    results.figures += intake.intake_figures(unmatched, answers, floor, where)
    results.figures += remediation.remediation_figures(measured, database, where)
    results.hops[database] = remediation.remediation_hops(measured)


def _measure_intake(
    project: Path,
    home: Path,
    database: str,
    wanted: set[Measurement],
    quick: bool,
    results: Results,
) -> None:
    """Deliveries a second, and a storm, each on records of its own."""
    progress, where = Console(stderr=True), {"database": database}
    for each in sorted(wanted & TAKING_IN):
        place = home / each
        place.mkdir(parents=True)
        with _databases(database) as variables:
            floor = postgres.floor_address(variables) if variables else str(place / "floor.db")
            progress.print(f"intake on {database}: {each}")
            if each is Measurement.THROUGHPUT:
                rates = throughput.measure_rates(
                    project,
                    place,
                    variables,
                    floor,
                    rounds=QUICK_ROUNDS if quick else ROUNDS,
                    requests=QUICK_DELIVERIES if quick else DELIVERIES,
                    say=progress.print,
                )
                results.figures += throughput.throughput_figures(rates, dict(where))
            else:
                results.figures += storm.measure_storm(
                    project,
                    place,
                    variables,
                    floor,
                    alerts=storm.QUICK_ALERTS if quick else storm.ALERTS,
                    say=progress.print,
                    where=dict(where),
                )
