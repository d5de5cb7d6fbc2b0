"""Which images belong to one particle of a tilt series? Told by _rlnGroupName (or _rlnGroupNumber), as in cryoDRGN."""

from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import InputError


def particles_of(path: str | Path, table: Any, tilts: int) -> list[np.ndarray]:
    """Return the rows of each particle's tilts, in file order; particles in order of their first appearance.

    Raises ``InputError`` without a column of groups, and where a particle has fewer than ``tilts``.
    """
    if tilts < 1:
        raise InputError(f"{tilts} tilts per particle were asked for; expected 1 or more.")
    if table is None:
        raise InputError(f"{path} is no tilt series; expected a .star file with one row a tilt. Give it to --images.")
    column = next((name for name in ("_rlnGroupName", "_rlnGroupNumber") if name in table.columns), None)
    if column is None:
        raise InputError(f"{path} does not say which tilts belong together; expected a column _rlnGroupName.")
    groups = {name: np.asarray(rows) for name, rows in table.groupby(column, sort=False).indices.items()}
    in_file_order = {name: groups[name] for name in table[column].unique()}
    for name, rows in in_file_order.items():
        if len(rows) < tilts:
            raise InputError(
                f"{path}: particle {name} has {len(rows)} tilts, and the encoder takes {tilts}. "
                "Leave out particles with fewer."
            )
    return list(in_file_order.values())
