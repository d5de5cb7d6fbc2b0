"""The figures of a report, as PNG."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from encaudit.embedding import Layout
from encaudit.report.figures.displacement import displacement
from encaudit.report.figures.overlay import overlay
from encaudit.report.figures.volumes import volumes
from encaudit.results import IDENTITY
from encaudit.volumes import VolumeStudy, file_name_part

__all__ = ["displacement", "draw_all", "figure_name", "overlay", "volumes"]


def figure_name(kind: str, spec: str | None = None) -> str:
    """Return the name of a figure, and of its file without .png: ``displacement``, ``overlay.roll1``, ..."""
    return kind if spec is None else f"{kind}.{file_name_part(spec)}"


def draw_all(
    layouts: Sequence[Layout],
    particles: Mapping[str, Mapping[str, np.ndarray]],
    study: VolumeStudy | None,
) -> Iterator[tuple[str, bytes]]:
    """Draw every figure of an audit, one after the other: (name, PNG)."""
    distribution = displacement(particles)
    if distribution is not None:
        yield figure_name("displacement"), distribution
    for spec in layouts[0].moved if layouts else ():
        if spec != IDENTITY:
            yield figure_name("overlay", spec), overlay(layouts, spec)
    if study is not None:
        for spec in study.comparisons:
            yield figure_name("volumes", spec), volumes(study, spec)
