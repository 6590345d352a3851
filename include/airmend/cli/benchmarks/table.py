"""Figures as people read them and as programs do: one table, one JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from airmend.cli.benchmarks.figures import Figure, Unit
from airmend.cli.benchmarks.hops import Hop
from airmend.cli.benchmarks.machine import MachineFacts


def figures_table(figures: Sequence[Figure]) -> Table:
    """All figures, each with its floor and its bar."""
    table = Table(title="Airmend's speed, each figure beside its floor", title_justify="left")
    for heading in ("What", "p50", "p95", "n", "Floor", "p50", "Ratio", "Bar", ""):
        is_number = heading in {"p50", "p95", "n", "Ratio"}
        table.add_column(
            heading, justify="right" if is_number else "left", no_wrap=is_number or not heading
        )
    for number, figure in enumerate(figures):
        follows = number + 1 < len(figures)
        table.add_row(
            *figure_cells(figure),
            end_section=follows and figures[number + 1].measurement != figure.measurement,
        )
    return table


def figure_cells(figure: Figure) -> list[str]:
    """One row of the table."""
    where = ", ".join(
        value if isinstance(value, str) else f"{value:,} {name}"
        for name, value in figure.conditions.items()
    )
    return [
        figure.label
        + (" CPU" if figure.unit is Unit.CPU_SECONDS else "")
        + (f"\n[dim]{where}[/]" if where else ""),
        amount(figure.p50, figure.unit),
        amount(figure.p95, figure.unit),
        str(len(figure.samples)),
        figure.floor.label if figure.floor else "",
        amount(figure.floor.p50, figure.unit) if figure.floor else "",
        f"{figure.ratio:.2f}" if figure.ratio else "",
        str(figure.bar) if figure.bar else "",
        {True: "[green]within[/]", False: "[red]over[/]", None: ""}[figure.passed],
    ]


def hops_table(database: str, hops: Sequence[Hop]) -> Table:
    """Where the time of a remediation goes, task by task."""
    table = Table(
        title=f"One remediation, hop by hop, medians in ms ({database})", title_justify="left"
    )
    for heading in ("Task", "Queued after", "Started after", "Ran", "of it Ansible", "Ours"):
        table.add_column(heading, justify="left" if heading == "Task" else "right")
    for hop in hops:
        table.add_row(
            hop.task,
            *(
                "" if value is None else f"{value * 1000:.0f}"
                for value in (hop.queue_wait, hop.start_wait, hop.ran, hop.ansible, hop.ours)
            ),
        )
    return table


def bench_document(
    figures: Sequence[Figure], hops: dict[str, Sequence[Hop]], machine: MachineFacts, command: str
) -> dict[str, Any]:
    """Everything that was measured, as plain data."""
    return {
        "command": command,
        "machine": machine.document(),
        "figures": [figure.document() for figure in figures],
        "hops": {database: [hop.document() for hop in each] for database, each in hops.items()},
    }


def amount(value: float, unit: Unit) -> str:
    """A value for people."""
    return f"{value:,.0f} MiB" if unit is Unit.MEBIBYTES else seconds(value)


def seconds(value: float) -> str:
    """A duration for people: `12.3 ms` below a second, `1.23 s` from there on."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.{0 if value >= 0.1 else 1}f} ms"
