"""What `encaudit probe` wrote, read again: the report, and the values of its images where they lie beside it."""

from collections.abc import Collection
from pathlib import Path

from encaudit.paired import PARTICLES, Particles, read_particles
from encaudit.report.document import read_report
from encaudit.results import Report

REPORT = "report.json"


def is_report(path: Path) -> bool:
    """Whether this names a report rather than a checkpoint: a folder that holds one, or a JSON file."""
    return (path / REPORT).is_file() or path.suffix == ".json"


def files_of(path: Path) -> list[Path]:
    """Return the files that a report is read from."""
    folder = path if path.is_dir() else path.parent
    return [folder / REPORT if path.is_dir() else path, folder / PARTICLES]


def report_in(path: Path) -> Report:
    """Return the report in a folder, or in a file; InputError where there is none."""
    return read_report(path / REPORT if path.is_dir() else path)


def particles_beside(path: Path, keep: Collection[int] | None = None) -> Particles | None:
    """Return the values of the images of a report (of the rows ``keep``), None where there is no particles.csv."""
    table = (path if path.is_dir() else path.parent) / PARTICLES
    return read_particles(table, keep) if table.exists() else None
