"""A comparison in the terminal, on standard error."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from encaudit.comparing import Comparison
from encaudit.report.comparison_words import OF_PAIRS, Measure, beyond_seeds, described, named, present, written
from encaudit.report.console import STYLES
from encaudit.report.headline import number
from encaudit.results import Skipped, Summary

NAME_WIDTH, NUMBER_WIDTH = 26, 15  # characters, with their padding


def print_comparison(comparison: Comparison, page: Path | None = None, console: Console | None = None) -> None:
    """Print the runs, the pairs, the findings, and where the page is."""
    console = console or Console(stderr=True)
    fitting = max((console.width - NAME_WIDTH) // NUMBER_WIDTH, 2)
    console.print(_of_runs(comparison, fitting))
    for line in _not_measured(comparison):
        console.print(line, style="dim", highlight=False)
    if comparison.pairs:
        console.print(_of_pairs(comparison, fitting))
    for finding in comparison.findings:
        style = STYLES[finding.level]
        console.print(f"[{style}]{finding.level}[/{style}] {escape(finding.text)}", highlight=False)
    if page is not None:
        console.print(Text.assemble("Comparison: ", (str(page), "bold")), soft_wrap=True, highlight=False)


def _of_runs(comparison: Comparison, fitting: int) -> Table:
    measured = [one for one in present(comparison) if any(_is_number(run.measures, one) for run in comparison.runs)]
    table = _table("What each run explains, and its 95 % interval", "run", measured[:fitting])
    for run in comparison.runs:
        name = Text.assemble(run.name, "\n", (described(run), "dim"))
        table.add_row(name, *(_cell(run.measures.get(one.name), one) for one in measured[:fitting]))
    return table


def _not_measured(comparison: Comparison) -> list[str]:
    """Return why measures that some run could have had are missing in all."""
    lines = []
    for one in present(comparison):
        values = [run.measures.get(one.name) for run in comparison.runs]
        skipped = next((value for value in values if isinstance(value, Skipped)), None)
        if skipped is not None and not any(isinstance(value, Summary) for value in values):
            lines.append(escape(f"{one.title} ({one.name}): not measured, {skipped.skipped}."))
    return lines


def _of_pairs(comparison: Comparison, fitting: int) -> Table:
    shown = OF_PAIRS[:fitting]
    table = _table("How far latents agree, after alignment", "runs", shown)
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


def _table(title: str, rows: str, measures: tuple[Measure, ...] | list[Measure]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, caption_justify="left")
    table.add_column(rows, overflow="fold", min_width=NAME_WIDTH - 2)
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


def _is_number(measures: dict[str, Summary | Skipped], measure: Measure) -> bool:
    return isinstance(measures.get(measure.name), Summary)
