"""Which micrograph and which optics group does an image come from? As RELION's and cryoSPARC's tables tell."""

from dataclasses import dataclass
from typing import Any

import numpy as np

MICROGRAPH_NAMES = ("_rlnMicrographName", "location/micrograph_path", "location/micrograph_uid")
OPTICS_GROUP_NAMES = ("_rlnOpticsGroup", "ctf/exp_group_id")


@dataclass(frozen=True)
class Acquisition:
    """``micrographs`` and ``optics_groups`` of the images of a table, each text ``n``; None where it does not say."""

    micrographs: np.ndarray | None = None
    optics_groups: np.ndarray | None = None


def of_star(source: Any) -> Acquisition:
    """Return what a .star file tells; ``source`` is cryoDRGN's ``Starfile``."""
    names = source.get_optics_values(MICROGRAPH_NAMES[0])
    groups = source.df.get(OPTICS_GROUP_NAMES[0])
    return Acquisition(*(None if told is None else np.asarray(told).astype(str) for told in (names, groups)))


def of_cs(fields: np.ndarray) -> Acquisition:
    """Return what the structured array of a .cs file tells."""
    return Acquisition(_first_of(fields, MICROGRAPH_NAMES), _first_of(fields, OPTICS_GROUP_NAMES))


def _first_of(fields: np.ndarray, names: tuple[str, ...]) -> np.ndarray | None:
    there = [name for name in names if name in (fields.dtype.names or ())]
    return _text(fields[there[0]]) if there else None


def _text(names: np.ndarray) -> np.ndarray:
    return np.char.decode(names, "utf-8", "replace") if names.dtype.kind == "S" else names.astype(str)
