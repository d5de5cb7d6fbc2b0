"""Shift the lines of an image by parts of a pixel, without blur: phases in Fourier space, cyclic at the borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def shift_lines(images: Tensor, pixels: np.ndarray, axis: int) -> Tensor:
    """Shift every line along ``axis`` (-1: x, -2: y) of images ``... y x`` by its own number of pixels.

    ``pixels`` has one entry, or one for each line (for each y when ``axis`` is -1). All frequencies keep their power,
    but for the Nyquist frequency of even boxes: it has no sine in a real image, so a shift by s leaves cos(pi s) of it.
    """
    import torch

    n = images.shape[axis]
    phases = np.exp(-2j * np.pi * np.multiply.outer(pixels, np.fft.rfftfreq(n)))  # line frequency
    if n % 2 == 0:
        phases[..., -1] = phases[..., -1].real
    if axis == -2:
        phases = phases.T  # frequency line: the frequencies of y lie along the rows
    spectrum = torch.fft.rfft(images, dim=axis)
    shifted: Tensor = torch.fft.irfft(spectrum * torch.from_numpy(phases).to(spectrum), n=n, dim=axis)
    return shifted


def shift_image(images: Tensor, pixels: float, axis: int) -> Tensor:
    """Shift images ``... y x`` along an axis; whole pixels are rolled, so that they stay bit-exact."""
    whole = round(pixels)
    rolled = images.roll(whole % images.shape[axis], axis)
    return rolled if pixels == whole else shift_lines(rolled, np.array([pixels - whole]), axis)
