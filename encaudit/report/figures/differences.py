"""Two audits as a picture: how far each metric differs, in proportion, with its interval; a panel a transform."""

from typing import Any

import numpy as np

from encaudit.architectures import LEAST, Pair, Row
from encaudit.report.figures.canvas import FAINT, IMAGE_RED, LINE_PURPLE, MEASURED_BLUE, RANDOM_GREY, paper, png

MOST_COLUMNS = 5
PANEL_INCHES, ROW_INCHES, NAMES_INCHES = 1.75, 0.19, 1.9
TICKS = (-10, -1, -0.1, -LEAST, LEAST, 0.1, 1, 10)
# Colour and marker both, so that they can be told apart without colour vision.
STYLES = {
    "better": (MEASURED_BLUE, "o"),
    "worse": (IMAGE_RED, "s"),
    "larger": (LINE_PURPLE, ">"),
    "smaller": (LINE_PURPLE, "<"),
    "undecided": (RANDOM_GREY, "d"),
}


def differences(pair: Pair) -> bytes | None:
    """Draw the differences of a pair; None where there is none to draw."""
    panels = [_shown(pair, transform) for transform in pair.transforms() if transform is not None]
    panels = [rows for rows in panels if rows]
    alone = _shown(pair, None)
    if not panels and not alone:
        return None
    metrics = list(dict.fromkeys(row.metric for rows in panels for row in rows))
    high = -(-len(panels) // MOST_COLUMNS)
    columns = max(-(-len(panels) // max(high, 1)), 2)
    blocks = [(panels[start : start + columns], metrics) for start in range(0, len(panels), columns)]
    if alone:
        blocks.append(([alone], [row.metric for row in alone]))
    heights = [ROW_INCHES * len(names) + 0.8 for _, names in blocks]
    every = [row for rows, _ in blocks for panel in rows for row in panel]
    reach = 1.3 * max(1.0, *(abs(bound) for row in every for bound in _bounds(row)))
    with paper(NAMES_INCHES + PANEL_INCHES * columns, sum(heights) + 0.5) as figure:
        grid = figure.add_gridspec(len(blocks), columns, height_ratios=heights)
        for down, (rows_of, names) in enumerate(blocks):
            for along, rows in enumerate(rows_of):
                of_encoder = rows[0].transform is None
                axes = figure.add_subplot(grid[down, :2] if of_encoder else grid[down, along])
                _panel(axes, rows, names, reach, first=along == 0)
        _legend(figure, {str(row.verdict) for row in every})
        return png(figure)


def _panel(axes: Any, rows: list[Row], names: list[str], reach: float, *, first: bool) -> None:
    axes.axvspan(-LEAST, LEAST, color=RANDOM_GREY, alpha=0.22, linewidth=0)
    axes.axvline(0, color=FAINT, linewidth=0.6)
    for row in rows:
        colour, marker = STYLES[str(row.verdict)]
        place = names.index(row.metric)
        axes.plot(_bounds(row), (place, place), color=colour, linewidth=1.1, solid_capstyle="butt")
        axes.plot(row.gain(row.change), place, marker, color=colour, markersize=4.2, markeredgewidth=0)
    axes.set_xscale("symlog", linthresh=LEAST, linscale=0.4)
    axes.set(xlim=(-reach, reach), ylim=(len(names) - 0.4, -0.6))
    ticks = [tick for tick in TICKS if abs(tick) <= reach]
    axes.set_xticks(ticks, [f"{100 * tick:+g}%" for tick in ticks], rotation=60)
    axes.set_xticks([], minor=True)
    axes.set_xlabel("worse   |   better", fontsize=7)
    axes.set_yticks(np.arange(len(names)), names if first else [""] * len(names))
    axes.tick_params(labelsize=7, length=2)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(rows[0].transform or "the encoder alone", fontsize=8)


def _legend(figure: Any, verdicts: set[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=4.2, linewidth=1.1, label=verdict)
        for verdict, (colour, marker) in STYLES.items()
        if verdict in verdicts
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)


def _shown(pair: Pair, transform: str | None) -> list[Row]:
    return [row for row in pair.rows if row.transform == transform and row.scale is not None and not row.is_control]


def _bounds(row: Row) -> list[float]:
    """Return the interval in proportion, or the change alone, twice, where there is none."""
    ends = (row.change, row.change) if row.low is None or row.high is None else (row.low, row.high)
    return [gain for end in ends if (gain := row.gain(end)) is not None]
