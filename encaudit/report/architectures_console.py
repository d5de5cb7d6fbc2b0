"""A comparison of audits in the terminal, on standard error."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from encaudit.architectures import ArchitectureComparison, Pair
from encaudit.report.architectures_words import bounds, brief, changed, counted, spec_of, told_first
from encaudit.report.console import STYLES
from encaudit.report.headline import number

FOLDER = ".encaudit"  # how an audit's folder ends unless told otherwise
COLOURS = {"better": "green", "worse": "red", "undecided": "dim"}


def print_architectures(
    comparison: ArchitectureComparison, page: Path | None = None, console: Console | None = None
) -> None:
    """Print what differs in the leading metrics, how many were judged how, the findings, and where the page is."""
    console = console or Console(stderr=True)
    for pair in comparison.pairs:
        console.print(_table(pair))
        for transform in pair.transforms():
            line = Text.assemble((f"{spec_of(transform)}: ", "bold"), f"{counted(pair, transform)}.")
            console.print(line, highlight=False)
        if any(row.more_images is not None for row in told_first(pair)):
            console.print(Text("+N: about how many more images would decide it.", "dim"), highlight=False)
        if any(not row.paired for row in told_first(pair)):
            console.print(Text("*: not image by image, but from the two audits' own intervals, so wider.", "dim"))
    for finding in comparison.findings:
        style = STYLES[finding.level]
        console.print(f"[{style}]{finding.level}[/{style}] {escape(finding.text)}", highlight=False)
    if page is not None:
        console.print(Text.assemble("Comparison: ", (str(page), "bold")), soft_wrap=True, highlight=False)


def _table(pair: Pair) -> Table:
    table = Table(
        title=f"{pair.other} against {pair.one}: {pair.images:,} images",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),  # so that intervals stay in one line of 80 characters
    )
    table.add_column("metric", no_wrap=True)
    for title in (pair.one, pair.other):
        table.add_column(title.removesuffix(FOLDER), justify="right", overflow="fold", min_width=8)
    table.add_column("change (95 %)", no_wrap=True)
    table.add_column("verdict", min_width=len("undecided,"))
    rows = told_first(pair)
    for transform in pair.transforms():
        mine = [row for row in rows if row.transform == transform]
        if mine:
            table.add_row(Text(spec_of(transform), "bold"))
        for row in mine:
            word = Text(brief(row), COLOURS.get(row.verdict or "", ""))
            table.add_row(f"  {row.metric}", number(row.one), number(row.other), bounds(row) or changed(row), word)
    return table
