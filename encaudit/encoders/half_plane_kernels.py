"""Inner loops of the half-plane pass on a CPU, compiled by numba: one walk over memory where torch takes several.

Images side by side, so that no number depends on how many there are or on how many threads share them.
"""

from typing import Any

from numba import njit, prange

_compiled = njit(parallel=True, cache=True, error_model="numpy")


@_compiled
def phase_and_sign(along_x: Any, along_y: Any, x: Any, y: Any, sign: Any, factor: Any) -> None:
    """Write ``factor`` (``b m``): a phase for the column ``x`` (``m``) times one for the row ``y`` times the sign."""
    for image in prange(factor.shape[0]):
        for point in range(factor.shape[1]):
            phase = along_x[image, x[point]] * along_y[image, y[point]]
            factor[image, point] = phase * sign[image, point]


@_compiled
def gathered(spectrum: Any, places: Any, factor: Any, found: Any) -> None:
    """Write ``spectrum[:, places]`` times ``factor`` (``b m``) into ``found`` (``b 2m``), all real parts first."""
    for image in prange(spectrum.shape[0]):
        for point in range(places.shape[0]):
            value = spectrum[image, places[point]] * factor[image, point]
            found[image, point] = value.real
            found[image, places.shape[0] + point] = value.imag
