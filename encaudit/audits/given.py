"""What a caller in Python hands over, in place of the names that a command line has."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from encaudit.errors import InputError
from encaudit.images import ImageStack


@dataclass(frozen=True, eq=False)
class Given:
    """An encoder, images ``n y x`` (or ``n c y x``), and what images were sampled together (``n``): None if not given.

    For those that are None the options of the audit count.
    """

    encoder: Any = None
    images: np.ndarray | Tensor | None = None
    groups: Any = None

    def groups_of(self, source: ImageStack) -> np.ndarray | None:
        """Return the group of each image that is read, as text; InputError for groups that do not go with them."""
        if self.groups is None:
            return None
        told = np.asarray(self.groups)
        if told.ndim != 1:
            raise InputError(f"groups have shape {told.shape}; expected one for each image.")
        rows = source.rows.in_table(len(told), "groups", "groups")
        first = rows.reshape(len(source.index), -1)[:, 0]
        names: np.ndarray = told[first].astype(str)
        return names


NOTHING_GIVEN = Given()
