"""Which images were audited, by name, as far as that can still be found out?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import EncauditError, InputError
from encaudit.images import open_stack
from encaudit.images.mrc import MRC_SUFFIXES, TABLE_SUFFIXES
from encaudit.images.mrc_header import read_header
from encaudit.images.names import ImageNames, names_in_stack, names_in_star
from encaudit.images.tilts import particles_of
from encaudit.selecting.choice import Selection
from encaudit.unreadable import one_line, reading


@dataclass(frozen=True)
class AuditedStack:
    """The stack that an audit was of.

    ``names``: of all its images, None where unknown. ``count``: how many it has, None where unknown. ``particles``: the
    rows of each particle of a tilt series, None where each image is by itself, or where the table is gone.
    """

    names: ImageNames | None = None
    count: int | None = None
    particles: list[np.ndarray] | None = None

    def rows_of(self, index: np.ndarray) -> np.ndarray:
        """Return the rows of the stack (all tilts) of what an audit counts: images, or particles of a tilt series."""
        return index if self.particles is None else np.concatenate([self.particles[i] for i in index])


def audited_stack(selection: Selection) -> AuditedStack:
    """Return what is known of the stack that was audited; its file may have gone, or moved, since."""
    path = Path(str(selection.images.get("path")))
    highest = int(selection.index[-1])
    if not path.is_file():
        # of a single stack the path itself tells the names, though not how many there are
        return AuditedStack(names_in_stack(path, highest + 1, counted=False) if path.suffix in MRC_SUFFIXES else None)
    if path.suffix in MRC_SUFFIXES:
        count = read_header(path).count
        return AuditedStack(names_in_stack(path, count), count)
    if path.suffix == ".star":
        table = read_star(path).df
        particles = particles_of(path, table, 1) if is_tilt_series(selection) else None
        if particles is not None and highest >= len(particles):
            raise InputError(f"{path} lists {len(particles)} particles, and particle {highest} of it was audited.")
        return AuditedStack(names_in_star(table, path), len(table), particles)
    if path.suffix in TABLE_SUFFIXES:
        try:
            names = open_stack(path).rows.names
        except EncauditError:  # what it names is elsewhere by now
            return AuditedStack()
        return AuditedStack(names, None if names is None else len(names))
    return AuditedStack()


def is_tilt_series(selection: Selection) -> bool:
    """Whether the audit counts particles of several images each."""
    shape = selection.images.get("shape")
    return isinstance(shape, list) and len(shape) == 3


def read_star(path: Path) -> Any:
    """Return a .star file as cryoDRGN's ``Starfile``; InputError where it is none."""
    from cryodrgn.starfile import Starfile

    with reading(path):
        try:
            return Starfile(str(path))
        except Exception as error:  # a damaged table fails anywhere in numpy, pandas or cryoDRGN
            if isinstance(error, OSError) and error.strerror:
                raise
            raise InputError(
                f"{path} cannot be read as a .star file ({type(error).__name__}: {one_line(error)}). "
                "Expected a RELION particle table."
            ) from error
