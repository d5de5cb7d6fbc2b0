"""How alike are two volumes?"""

import warnings
from dataclasses import dataclass

import numpy as np

FIRST_SHELL = 2  # cryoDRGN's curve begins with a 1 by definition and the shell of the mean density alone


@dataclass(frozen=True)
class Likeness:
    """How alike two volumes are.

    - ``cc``: correlation coefficient within the sphere of radius box/2; 1 for equal volumes.
    - ``fsc`` ``box/2``: Fourier shell correlation of the unmasked volumes, as ``cryodrgn_utils fsc`` prints it:
      entry i over the shell from i-1 to i; ``fsc_auc``: its mean beyond the mean density; 1 for equal volumes.
    - ``distance``: ||second - first|| / ||first|| over the whole box; 0 for equal volumes.
    """

    cc: float
    fsc: np.ndarray
    fsc_auc: float
    distance: float


def likeness(first: np.ndarray, second: np.ndarray) -> Likeness:
    """Compare two volumes ``z y x`` of one even box, neither of them constant."""
    one, other = first.astype(np.float64), second.astype(np.float64)
    inside = _sphere(len(one))
    fsc = _fourier_shell_correlation(one, other)
    return Likeness(
        cc=float(np.corrcoef(one[inside], other[inside])[0, 1]),
        fsc=fsc,
        fsc_auc=float(fsc[FIRST_SHELL:].mean()),
        distance=float(np.linalg.norm(other - one) / np.linalg.norm(one)),
    )


def _sphere(box: int) -> np.ndarray:
    """Return the voxels nearer than box/2 to the origin of cryo-EM, which is voxel box/2."""
    away = np.arange(box) - box // 2
    return np.asarray(away[:, None, None] ** 2 + away[:, None] ** 2 + away**2 < (box / 2) ** 2)


def _fourier_shell_correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    import torch
    from cryodrgn.commands_utils.fsc import get_fsc_curve

    with warnings.catch_warnings():
        # cryoDRGN hands torch tensors to np.vdot, which numpy 2 announces that it will stop converting.
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.asarray(get_fsc_curve(torch.from_numpy(one), torch.from_numpy(other)).fsc)
