"""The files of a comparison of audits."""

from pathlib import Path

from encaudit.architectures import ArchitectureComparison
from encaudit.report.architectures_document import to_json
from encaudit.report.architectures_html import render_architectures
from encaudit.report.comparison_contents import JSON, PAGE
from encaudit.report.figures.differences import differences


def fill_architectures(folder: Path, comparison: ArchitectureComparison) -> None:
    """Write everything that was found into an empty folder."""
    (folder / "figures").mkdir()
    pictures = {}
    for place, pair in enumerate(comparison.pairs, start=1):
        picture = differences(pair)
        if picture is not None:
            pictures[f"differences.{place}"] = picture
            (folder / "figures" / f"differences.{place}.png").write_bytes(picture)
    (folder / PAGE).write_text(render_architectures(comparison, pictures), "utf-8", "replace")
    (folder / JSON).write_text(to_json(comparison), encoding="utf-8")
