"""What a task's process pays to load its one DAG, among 10, 100 and 1,000 runbooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from airmend.cli.benchmarks.copies import copy_runbooks, write_plain_dags
from airmend.cli.benchmarks.figures import Bar, Figure, Floor, Unit
from airmend.cli.benchmarks.programs import costs_environment, run_costs

NAME = "task-load"
BAR = Bar(seconds=0.3)
DAG_FILE = "remediation.py"
COLD_REPEATS = 3  # a cold start takes seconds of imports, nearly all of them Airflow's own


def measure_task_load(
    project: Path,
    home: Path,
    counts: Sequence[int],
    repeats: int,
    say: Callable[[str], None],
) -> list[Figure]:
    """Seconds from the fork of a task's process until it has its DAG, and cold CPU seconds.

    The floor is the same DAG alone in a Python file.

    Args:
        project: The checkout.
        home: Folder for the copies; made here.
        counts: Among how many runbooks, for each figure.
        repeats: Forks for each figure.
        say: Takes a line about what goes on.
    """
    figures = []
    for count in counts:
        say(f"one DAG among {count:,}, in a task's process")
        folder = home / str(count)
        runbooks, plain, bundle = folder / "runbooks", folder / "plain", folder / "bundle"
        copy_runbooks(project / "runbooks", runbooks, count)
        write_plain_dags(runbooks, plain)
        environment = costs_environment(project, folder / "home", runbooks)
        run_costs(environment, "publish", runbooks, bundle)
        dag_id = sorted(path.stem for path in plain.glob("*.py"))[count // 2]
        ours = (bundle, DAG_FILE, dag_id)
        floor = (plain, f"{dag_id}.py", dag_id)
        where: dict[str, str | int] = {"runbooks": count}
        figures += [
            Figure(
                NAME,
                "One DAG in a task's process",
                run_costs(environment, "load-forked", *ours, repeats)["seconds"],
                Floor(
                    "the DAG in plain Python",
                    run_costs(environment, "load-forked", *floor, repeats)["seconds"],
                ),
                BAR,
                where,
            ),
            Figure(
                NAME,
                "One DAG, nothing imported",
                [
                    run_costs(environment, "load-cold", *ours)["cpu_seconds"]
                    for _ in range(COLD_REPEATS)
                ],
                Floor(
                    "the DAG in plain Python",
                    [
                        run_costs(environment, "load-cold", *floor)["cpu_seconds"]
                        for _ in range(COLD_REPEATS)
                    ],
                ),
                None,
                where,
                unit=Unit.CPU_SECONDS,
            ),
        ]
    return figures
