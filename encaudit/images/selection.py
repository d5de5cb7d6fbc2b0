"""Which images are audited, and which rows of a metadata file go with them? --ind picks, --n takes the first."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import InputError
from encaudit.images.names import ImageNames
from encaudit.images.npy import load_npy
from encaudit.pickles import load_plain
from encaudit.unreadable import one_line, reading


@dataclass(frozen=True)
class Rows:
    """Rows of a stack of ``whole`` images.

    ``kept`` (1-D) are the rows after --ind, which metadata files may be cut to; ``wanted`` are those that are read:
    ``n``, or ``n t`` for tilt series. ``names`` are those of the whole stack, None for images without. ``at_least``:
    nobody knows how long the stack is, and it may be longer than ``whole``.
    """

    whole: int
    kept: np.ndarray
    wanted: np.ndarray
    names: ImageNames | None = None
    at_least: bool = False

    def in_table(self, length: int, what: str, path: str) -> np.ndarray:
        """Return where the wanted rows are in a metadata file of this length.

        The file goes with the whole stack or with what --ind kept, as in cryoDRGN; any other length raises
        ``InputError``.
        """
        if length == self.whole or (self.at_least and length > self.whole):
            return self.wanted
        if length == len(self.kept):
            position = np.empty(self.whole, np.int64)
            position[self.kept] = np.arange(len(self.kept))
            in_kept: np.ndarray = position[self.wanted]
            return in_kept
        or_more = ", or more" if self.at_least else ""
        after_ind = "" if len(self.kept) == self.whole else f" ({len(self.kept)} after --ind)"
        raise InputError(
            f"{path} has {length} {what}, and the stack has {self.whole} images{after_ind}{or_more}. "
            "Give the file that belongs to these images."
        )


def refuse_rows_not_finite(values: np.ndarray, file_rows: np.ndarray, what: str, path: str) -> None:
    """Raise ``InputError`` naming the first row with NaN or infinity; ``file_rows``: where each row is in the file."""
    flat = values.reshape(file_rows.size, -1)
    bad = np.flatnonzero(~np.isfinite(flat).all(axis=1))
    if len(bad):
        row = int(file_rows.reshape(-1)[bad[0]])
        images = "1 image" if len(bad) == 1 else f"{len(bad)} images, the first"
        raise InputError(
            f"{path} has {what} that are not finite numbers (in 32 bits) for {images} in row {row} (counted from 0). "
            "Mend these rows, or leave the images out with --ind."
        )


def chosen_rows(count: int, *, ind: str | Path | None, what: str = "images", trust_pickle: bool = False) -> np.ndarray:
    """Return the rows that --ind keeps of ``count``, in its order; all of them without one.

    Takes whole numbers from 0, or a mask of ``count`` true and false. Raises ``InputError`` for a row out of range,
    negative or repeated, for none at all, and for anything else than rows.
    """
    if ind is None:
        return np.arange(count)
    with reading(ind):
        rows = _read(Path(ind), trust_pickle)
    if rows.dtype == bool and rows.ndim == 1:
        if len(rows) != count:
            raise InputError(f"{ind} is a mask of {len(rows)}, and the stack has {count} {what}. Give one of {count}.")
        rows = np.flatnonzero(rows)
    if rows.size == 0:
        raise InputError(f"{ind} keeps none of the {count} {what}. Give at least one row.")
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise InputError(
            f"{ind} holds {rows.dtype} of shape {rows.shape}; expected one list of whole numbers, the rows of the "
            "stack counted from 0."
        )
    outside = np.flatnonzero((rows < 0) | (rows >= count))
    if len(outside):
        raise InputError(
            f"{ind} asks for row {rows[outside[0]]} (its entry {outside[0]}), and the stack has {count} {what}: "
            f"rows 0 to {count - 1}."
        )
    rows = rows.astype(np.int64)
    values, first = np.unique(rows, return_index=True)
    if len(values) < len(rows):
        again = int(np.setdiff1d(np.arange(len(rows)), first)[0])
        raise InputError(f"{ind} asks for row {rows[again]} twice (again in its entry {again}). Give each row once.")
    return rows


def first_n(rows: np.ndarray, n: int | None) -> np.ndarray:
    """Return the first n rows, or all where there are fewer; ``InputError`` for n below 1."""
    if n is not None and n < 1:
        raise InputError(f"--n {n} asks for no images; expected 1 or more.")
    return rows[:n]


def _read(path: Path, trust_pickle: bool) -> np.ndarray:
    if not path.is_file():
        raise InputError(f"No index file at {path}. Check the path given to --ind.")
    content: Any
    try:
        if path.suffix == ".npy":
            content = load_npy(path)
        elif path.suffix == ".txt":
            content = np.array(path.read_text().split(), dtype=np.int64)
        else:
            content = load_plain(path, trust=trust_pickle)[0]
        return np.asarray(content)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"{path} cannot be read as rows of the stack ({one_line(error)}). Expected .pkl, .npy or .txt."
        ) from error
