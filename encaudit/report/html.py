"""The report as one page that needs nothing else: no network, no other file."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from encaudit.dose import DOSES
from encaudit.report.figures import figure_name
from encaudit.report.headline import (
    HEADLINES,
    WORDS,
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
from encaudit.results import IDENTITY, Measurement, Report, Skipped
from encaudit.verdicts import is_probe

VOLUME_METRICS = {
    "volume_cc": "correlation",
    "volume_fsc_auc": "FSC area",
    "volume_distance": "distance",
}
SHUFFLED = "shuffled pairs"
DECODED_ENDS = ("the same latent, decoded twice", "random pairs")


@dataclass(frozen=True)
class Cell:
    """A measurement as a table shows it; ``place`` is where it lies between floor (0) and ceiling (1)."""

    text: str
    interval: str = ""
    place: float | None = None
    hint: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells under titles, those of controls apart, between the row of the floor and that of the ceiling."""

    titles: list[str]
    rows: dict[str, list[Cell]]
    controls: dict[str, list[Cell]]
    floor: list[str]
    ceiling: list[str]
    ends: tuple[str, str]


def render_html(report: Report, figures: Mapping[str, bytes]) -> str:
    """Return the page; ``figures`` are PNGs by the names that ``figures.draw_all`` gives them."""
    environment = Environment(
        loader=PackageLoader("encaudit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "interval": interval}
    specs = [*probes_of(report), *controls_of(report)]
    volumes = {metric: title for metric, title in VOLUME_METRICS.items() if any(find(report, metric, s) for s in specs)}
    decoded = [spec for spec in specs if any(find(report, metric, spec) for metric in volumes)]
    return environment.get_template("report.html.j2").render(
        report=report,
        title=_title(report),
        took=time_line(report),
        specs=specs,
        headlines=HEADLINES,
        words={spec: verdict(report, spec) for spec in specs},
        labels=WORDS,
        of_encoder=_of_encoder(report),
        own_scale=own_scale(report),
        headline_table=_table(report, {one.metric: one.title for one in HEADLINES}, specs, (IDENTITY, SHUFFLED)),
        volume_table=_table(report, volumes, decoded, DECODED_ENDS),
        measurements=_by_transform(report),
        decoded_particles=_decoded_particles(report, volumes),
        displacement=source_of(figures, figure_name("displacement")),
        doses=_pictures(figures, "dose", list(DOSES)),
        calibration=source_of(figures, figure_name("calibration")),
        leakage=source_of(figures, figure_name("leakage")),
        overlays=_pictures(figures, "overlay", specs),
        volumes=_pictures(figures, "volumes", specs),
    )


def _of_encoder(report: Report) -> list[Measurement]:
    """Return the measures of the encoder alone that are read first; each dimension and covariate is in its figure."""
    told = ("active_units", "prior_kl", "mutual_information", "worst_case_ratio")
    return [one for one in report.measurements if one.metric in told or one.metric.startswith(("half_life", "sbc_"))]


def _decoded_particles(report: Report, volumes: Mapping[str, str]) -> int:
    """Return how many particles the volume measures are medians of."""
    values = [one.value for one in report.measurements if one.metric in volumes]
    return max((value.n for value in values if not isinstance(value, Skipped)), default=0)


def _title(report: Report) -> str:
    checkpoint = report.provenance.get("checkpoint")
    path = checkpoint.get("path") if isinstance(checkpoint, dict) else None
    return str(path) if path else "an encoder"


def _table(report: Report, titles: Mapping[str, str], specs: list[str], ends: tuple[str, str]) -> Table:
    limits = [between(report, metric) for metric in titles]
    cells_of = {spec: [_cell(find(report, metric, spec)) for metric in titles] for spec in specs}
    return Table(
        titles=list(titles.values()),
        rows={spec: cells for spec, cells in cells_of.items() if is_probe(spec)},
        controls={spec: cells for spec, cells in cells_of.items() if not is_probe(spec)},
        floor=[number(floor) for floor, _ in limits],
        ceiling=[number(ceiling) for _, ceiling in limits],
        ends=ends,
    )


def _by_transform(report: Report) -> list[tuple[str | None, list[Measurement]]]:
    groups: dict[str | None, list[Measurement]] = {}
    for one in report.measurements:
        groups.setdefault(one.transform, []).append(one)
    return list(groups.items())


def _cell(one: Measurement | None) -> Cell:
    if one is None:
        return Cell("–", hint="not measured")
    if isinstance(one.value, Skipped):
        return Cell("skipped", hint=one.value.skipped)
    hint = f"{one.metric} of {one.value.n} images; floor {number(one.floor)}, ceiling {number(one.ceiling)}"
    return Cell(number(one.value.median), interval(one.value), place(one.value.median, one.floor, one.ceiling), hint)


def place(value: float, floor: float | None, ceiling: float | None) -> float | None:
    """Return where a value lies between floor (0) and ceiling (1); None where it has no such ends."""
    if floor is None or ceiling is None or floor == ceiling:
        return None
    return min(max((value - floor) / (ceiling - floor), 0.0), 1.0)


def _pictures(figures: Mapping[str, bytes], kind: str, specs: list[str]) -> list[tuple[str, str]]:
    found = ((spec, source_of(figures, figure_name(kind, spec))) for spec in specs)
    return [(spec, picture) for spec, picture in found if picture is not None]


def source_of(figures: Mapping[str, bytes], name: str) -> str | None:
    """Return a picture as the source of an image that is in the page itself; None where there is no such picture."""
    png: Any = figures.get(name)
    return None if png is None else "data:image/png;base64," + base64.b64encode(png).decode("ascii")
