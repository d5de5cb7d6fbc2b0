"""CTF parameters of particles, from cryoDRGN's ctf.pkl."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encaudit.errors import InputError
from encaudit.images.pixels import widened
from encaudit.images.selection import Rows, refuse_rows_not_finite
from encaudit.pickles import load_plain
from encaudit.unreadable import reading

_COLUMNS = "D, apix, dfu, dfv, dfang, volt, cs, w, phase shift"


@dataclass(frozen=True)
class Ctf:
    """``values`` ``n 8`` float32: apix, dfu, dfv, dfang, volt, cs, w, phase shift; tilt series add an axis t."""

    values: np.ndarray
    apix: float


def read_ctf(path: str | Path, rows: Rows, box: int, *, trust_pickle: bool = False) -> Ctf:
    """Read a ctf.pkl and bring its pixel size to the box of the images, as ``load_ctf_for_training`` does.

    One pixel size serves all images: that of the file's first row, times the box it was estimated at, over this box.
    Raises ``InputError`` for another shape or length, and for rows that are not finite in float32.
    """
    with reading(path):
        table = load_plain(path, trust=trust_pickle)[0]
    if not isinstance(table, np.ndarray) or table.dtype.kind not in "iuf" or table.ndim != 2 or table.shape[1] != 9:
        found = f"shape {table.shape}" if isinstance(table, np.ndarray) else f"a {type(table).__name__}"
        raise InputError(f"{path} has {found}; expected cryoDRGN's CTF table of shape (n, 9): {_COLUMNS}.")
    where = rows.in_table(len(table), "CTF rows", str(path))
    wanted = widened(table[where])
    refuse_rows_not_finite(wanted, where, _wrong_columns(wanted), str(path))
    with np.errstate(all="ignore"):
        apix = table[0, 0] * table[0, 1] / box
        single = np.float32(apix)
    if not single > 0 or not np.isfinite(single):
        raise InputError(
            f"{path} has a box of {table[0, 0]:g} pixels and {table[0, 1]:g} angstrom per pixel in row 0; "
            "expected both above 0. Write it again with `cryodrgn parse_ctf_star` or `parse_ctf_csparc`."
        )
    values = wanted[..., 1:]
    values[..., 0] = single
    return Ctf(values, float(apix))


def _wrong_columns(table: np.ndarray) -> str:
    """Name the CTF parameters that are not numbers, and say how to set the one that cryoDRGN's parsers leave open."""
    bad = ~np.isfinite(table.reshape(-1, 9)).all(axis=0)
    names = ", ".join(name for name, wrong in zip(_COLUMNS.split(", "), bad, strict=True) if wrong)
    hint = " (`cryodrgn parse_ctf_star --ps 0` sets a missing phase shift)" if bad[8] else ""
    return f"CTF parameters{f' ({names})' if names else ''}{hint}"
