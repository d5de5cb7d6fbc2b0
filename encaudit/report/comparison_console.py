"""A comparison in the terminal, on standard error."""

from collections.abc import Callable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from encaudit.comparing import Comparison
from encaudit.report.comparison_words import (
    OF_PAIRS,
    Measure,
    beyond_seeds,
    described,
    is_measured,
    named,
    not_measured,
    present,
    written,
)
from encaudit.report.console import STYLES
from encaudit.report.headline import number
from encaudit.results import Skipped, Summary

NAME_WIDTH, LEAST_NAME_WIDTH = 24, 8  # characters
UNLIMITED = 10_000


def print_comparison(comparison: Comparison, page: Path | None = None, console: Console | None = None) -> None:
    """Print the runs, the pairs, the findings, and where the page is."""
    console = console or Console(stderr=True)
    measured = [one for one in present(comparison) if is_measured(comparison, one.name)]
    _print_whole(console, measured, lambda shown, width: _of_runs(comparison, shown, width))
    for line in not_measured(comparison):
        console.print(escape(line), style="dim", highlight=False)
    if comparison.pairs:
        _print_whole(console, list(OF_PAIRS), lambda shown, width: _of_pairs(comparison, shown, width))
    for finding in comparison.findings:
        style = STYLES[finding.level]
        console.print(f"[{style}]{finding.level}[/{style}] {escape(finding.text)}", highlight=False)
    if page is not None:
        console.print(Text.assemble("Comparison: ", (str(page), "bold")), soft_wrap=True, highlight=False)


def _print_whole(console: Console, measures: list[Measure], table: Callable[[list[Measure], int], Table]) -> None:
    """Print as many tables as the width asks for: no column is left out, and no cell cut, not in the narrowest one."""

    def needed(shown: list[Measure], name_width: int) -> int:
        options = console.options.update(width=UNLIMITED)
        return console.measure(table(shown, name_width), options=options).maximum

    if not measures:  # the names and kinds of the runs are all there is
        console.print(table([], NAME_WIDTH), crop=False)
    while measures:
        width = NAME_WIDTH
        while needed(measures[:1], width) > console.width and width > LEAST_NAME_WIDTH:
            width -= 1
        fitting = 1
        while fitting < len(measures) and needed(measures[: fitting + 1], width) <= console.width:
            fitting += 1
        shown, measures = measures[:fitting], measures[fitting:]
        console.print(table(shown, width), width=needed(shown, width), crop=False)


def _of_runs(comparison: Comparison, measures: list[Measure], width: int) -> Table:
    table = _table("What each run explains, and its 95 % interval", "run", measures, width)
    for run in comparison.runs:
        name = Text.assemble(run.name, "\n", (described(run), "dim"))
        table.add_row(name, *(_cell(run.measures.get(one.name), one) for one in measures))
    return table


def _of_pairs(comparison: Comparison, shown: list[Measure], width: int) -> Table:
    table = _table("How far latents agree, after alignment", "runs", shown, width)
    for pair in comparison.pairs:
        note = "differ by their seed alone" if pair.seeds else ""
        cells = [_cell(pair.measures.get(one.name), one, beyond_seeds(pair, one.name)) for one in shown]
        table.add_row(Text.assemble(named(pair), "\n", (note, "dim")), *cells)
    table.add_section()
    first = comparison.pairs[0]
    for name, limits in (
        ("another seed", first.between_seeds),
        ("the same run", first.same),
        ("unrelated", first.unrelated),
    ):
        if limits:
            table.add_row(name, *(number(limits.get(one.name)) for one in shown), style="dim")
    if any(beyond_seeds(pair, one.name) for pair in comparison.pairs for one in shown):
        table.caption = "* surely less than between seeds"
    return table


def _table(title: str, rows: str, measures: list[Measure], width: int) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, caption_justify="left")
    table.add_column(rows, overflow="fold", width=width)
    for one in measures:
        table.add_column("\n".join(one.title.rsplit(" ", 1)), justify="right", no_wrap=True)
    return table


def _cell(value: Summary | Skipped | None, measure: Measure, marked: bool = False) -> Text:
    if value is None:
        return Text("–", style="dim")
    if isinstance(value, Skipped):
        return Text("skipped", style="dim italic")
    text, bounds = written(value, measure.digits)
    return Text.assemble(text, "*" if marked else "", "\n", (bounds.replace(" ", ""), "dim"))
