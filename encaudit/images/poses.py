"""Poses of particles: rotations and centring translations, from cryoDRGN's pickles."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import InputError
from encaudit.images.pixels import widened
from encaudit.images.selection import Rows, refuse_rows_not_finite
from encaudit.pickles import load_plain
from encaudit.unreadable import reading


@dataclass(frozen=True)
class Poses:
    """``rotation`` ``n 3 3`` and ``shift_px`` ``n 2`` (pixels; None where unknown), float32.

    Tilt series have an axis t behind n.
    """

    rotation: np.ndarray
    shift_px: np.ndarray | None


MOST_SKEW = 1e-2  # of R R^T from 1; float32 rounds by 1e-7, a file of few digits by more


def read_poses(paths: str | Path | Sequence[str | Path], rows: Rows, box: int, *, trust_pickle: bool = False) -> Poses:
    """Read one pickle of rotations, or of (rotations, translations), or two pickles, one of each.

    Translations are stored as fractions of the box. Raises ``InputError`` for other shapes and lengths, for values that
    are not numbers, and for translations in pixels.
    """
    files = [str(paths)] if isinstance(paths, str | Path) else [str(path) for path in paths]
    if len(files) not in (1, 2):
        raise InputError(f"--poses got {len(files)} files; expected one, or two: rotations and translations.")
    parts: list[Any] = []
    for file in files:
        with reading(file):
            content = load_plain(file, trust=trust_pickle)[0]
        parts.extend(content if isinstance(content, tuple | list) and len(files) == 1 else [content])
    if len(parts) not in (1, 2):
        raise InputError(f"{files[0]} holds {len(parts)} objects; expected rotations, or (rotations, translations).")
    rotation, where = _table(parts[0], (3, 3), "rotations", files[0], rows)
    rotation = widened(rotation)
    refuse_rows_not_finite(rotation, where, "rotations", files[0])
    _refuse_no_rotations(rotation, where, files[0])
    if len(parts) == 1:
        return Poses(rotation, None)
    fraction, where = _table(parts[1], (2,), "translations", files[-1], rows)
    refuse_rows_not_finite(fraction, where, "translations", files[-1])
    furthest = float(np.abs(fraction.astype(np.float64)).max())
    if furthest > 1:
        raise InputError(
            f"{files[-1]} has translations of up to {furthest:.3g}; expected fractions of the box, at most 1. "
            "They look like pixels, as in old pose files: divide them by the box."
        )
    # cryoDRGN scales by its D, which is the box + 1: 0.8 % too far at 128 pixels, but what its encoders were trained on
    shift_px = (fraction * (box + 1)).astype(np.float32)
    return Poses(rotation, shift_px)


def _refuse_no_rotations(matrices: np.ndarray, where: np.ndarray, file: str) -> None:
    off = np.abs(np.einsum("...ij,...kj->...ik", matrices, matrices) - np.eye(3)).max(axis=(-2, -1))
    bad = where[off > MOST_SKEW]
    if bad.size:
        raise InputError(
            f"{file} has matrices that are no rotations, the first of {bad.size:,} in row {bad.flat[0]}: its rows are "
            "not perpendicular and of length 1. Make it anew with cryodrgn parse_pose_star or parse_pose_csparc."
        )


def _table(values: Any, shape: tuple[int, ...], what: str, file: str, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return the wanted rows of a table, and where they were in it."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf" or values.shape[1:] != shape:
        found = f"shape {values.shape}" if isinstance(values, np.ndarray) else f"a {type(values).__name__}"
        raise InputError(f"{file} has {what} of {found}; expected numbers of shape (n, {', '.join(map(str, shape))}).")
    where = rows.in_table(len(values), what, file)
    return values[where], where
