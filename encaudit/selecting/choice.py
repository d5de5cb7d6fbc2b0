"""Which images of an audit are stable enough?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encaudit.errors import EncauditError, InputError, UnknownNameError
from encaudit.report.document import read_report
from encaudit.stability import overall, stability
from encaudit.transforms.parsing import canonical
from encaudit.unreadable import one_line, reading
from encaudit.verdicts import is_probe

REPORT, PARTICLES = "report.json", "particles.csv"
OVERALL = "stability"


@dataclass(frozen=True)
class Selection:
    """The images of an audit ``folder`` that were kept.

    ``table``: their rows of particles.csv, by rising ``index``; ``audited``: of how many images; ``by``: the columns
    of stability, or the transforms, that decided; ``images``: what the report says of the images.
    """

    folder: Path
    table: pd.DataFrame
    audited: int
    by: list[str]
    images: dict[str, Any]

    @property
    def index(self) -> np.ndarray:
        """The stack rows (of a tilt series: the numbers of the particles) that were kept, rising, int64."""
        return self.table["index"].to_numpy(dtype=np.int64)


def choose(folder: Path, least: float, transforms: Sequence[str] = ()) -> Selection:
    """Keep the images whose stability is at least ``least`` (0 .. 1) under each of these transforms.

    Without transforms, under all probes of the audit. Raises ``InputError`` for a folder that is no audit, for a
    transform that the audit does not have (the nearest is named) or that was not applied to all images, and when
    nothing is left.
    """
    if not 0 <= least <= 1:
        raise InputError(
            f"--stable {least:g}: expected a number from 0 (all images) to 1 (those that never lose place)."
        )
    said = read_report(folder / REPORT).provenance.get("images")
    images = said if isinstance(said, dict) else {}
    table = _particles(folder / PARTICLES)
    audited, left_out = images.get("n"), images.get("left_out")
    if isinstance(audited, int) and isinstance(left_out, int) and audited - left_out != len(table):
        raise InputError(
            f"{folder / PARTICLES} has {len(table)} rows, and {REPORT} says that {audited - left_out} images were "
            "audited: one of the two was cut off or edited. Audit again with encaudit probe."
        )
    values, by = _stability(folder, table, transforms)
    kept = table[values >= least]
    if not len(kept):
        raise InputError(
            f"None of the {len(table)} images has a stability of {least:g} or more; the highest is {values.max():.3g}. "
            "Lower --stable."
        )
    kept = kept.sort_values("index", ignore_index=True)
    return Selection(folder, kept, len(table), by, images)


def _particles(path: Path) -> pd.DataFrame:
    expected = "expected the particles.csv of an audit. Audit again with encaudit probe"
    with reading(path):
        if not path.is_file():
            raise InputError(f"There is no {path}; {expected}.")
        try:
            table = pd.read_csv(path)
        except ValueError as error:
            raise InputError(f"{path} cannot be read ({one_line(error)}); {expected}.") from error
    index = table.get("index")
    if index is None or index.dtype.kind != "i" or not len(index) or index.min() < 0 or index.duplicated().any():
        raise InputError(f"{path} has no column index of different stack rows; {expected}.")
    return table


def _stability(folder: Path, table: pd.DataFrame, transforms: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Return the stability of each image, and the transforms that it is the least of."""
    if not transforms and OVERALL in table:
        return _complete(table, OVERALL, _numbers(table, OVERALL)), ["all probes"]
    known = {
        name.rpartition("/")[0]: name
        for quantity in ("/rank", f"/{OVERALL}")  # the second, where there are both
        for name in table.columns
        if name.endswith(quantity)
    }
    by = list(dict.fromkeys(_spec(asked, known) for asked in transforms))
    columns = {
        spec: values if column.endswith(OVERALL) else stability(values)
        for spec, column in known.items()
        if spec in by or (not transforms and is_probe(spec))
        for values in [_numbers(table, column)]
    }
    if not transforms:
        columns = {spec: values for spec, values in columns.items() if not np.isnan(values).any()}
    if not columns:
        raise InputError(
            f"{folder / PARTICLES} has no stability: no transform but controls was audited on all images. "
            "Audit again, for example with encaudit probe -t roll1."
        )
    return overall({spec: _complete(table, spec, values) for spec, values in columns.items()}), list(columns)


def _spec(asked: str, known: dict[str, str]) -> str:
    """Return the canonical spec of a transform of this audit, however it was spelled."""
    if asked in known:
        return asked
    try:
        spec = canonical(asked)
    except EncauditError:
        spec = asked
    if spec not in known:
        raise UnknownNameError("transform of this audit", asked, known)
    return spec


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    if table[column].dtype.kind not in "if":
        raise InputError(f"The column {column} of {PARTICLES} holds other things than numbers. Audit again.")
    values = table[column].to_numpy(dtype=np.float64)
    if (values < 0).any() or (values > 1).any():  # NaN, where it was not applied, is neither
        raise InputError(f"The column {column} of {PARTICLES} leaves 0 to 1: it was edited. Audit again.")
    return values


def _complete(table: pd.DataFrame, name: str, values: np.ndarray) -> np.ndarray:
    lacking = int(np.isnan(values).sum())
    if lacking:
        raise InputError(
            f"{name} has no value for {lacking} of {len(table)} images, which can be called neither stable nor not. "
            "Name a transform that was applied to all of them with --transform."
        )
    return values
