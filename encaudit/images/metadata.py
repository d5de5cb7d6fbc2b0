"""What else is known of each image: its micrograph, its optics group, and any columns that latents may follow."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encaudit.errors import InputError
from encaudit.images.acquisition import MICROGRAPH_NAMES, OPTICS_GROUP_NAMES, Acquisition, of_cs, of_star
from encaudit.images.names import ImageNames, by_position, names_in_cs, names_in_star, rows_by_name
from encaudit.images.selection import Rows
from encaudit.unreadable import one_line, reading

METADATA_SUFFIXES = (".csv", ".star", ".cs")
INDEX = "index"
MICROGRAPH = "micrograph"
OPTICS_GROUP = "optics_group"
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})  # in any case of letters


@dataclass(frozen=True)
class Metadata:
    """What a file says of n images, in the order of the images.

    - ``micrograph``, ``optics_group``: ``n``, text, or None where the file has no such column.
    - ``covariates``: the other columns of a .csv, ``n`` each: float64 where every value is a number, else text.
    - ``by_position``: how it was told which row is of which image, where that was by their order in a .star or .cs.
    - ``missing``: of how many images the value is not known, by column, where there are any. Such a value is NaN among
      numbers and the empty text among words; no image is left out for it.
    """

    micrograph: np.ndarray | None
    optics_group: np.ndarray | None
    covariates: dict[str, np.ndarray]
    missing: dict[str, int]
    by_position: str | None = None


def read_metadata(path: str | Path, rows: Rows) -> Metadata:
    """Read a .csv, a RELION .star or a cryoSPARC .cs that goes with the images of ``rows`` (``ImageStack.rows``).

    It has one row an image of the stack, or of what --ind keeps, in their order. A .csv may instead have a column
    ``index`` of stack rows; and where a .star or .cs names files of the stack (``rows_by_name``), its names tell. Then
    rows come in any order, and need not be all: images that are left out have missing values. In a tilt series the
    rows are those of the tilt images, and a particle has the values of its first tilt.

    Micrographs are a column micrograph, _rlnMicrographName, location/micrograph_path or location/micrograph_uid; optics
    groups are optics_group, _rlnOpticsGroup or ctf/exp_group_id. Raises ``InputError`` for anything that does not fit.
    """
    path = Path(path)
    if path.suffix not in METADATA_SUFFIXES:
        raise InputError(f"{path} is no table that --metadata takes. Expected {', '.join(METADATA_SUFFIXES)}.")
    with reading(path):
        if not path.is_file():
            raise InputError(f"No file at {path}. Check the path given to --metadata.")
        if path.suffix == ".csv":
            columns = _columns(path)
            return _brought(columns, _rows_of_csv(path, columns, rows))
        told, names = _told(path)
    columns = {
        name: values
        for name, values in ((MICROGRAPH, told.micrographs), (OPTICS_GROUP, told.optics_groups))
        if values is not None
    }
    if not columns:
        raise InputError(
            f"{path} names neither micrographs ({', '.join(MICROGRAPH_NAMES)}) nor optics groups "
            f"({', '.join(OPTICS_GROUP_NAMES)}). Export it with one of them."
        )
    by_name = rows_by_name(names, rows.names, path)
    if by_name is None:
        where = rows.in_table(len(next(iter(columns.values()))), "rows", str(path))
        return replace(_brought(columns, where), by_position=by_position(names, rows.names, path))
    return _brought(columns, _wanted(path, by_name[rows.wanted], "names"))


def _told(path: Path) -> tuple[Acquisition, ImageNames | None]:
    from cryodrgn.starfile import Starfile

    try:
        if path.suffix == ".star":
            star = Starfile(str(path))
            return of_star(star), names_in_star(star.df, path)
        fields = np.load(path)
        return of_cs(fields), names_in_cs(fields)
    except InputError:
        raise
    except Exception as error:  # a damaged table fails anywhere in numpy, pandas or cryoDRGN: EOFError, KeyError ...
        if isinstance(error, OSError) and error.strerror:
            raise
        raise InputError(
            f"{path} cannot be read as a {path.suffix} table ({type(error).__name__}: {one_line(error)}). "
            "Export it again, or give the columns as a .csv."
        ) from error


def _columns(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of a .csv, as text."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = [(number, line) for number, line in _numbered(csv.reader(file, strict=True)) if line]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a .csv ({one_line(error)}). Save it again as UTF-8.") from error
    if len(lines) < 2:
        raise InputError(f"{path} has no rows. Expected a line of column names, and one line an image.")
    names = [name.strip() for name in lines[0][1]]
    if len(names) == 1 and any(other in names[0] for other in ";\t"):
        raise InputError(f"{path} separates its columns by something else than commas. Save it again with commas.")
    folded = [name.lower() for name in names]
    for name in folded:
        if name == "" or folded.count(name) > 1:
            problem = f"two columns called {name}" if name else "a column without a name"
            raise InputError(f"{path} has {problem}. Give each column a name of its own.")
    if _numbers(np.array(names)).dtype == np.float64:
        raise InputError(f"{path} begins with numbers. Expected a line of column names first.")
    for number, line in lines[1:]:
        if len(line) != len(names):
            raise InputError(
                f"{path} has {len(line)} values in line {number}, and {len(names)} columns ({', '.join(names)}). "
                "Give each line a value, or nothing between two commas, for each column."
            )
    values = zip(*(line for _, line in lines[1:]), strict=True)
    return {name: np.array([value.strip() for value in column]) for name, column in zip(names, values, strict=True)}


def _numbered(lines: Any) -> Iterator[tuple[int, list[str]]]:
    for line in lines:
        yield lines.line_num, line


def _rows_of_csv(path: Path, columns: dict[str, np.ndarray], rows: Rows) -> np.ndarray:
    index = _called(columns, INDEX)
    if index is None:
        return rows.in_table(len(next(iter(columns.values()))), "rows", str(path))
    return _listed(path, columns[index], rows)


def _brought(columns: dict[str, np.ndarray], where: np.ndarray) -> Metadata:
    """Bring columns of text to the images that are audited, which are in these lines (of each tilt; -1 for none)."""
    index = _called(columns, INDEX)
    where = where.reshape(len(where), -1)[:, 0]
    texts = {name: _known(values, where) for name, values in columns.items() if name != index}
    micrograph = _called(texts, MICROGRAPH, *MICROGRAPH_NAMES)
    optics_group = _called(texts, OPTICS_GROUP, *OPTICS_GROUP_NAMES)
    covariates = {name: _numbers(values) for name, values in texts.items() if name not in (micrograph, optics_group)}
    return Metadata(
        None if micrograph is None else texts[micrograph],
        None if optics_group is None else texts[optics_group],
        covariates,
        {
            name: lacking
            for name, values in (texts | covariates).items()
            if (lacking := int(np.isnan(values).sum() if values.dtype.kind == "f" else (values == "").sum()))
        },
    )


def _called(columns: Iterable[str], *names: str) -> str | None:
    """Return the first of these names that a column has, whatever the case of its letters."""
    spelled = {column.lower(): column for column in columns}
    return next((spelled[name.lower()] for name in names if name.lower() in spelled), None)


def _listed(path: Path, index: np.ndarray, rows: Rows) -> np.ndarray:
    """Return in which line of the table each wanted row is, as its index says; -1 for none."""
    for line, value in enumerate(index.tolist(), start=1):
        is_number = value.isascii() and value.isdecimal() and len(value) < 18
        if not (is_number and (rows.at_least or int(value) < rows.whole)):
            upwards = "from 0" if rows.at_least else f"0 to {rows.whole - 1}"
            raise InputError(
                f"{path} has the index {value!r} in its row {line}; expected rows of the stack, {upwards}."
            )
    numbers = index.astype(np.int64)
    order = np.argsort(numbers, kind="stable")
    again = np.sort(order[1:][np.diff(numbers[order]) == 0])
    if len(again):
        raise InputError(f"{path} has the index {numbers[again[0]]} twice. Give each row of the stack once.")
    place = order[np.minimum(np.searchsorted(numbers[order], rows.wanted), len(numbers) - 1)]
    return _wanted(path, np.where(numbers[place] == rows.wanted, place, -1), "index")


def _wanted(path: Path, where: np.ndarray, told_by: str) -> np.ndarray:
    """Return the lines of the images that are audited, -1 for one without; refuse a table that has none of them."""
    if (where.reshape(len(where), -1)[:, 0] < 0).all():
        raise InputError(
            f"{path} has none of the images that are audited in its {told_by}. Give the table of these images."
        )
    return where


def _known(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return the values in these lines, as text; the empty text for a line of -1, and for every way to say missing."""
    wanted = values[where]
    return np.where((where < 0) | np.isin(np.char.lower(wanted), list(MISSING)), "", wanted)


def _numbers(values: np.ndarray) -> np.ndarray:
    """Return float64 where all that is known are numbers (what is not finite counts as missing), else the text."""
    known = values != ""
    numbers = np.full(len(values), np.nan)
    try:
        numbers[known] = pd.to_numeric(values[known].astype(object))
    except (ValueError, TypeError, OverflowError):
        return values
    return np.where(np.isfinite(numbers), numbers, np.nan)
