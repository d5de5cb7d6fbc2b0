"""Folders that look like those of encaudit probe."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encaudit.report.document import write_report
from encaudit.results import Report
from tests.images.written_stacks import numbered_images, write_mrcs, write_star
from tests.report.reports import report


def write_audit(folder: Path, columns: dict[str, Any], images: dict[str, Any] | None = None) -> Path:
    """An audit whose particles.csv has these columns, by default of ``images`` of nowhere."""
    folder.mkdir(exist_ok=True)
    found: Report = report()
    provenance = found.provenance | {"images": {"path": "nowhere.mrcs", "n": 5, "shape": [6, 6]} | (images or {})}
    write_report(replace(found, provenance=provenance), folder / "report.json")
    pd.DataFrame(columns).to_csv(folder / "particles.csv", index=False)
    return folder


def five_images(folder: Path, images: dict[str, Any] | None = None) -> Path:
    """Stack rows 9, 1, 4, 7, 2: stable under roll1 as 1, 0.8, 0.6, 0.4, 0; under rot90 the other way round."""
    rank = np.array([0, 0.1, 0.2, 0.3, 0.5])
    columns = {
        "index": [9, 1, 4, 7, 2],
        "identity/rank": np.zeros(5),
        "roll1/displacement": 10 * rank,
        "roll1/rank": rank,
        "rot90/rank": rank[::-1],
        "permutation/rank": np.full(5, 0.5),
        "renoise/rank": [0, 0, 0.4, np.nan, np.nan],
    }
    return write_audit(folder, columns, images)


def write_ten_images(folder: Path) -> Path:
    """A .star of ten images of two optics groups, with its stack beside it."""
    write_mrcs(folder / "a.mrcs", numbered_images(10))
    names = [f"{i + 1:06d}@a.mrcs" for i in range(10)]
    return write_star(folder / "ten.star", names, OpticsGroup=[1] * 5 + [2] * 5, AnglePsi=np.linspace(0, 90, 10))
