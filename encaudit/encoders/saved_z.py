"""The z that cryoDRGN itself saved beside the checkpoint: does our encoding reproduce it?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encaudit.errors import InputError, UnsafePickleError
from encaudit.pickles import load_plain
from encaudit.unreadable import reading

AGREEMENT = 1e-4  # of the spread of z; checkpoints of cryoDRGN 1.1 .. 4.3 reproduce theirs to about 1e-6
OF_MORE_IMAGES = 4  # times the rounding of the first few hundred: images beyond them may be rounded worse


@dataclass(frozen=True)
class SavedZ:
    """The largest difference between our mu and the saved one, over the images that both have."""

    path: str
    compared: int
    max_abs_difference: float
    agrees: bool


def compare_saved_z(
    checkpoint: Path, mu: np.ndarray, index: np.ndarray, trained_on: np.ndarray | None, *, rounding: float = 0.0
) -> SavedZ | str | None:
    """Does mu (``n d``, of stack rows ``index``) equal the z saved with the checkpoint?

    ``trained_on`` are the stack rows of the saved table (the run's --ind), None for the whole stack; ``rounding`` is
    the largest that a reduced precision was seen to do to mu, in units of its spread. Returns None when nothing was
    saved, and a sentence when what was saved cannot be compared.
    """
    path = checkpoint.with_name(checkpoint.name.replace("weights", "z"))
    try:
        with reading(path):
            if path == checkpoint or not path.is_file():
                return None
        saved = _finite_table(load_plain(path)[0])
    except UnsafePickleError:
        return f"{path} holds more than numbers and numpy arrays"
    except InputError:
        return f"{path} cannot be read as a pickle"
    except (TypeError, ValueError, OverflowError, RecursionError):
        return f"{path} holds no table of finite numbers"
    rows = np.arange(len(saved)) if trained_on is None else trained_on
    if saved.shape[1] != mu.shape[1] or len(rows) != len(saved):
        return (
            f"{path} is of shape {saved.shape}, which does not belong to {len(rows)} images and {mu.shape[1]} latents"
        )
    place = {int(row): position for position, row in enumerate(rows)}
    known = np.array([int(row) in place for row in index])
    if not known.any():
        return f"{path} has none of the images of this audit"
    partner = saved[[place[int(row)] for row in index[known]]]
    with np.errstate(over="ignore"):  # a table of absurd numbers just does not agree
        difference = float(np.abs(partner - mu[known]).max())
        spread = float(partner.std()) or 1.0
    allowed = (AGREEMENT + OF_MORE_IMAGES * rounding) * spread
    return SavedZ(str(path), int(known.sum()), difference, difference <= allowed)


def _finite_table(value: object) -> np.ndarray:
    table = np.asarray(value)
    if table.ndim != 2 or table.dtype.kind not in "fiu":
        raise ValueError("not a table of numbers")
    with np.errstate(over="ignore"):
        table = table.astype(np.float64)
    if not np.isfinite(table).all():
        raise ValueError("not finite")
    return table
