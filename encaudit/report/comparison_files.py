"""The files of a comparison."""

from pathlib import Path

from encaudit.comparing import Comparison
from encaudit.report.comparison_contents import JSON, PAGE, PARTICLES
from encaudit.report.comparison_document import particles_frame, to_json
from encaudit.report.comparison_html import render_comparison
from encaudit.report.figures.comparison import draw_comparison


def fill_comparison(folder: Path, comparison: Comparison) -> None:
    """Write everything that was found into an empty folder."""
    particles_frame(comparison).to_csv(folder / PARTICLES, index=False, float_format="%.9g")
    (folder / "figures").mkdir()
    pictures = dict(draw_comparison(comparison))
    for name, picture in pictures.items():
        (folder / "figures" / f"{name}.png").write_bytes(picture)
    (folder / PAGE).write_text(render_comparison(comparison, pictures), "utf-8", "replace")
    (folder / JSON).write_text(to_json(comparison), encoding="utf-8")
