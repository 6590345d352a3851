"""How much processor time it takes to make the DAGs of 10, 100 and 1,000 runbooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from airmend.cli.benchmarks.copies import copy_runbooks, write_plain_dags
from airmend.cli.benchmarks.figures import Bar, Figure, Floor, Unit
from airmend.cli.benchmarks.programs import costs_environment, run_costs

NAME = "parsing"
BAR = Bar(factor=1.35)
BAR_COUNT = 1000
"""The bar is set for so many; with few, what Airflow does once weighs more."""


def measure_parsing(
    project: Path,
    home: Path,
    counts: Sequence[int],
    repeats: int,
    say: Callable[[str], None],
) -> list[Figure]:
    """CPU seconds, cold and again, beside plain Python.

    Args:
        project: The checkout.
        home: Folder for the copies; made here.
        counts: How many runbooks, for each figure.
        repeats: Samples of each kind, in turns, each in a fork of its own.
        say: Takes a line about what goes on.
    """
    figures = []
    for count in counts:
        say(f"{count:,} runbooks into DAGs")
        folder = home / str(count)
        runbooks, plain, bundle = folder / "runbooks", folder / "plain", folder / "bundle"
        copy_runbooks(project / "runbooks", runbooks, count)
        write_plain_dags(runbooks, plain)
        environment = costs_environment(project, folder / "home", runbooks)
        run_costs(environment, "publish", runbooks, bundle)
        cpu_seconds = run_costs(environment, "build", runbooks, bundle, plain, repeats)
        bar = BAR if count == BAR_COUNT else None
        where: dict[str, str | int] = {"runbooks": count}
        figures += [
            Figure(
                NAME,
                "Runbooks into DAGs, first time",
                cpu_seconds["first"],
                Floor("plain Python, from source", cpu_seconds["plain"]),
                bar,
                where,
                unit=Unit.CPU_SECONDS,
            ),
            Figure(
                NAME,
                "Runbooks into DAGs, unchanged",
                cpu_seconds["again"],
                Floor("plain Python, compiled", cpu_seconds["compiled"]),
                bar,
                where,
                unit=Unit.CPU_SECONDS,
            ),
        ]
    return figures
