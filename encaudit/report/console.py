"""The report in the terminal, on standard error."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from encaudit.report.headline import (
    HEADLINES,
    WORDS,
    Headline,
    between,
    controls_of,
    find,
    interval,
    number,
    own_scale,
    probes_of,
    verdict,
)
from encaudit.report.timing import time_line
from encaudit.results import Report, Skipped

NAME_WIDTH, WORDS_WIDTH, NUMBER_WIDTH = 26, 18, 17  # characters, with their padding
BY_NAME = ("half_life_px", "half_life_deg", "worst_case_ratio", "sbc_coverage_95")
STYLES = {"note": "cyan", "warning": "yellow", "error": "bold red"}


def print_report(report: Report, page: Path | None = None, console: Console | None = None) -> None:
    """Print the headline numbers, the findings, where the time went, and where the page is."""
    console = console or Console(stderr=True)
    fitting = (console.width - NAME_WIDTH - WORDS_WIDTH) // NUMBER_WIDTH
    headlines = HEADLINES[: max(fitting, 2)]
    console.print(_table(report, headlines))
    if told := own_scale(report):
        console.print(told, highlight=False)
    for (code, text), specs in _alike(report).items():
        console.print(Text.assemble((f"{', '.join(specs)}: {WORDS[code]}. ", "bold"), text), highlight=False)
    for line in _lines(report):
        console.print(line, highlight=False)
    for finding in report.findings:
        style = STYLES[finding.level]
        console.print(f"[{style}]{finding.level}[/{style}] {escape(finding.text)}", highlight=False)
    if (took := time_line(report)) is not None:
        console.print(Text(took, "dim"), highlight=False)
    if page is not None:
        console.print(Text.assemble("Report: ", (str(page), "bold")), soft_wrap=True, highlight=False)


def _alike(report: Report) -> dict[tuple[str, str], list[str]]:
    """Return the transforms that were told the same, by code and text."""
    told: dict[tuple[str, str], list[str]] = {}
    for one in report.verdicts:
        told.setdefault((one.code, one.text), []).append(one.transform)
    return told


def _lines(report: Report) -> list[str]:
    """Return the numbers that were asked for by name and stand in no table."""
    lines = []
    for one in report.measurements:
        if one.transform is None and one.metric in BY_NAME:
            if isinstance(one.value, Skipped):
                lines.append(f"{one.metric}: {one.value.skipped}")
            else:
                unit = "" if one.unit == "1" else f" {one.unit}"
                bounds = f" ({interval(one.value).replace(' ', '')})" if one.value.ci_low is not None else ""
                lines.append(f"{one.metric}: {number(one.value.median)}{unit}{bounds}, {one.value.n:,} images")
    return lines


def _table(report: Report, headlines: tuple[Headline, ...]) -> Table:
    table = Table(title="What moved? Median, and its 95 % interval", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("transform", overflow="fold", min_width=NAME_WIDTH - 2)
    for headline in headlines:
        table.add_column("\n".join(headline.title.rsplit(" ", 1)), justify="right", no_wrap=True)
    table.add_column("verdict")
    for specs in (probes_of(report), controls_of(report)):
        for spec in specs:
            word = verdict(report, spec).partition(",")[0]  # the line below the table says the rest
            table.add_row(Text(spec), *(_cell(report, one.metric, spec) for one in headlines), word)
        table.add_section()
    ends = [between(report, one.metric) for one in headlines]
    table.add_row("identity (floor)", *(number(floor) for floor, _ in ends), "", style="dim")
    table.add_row("shuffled pairs (ceiling)", *(number(ceiling) for _, ceiling in ends), "", style="dim")
    return table


def _cell(report: Report, metric: str, spec: str) -> Text:
    one = find(report, metric, spec)
    if one is None:
        return Text("–", style="dim")
    if isinstance(one.value, Skipped):
        return Text("skipped", style="dim italic")
    bounds = interval(one.value).replace(" ", "")
    return Text.assemble(number(one.value.median), ("\n" + bounds if bounds else "", "dim"))
