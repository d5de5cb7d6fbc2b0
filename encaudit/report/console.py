"""The report in the terminal, on standard error."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from encaudit.report.headline import HEADLINES, between, find, interval, number, specs_of, verdict
from encaudit.results import Report, Skipped

STYLES = {"note": "cyan", "warning": "yellow", "error": "bold red"}


def print_report(report: Report, page: Path | None = None, console: Console | None = None) -> None:
    """Print the headline numbers, the findings, and where the page is."""
    console = console or Console(stderr=True)
    console.print(_table(report))
    for finding in report.findings:
        style = STYLES[finding.level]
        console.print(f"[{style}]{finding.level}[/{style}] {escape(finding.text)}", highlight=False)
    if page is not None:
        console.print(Text.assemble("Report: ", (str(page), "bold")), soft_wrap=True, highlight=False)


def _table(report: Report) -> Table:
    table = Table(title="What moved?", title_justify="left", caption="median [dim]95 % interval[/dim]")
    table.add_column("transform", overflow="fold")
    for headline in HEADLINES:
        table.add_column(headline.title, justify="right")
    table.add_column("in words")
    for spec in specs_of(report):
        table.add_row(Text(spec), *(_cell(report, one.metric, spec) for one in HEADLINES), verdict(report, spec))
    table.add_section()
    ends = [between(report, one.metric) for one in HEADLINES]
    table.add_row("identity (floor)", *(number(floor) for floor, _ in ends), "", style="dim")
    table.add_row("shuffled pairs (ceiling)", *(number(ceiling) for _, ceiling in ends), "", style="dim")
    return table


def _cell(report: Report, metric: str, spec: str) -> Text:
    one = find(report, metric, spec)
    if one is None:
        return Text("–", style="dim")
    if isinstance(one.value, Skipped):
        return Text("skipped", style="dim italic")
    return Text.assemble(number(one.value.median), "\n", (interval(one.value), "dim"))
