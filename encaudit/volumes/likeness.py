"""How alike are two volumes?"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import rfftn

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
    """Return the curve that cryoDRGN computes, without its detour through torch and a mask for each shell.

    A real volume has the half of its transform that ``rfftn`` gives twice over, but for the plane of frequency zero.
    """
    box = len(one)
    first, second = rfftn(one), rfftn(other)
    along, half = np.fft.fftfreq(box, 1 / box), np.arange(box // 2 + 1)
    radius = np.sqrt(along[:, None, None] ** 2 + along[:, None] ** 2 + half**2).astype(np.int64).ravel()
    twice = np.where(half == 0, 1.0, 2.0)

    def summed(products: np.ndarray) -> np.ndarray:
        return np.bincount(radius, weights=(products * twice).ravel())[: box // 2 - 1]

    shared = summed((first.conj() * second).real)
    power = np.sqrt(summed(np.abs(first) ** 2) * summed(np.abs(second) ** 2))
    return np.concatenate([[1.0], np.divide(shared, power, out=np.ones_like(shared), where=power > 0)])
