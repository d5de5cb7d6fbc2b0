"""A report that still has the audit which it came from: tables of pandas, a folder to read, a text."""

import io
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from encaudit.audits import Audit
from encaudit.audits.options import Unwatched
from encaudit.paired import ENCODER_COLUMNS, GROUP, Particles, as_written
from encaudit.report.audit_files import particle_columns
from encaudit.report.console import print_report
from encaudit.report.folder import OutputFolder
from encaudit.results import Measurement, Report, Skipped, Summary

TEXT_WIDTH = 100


@dataclass(frozen=True, repr=False)
class AuditReport(Report):
    """The ``Report`` of an audit in this program: everything that takes a report takes it.

    ``audit`` holds the arrays that it stands on (``audit.encodings`` the latents). Printed, it is the table that
    `encaudit probe` prints.
    """

    audit: Audit = field(kw_only=True, compare=False)

    def frame(self) -> pd.DataFrame:
        """Return one row a measurement.

        Columns: metric, version, transform (None: of the encoder alone), unit, median, mean, q05, q25, q75, q95,
        ci_low, ci_high, n, skipped (why, where nothing was measured), floor, ceiling.
        """
        return pd.DataFrame([_row(one) for one in self.measurements])

    @property
    def particles(self) -> pd.DataFrame:
        """One row an image, with the columns of particles.csv: index, and SPEC/displacement, SPEC/rank, ..."""
        return pd.DataFrame(particle_columns(self.audit))

    def save(self, folder: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the folder that `encaudit probe -o` writes, and return where its page is.

        Raises InputError for a folder that encaudit did not make, unless ``force``.
        """
        return OutputFolder(Path(folder), force=force).write(self.audit, Unwatched())

    def of_images(self) -> Particles:
        """Return the values of the images as comparisons image by image take them."""
        columns = particle_columns(self.audit)
        index, groups = columns.pop("index"), columns.pop(GROUP, None)
        columns = {name: values for name, values in columns.items() if "/" in name or name in ENCODER_COLUMNS}
        return Particles(
            index, groups, {name: as_written(np.asarray(one, float)) for name, one in columns.items()}, len(index)
        )

    def __str__(self) -> str:
        """Return the table of what moved, verdicts and findings."""
        text = io.StringIO()
        print_report(self, console=Console(file=text, width=TEXT_WIDTH, color_system=None))
        return text.getvalue()

    __repr__ = __str__


def _row(one: Measurement) -> dict[str, object]:
    nothing = dict.fromkeys(Summary.__annotations__)
    told = nothing | {"skipped": one.value.skipped} if isinstance(one.value, Skipped) else asdict(one.value)
    names = {"metric": one.metric, "version": one.version, "transform": one.transform, "unit": one.unit}
    return names | {"skipped": None} | told | {"floor": one.floor, "ceiling": one.ceiling}
