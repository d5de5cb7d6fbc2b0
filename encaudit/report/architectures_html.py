"""A comparison of audits as one page that needs nothing else: no network, no other file."""

from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from encaudit.architectures import ArchitectureComparison, Pair, Row
from encaudit.report.architectures_words import ASKED, bounds, changed, counted, spec_of, worded
from encaudit.report.headline import HEADLINES, number
from encaudit.report.html import source_of


def render_architectures(comparison: ArchitectureComparison, figures: Mapping[str, bytes]) -> str:
    """Return the page; ``figures`` are PNGs: ``differences.1`` of the first pair, and so on."""
    environment = Environment(
        loader=PackageLoader("encaudit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "changed": changed, "bounds": bounds, "worded": worded, "spec": spec_of}
    return environment.get_template("architectures.html.j2").render(
        comparison=comparison,
        groups=_groups,
        controls=lambda pair: [row for row in pair.rows if row.is_control],
        counted=counted,
        pictures=[source_of(figures, f"differences.{place}") for place in range(1, len(comparison.pairs) + 1)],
        asked=ASKED,
        headlines=HEADLINES,
    )


def _groups(pair: Pair) -> list[tuple[str | None, list[Row]]]:
    """Return the rows with a verdict by transform."""
    return [
        (spec, [row for row in pair.rows if row.transform == spec and not row.is_control]) for spec in pair.transforms()
    ]
