"""The figures of a report, as PNG."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from encaudit.report.figures.calibration import calibration
from encaudit.report.figures.displacement import displacement
from encaudit.report.figures.dose import dose
from encaudit.report.figures.leakage import leakage
from encaudit.report.figures.overlay import overlay
from encaudit.report.figures.volumes import volumes
from encaudit.results import IDENTITY
from encaudit.volumes import file_name_part

if TYPE_CHECKING:  # an audit loads torch, which no picture needs
    from encaudit.audits import Audit

__all__ = ["calibration", "displacement", "dose", "draw_all", "figure_name", "leakage", "overlay", "volumes"]


def figure_name(kind: str, spec: str | None = None) -> str:
    """Return the name of a figure, and of its file without .png: ``displacement``, ``overlay.roll1``, ..."""
    return kind if spec is None else f"{kind}.{file_name_part(spec)}"


def draw_all(audit: Audit) -> Iterator[tuple[str, bytes]]:
    """Draw every figure of an audit, one after the other: (name, PNG)."""
    distribution = displacement(audit.particles)
    if distribution is not None:
        yield figure_name("displacement"), distribution
    for curve in audit.doses:
        yield figure_name("dose", curve.kind), dose(curve)
    if audit.calibration is not None:
        ranks = calibration(audit.calibration.pit)
        if ranks is not None:
            yield figure_name("calibration"), ranks
    leaks = leakage([one for one in audit.report.measurements if one.metric.startswith("leakage_")])
    if leaks is not None:
        yield figure_name("leakage"), leaks
    for spec in audit.layouts[0].moved if audit.layouts else ():
        if spec != IDENTITY:
            yield figure_name("overlay", spec), overlay(audit.layouts, spec)
    if audit.volumes is not None:
        for spec in audit.volumes.comparisons:
            yield figure_name("volumes", spec), volumes(audit.volumes, spec)
