"""A comparison as one page that needs nothing else: no network, no other file."""

import math
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from encaudit.comparing import Comparison, PairReport, RunReport
from encaudit.report.comparison_words import (
    OF_PAIRS,
    OF_RUNS,
    Measure,
    beyond_seeds,
    described,
    named,
    not_measured,
    present,
    written,
)
from encaudit.report.headline import number
from encaudit.report.html import Cell, place, source_of
from encaudit.results import Skipped, Summary

MOST_COLUMNS = 6  # of a number and its interval, beside the name of a run


def render_comparison(comparison: Comparison, figures: Mapping[str, bytes]) -> str:
    """Return the page; ``figures`` are PNGs by the names that ``figures.comparison`` gives them."""
    environment = Environment(
        loader=PackageLoader("encaudit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number}
    columns = present(comparison)
    return environment.get_template("comparison.html.j2").render(
        comparison=comparison,
        columns=columns,
        pair_columns=OF_PAIRS,
        meanings=[one for one in (*OF_RUNS, *OF_PAIRS) if one in columns or one in OF_PAIRS],
        not_measured=not_measured(comparison),
        described=described,
        named=named,
        column_groups=_side_by_side(columns),
        run_cell=_of_run,
        pair_cells={named(pair): [_of_pair(pair, one) for one in OF_PAIRS] for pair in comparison.pairs},
        beyond={named(pair): [beyond_seeds(pair, one.name) for one in OF_PAIRS] for pair in comparison.pairs},
        ends=_ends(comparison),
        latents=source_of(figures, "latents"),
        losses=source_of(figures, "losses"),
    )


def _side_by_side(columns: list[Measure]) -> list[list[Measure]]:
    """Return the columns in as many tables as fit the page, each of about as many."""
    tables = max(1, math.ceil(len(columns) / MOST_COLUMNS))
    each = math.ceil(len(columns) / tables)
    return [columns[start : start + each] for start in range(0, len(columns), each)]


def _of_run(run: RunReport, measure: Measure) -> Cell:
    return _cell(run.measures.get(measure.name), measure, None)


def _of_pair(pair: PairReport, measure: Measure) -> Cell:
    value = pair.measures.get(measure.name)
    where = None
    if isinstance(value, Summary):
        where = place(value.median, pair.same.get(measure.name), pair.unrelated.get(measure.name))
    return _cell(value, measure, where)


def _cell(value: Summary | Skipped | None, measure: Measure, where: float | None) -> Cell:
    if value is None:
        return Cell("–", hint="it does not apply")
    text, bounds = written(value, measure.digits)
    hint = value.skipped if isinstance(value, Skipped) else f"{measure.name} of {value.n}"
    return Cell(text, bounds, where, hint)


def _ends(comparison: Comparison) -> dict[str, list[str]]:
    """Return the rows below the pairs: what another seed gives at the worst, the run itself, and an unrelated run."""
    if not comparison.pairs:
        return {}
    first = comparison.pairs[0]
    rows: dict[str, Mapping[str, float | None]] = {
        "another seed, at the worst": first.between_seeds,
        "the same run": first.same,
        "unrelated": first.unrelated,
    }
    return {name: [number(limits.get(one.name)) for one in OF_PAIRS] for name, limits in rows.items() if limits}
