"""`airmend evaluate storm`: how well recorded alerts are grouped, and their causes named."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from airmend.errors import ConfigurationError

if TYPE_CHECKING:
    from airmend.cli.storm.measuring import CauseFigures, Measurement
    from airmend.cli.storm.recording import Recording

UNUSABLE = 2
LONGEST_SHIFT_SECONDS = 1e9
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


def storm_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="A folder with label.csv, metric/metrics.json, trace/traces.json, "
            "log/logs.json and topology.json; or alerts.jsonl, or a folder with it. Several "
            "are different systems in one stream.",
            show_default=False,
        ),
    ],
    shift: Annotated[
        float,
        typer.Option(help="Seconds by which each further system is later than the one before it."),
    ] = 0.0,
    overlap: Annotated[
        bool,
        typer.Option("--overlap", help="Let each further system begin when the first one does."),
    ] = False,
    zone: Annotated[
        str | None,
        typer.Option(
            help="Offset of the times in log lines, such as +08:00; told by label.csv when absent."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Group recorded alerts, name the causes, and compare both with the truth."""
    from airmend.cli.storm.measuring import measure
    from airmend.cli.storm.recording import put_together

    try:
        if not abs(shift) <= LONGEST_SHIFT_SECONDS:
            raise ConfigurationError(f"--shift {shift}: it is no number of seconds. Correct it.")
        recordings = read_recordings(paths, _read_zone(zone))
        storm = put_together(recordings, shift, overlap=overlap)
    except ConfigurationError as error:
        typer.echo(printable(str(error)), err=True)
        raise typer.Exit(UNUSABLE) from error
    measurement = measure(storm)
    if as_json:
        typer.echo(json.dumps(_document(storm, measurement), indent=2))
    else:
        _print(storm, measurement)


def read_recordings(paths: list[Path], zone: timezone | None) -> list[Recording]:
    """The recordings that some paths mean, each with a name of its own.

    Raises:
        ConfigurationError: A path holds no recording, or one with a mistake.
    """
    from airmend.cli.storm.alert_lines import ALERTS, read_alert_lines
    from airmend.cli.storm.fault_folder import METRICS, TRACES, is_fault_folder, read_fault_folder

    recordings: list[Recording] = []
    for path in paths:
        stem = path.resolve().name.removesuffix(".jsonl")
        taken = {recording.name for recording in recordings}
        number = next(n for n in range(1, len(paths) + 2) if _numbered(stem, n) not in taken)
        name = _numbered(stem, number)
        if is_fault_folder(path):
            recordings.append(read_fault_folder(path, name, zone))
        elif path.is_file() or (path / ALERTS).is_file():
            recordings.append(read_alert_lines(path, name))
        else:
            raise ConfigurationError(
                f"{path}: there is no recording in it. Name a folder that holds {METRICS} or "
                f"{TRACES}, or a file such as {ALERTS}."
            )
    return recordings


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"


def _read_zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    found = _OFFSET.fullmatch(text.strip())
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        raise ConfigurationError(
            f"--zone {text}: it is no offset from UTC. Write +08:00 or -03:30."
        )
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def _print(storm: Recording, measured: Measurement) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    typer.echo(f"{printable(storm.name)}: {measured.alerts:,} alerts of {measured.faults:,} faults")
    for note in storm.notes:
        typer.echo(f"  {printable(note)}")
    typer.echo()
    table = Table()
    for heading in ("What", "Airmend", "Plain", "The plain way"):
        table.add_column(heading, justify="right" if heading in {"Airmend", "Plain"} else "left")
    plain = "a gap of 120 s"
    table.add_row("groups", f"{measured.grouping.groups:,}", f"{measured.gap.groups:,}", plain)
    table.add_row(
        "adjusted Rand index",
        _number(measured.grouping.rand_index),
        _number(measured.gap.rand_index),
        plain,
    )
    for what, figure in (("first", "top_1"), ("among the first three", "top_3")):
        table.add_row(
            f"cause {what}",
            _share(measured.causes, figure),
            _share(measured.most_alerts, figure),
            "the item with most alerts",
        )
    for level, figures in measured.causes_by_level.items():
        table.add_row(
            escape(f"  of {figures.faults} at the level {printable(level)}"),
            f"{_share(figures, 'top_1')}, {_share(figures, 'top_3')}",
            "",
            "",
        )
    table.add_row("time to group", f"{measured.grouping_seconds:.1f} s", "", "")
    table.add_row("time to rank", f"{measured.ranking_seconds:.1f} s", "", "")
    Console().print(table)


def printable(text: str) -> str:
    """A text from a file, without what a terminal would obey or could not show."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(figures: CauseFigures | None, name: str) -> str:
    return "-" if figures is None else f"{getattr(figures, name):.0%}"


def _document(storm: Recording, measured: Measurement) -> dict[str, Any]:
    """Everything that was measured, as plain data."""
    return {"systems": storm.name, "notes": list(storm.notes), **asdict(measured)}
