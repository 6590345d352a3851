"""What the demo says at its end: expected beside seen, and where to look now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from airmend.cli.demo.approvals import APPROVER
from airmend.cli.demo.board import WIDE_COLUMNS
from airmend.cli.demo.cases import Case
from airmend.cli.demo.findings import Finding, report_file
from airmend.review.wording import make_printable

Findings = Mapping[str, Sequence[Finding]]
"""What was looked at, by the name of the scenario."""


def draw_title(home: str) -> Text:
    """What is going to happen, and where it is written."""
    title = Text("Airmend demo\n", style="bold")
    title.append(
        "A small shop on three web servers breaks in three ways; Airflow and Ansible repair it.\n"
        f"Everything lies below {home}.\n",
        style="not bold dim",
    )
    return title


def came_out_right(findings: Findings) -> bool:
    """Whether there is something to judge, and all of it is as it should be."""
    return bool(findings) and all(
        bool(each) and all(finding.ok for finding in each) for each in findings.values()
    )


def draw_findings(findings: Findings, *, columns: int) -> Table:
    """One line for everything that was looked at.

    Args:
        findings: In the order in which they are shown.
        columns: Of the terminal; 80 are enough.
    """
    narrow = columns < WIDE_COLUMNS
    table = Table(
        box=box.SIMPLE if narrow else box.ROUNDED,
        show_edge=not narrow,
        padding=0 if narrow else (0, 1),
        border_style="bright_black",
        header_style="bold",
    )
    for title in ("incident", "", "checked", "expected", "seen"):
        table.add_column(title, overflow="fold")
    for name, entries in findings.items():
        for number, finding in enumerate(entries):
            style = "" if finding.ok else "bold red"
            table.add_row(
                Text(name if number == 0 else "", style="bold"),
                Text("✔", style="green") if finding.ok else Text("✘", style="bold red"),
                Text(finding.what, style=style),
                Text(finding.expected, style="dim" if finding.ok else style),
                Text(make_printable(finding.seen), style=style),
            )
        table.add_section()
    return table


def draw_verdict(findings: Findings, seconds: float) -> Text:
    """One sentence: did everything come out as it should?"""
    wrong = sum(not finding.ok for each in findings.values() for finding in each)
    if came_out_right(findings):
        text = f"✔ Everything came out as it should, {seconds:.0f} s after the start."
        return Text(text, style="bold green")
    return Text(f"✘ {wrong or 'Some'} of it did not come out as it should.", style="bold red")


def draw_places(
    cases: Sequence[Case], *, base_url: str, password_file: str, reports: str, running: bool
) -> RenderableType:
    """Where to look now.

    Args:
        cases: The incidents.
        base_url: Where people reach Airflow.
        password_file: Of the local users.
        reports: Folder of the reports.
        running: Whether Airflow can still be looked at.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    url = base_url.rstrip("/")
    if running:
        table.add_row("Airflow", _link(url))
        table.add_row("log in", f"user {APPROVER}, password in {password_file}")
        table.add_row("incidents", _link(f"{url}/plugin/airmend-incidents"))
    names = [case.scenario.runbook_id for case in cases if case.incident_id]
    files = [str(report_file(Path(reports), c.incident_id, "html")) for c in cases if c.incident_id]
    for number, (name, file) in enumerate(zip(names, files, strict=True)):
        line = Text(file)
        line.append(f"  {name}", style="dim")
        table.add_row("reports" if number == 0 else "", line)
    if files:
        table.add_row("", Text("the same as .json and .md beside each", style="dim"))
    return Group(Text(), table)


def draw_logs(home: str) -> Text:
    """Where to look when something went wrong."""
    return Text(
        f"Logs of Airflow: {home}/logs/*.log\n"
        f"Logs of the tasks: {home}/airflow/logs/dag_id=*/run_id=*/\n"
        f"Logs of the shop: {home}/estate/web-*/log/shop.log",
        style="yellow",
    )


def _link(url: str) -> Text:
    return Text(url, style=f"underline cyan link {url}")
