"""The power spectrum of noise that is seen through a mask only.

The Fourier transform of masked pixels is blurred by the mask's; their autocorrelation, divided by how many pairs of
pixels the mask leaves at each lag, is not. Source: Blackman & Tukey 1958.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


def background_mask(shape: tuple[int, ...]) -> Tensor:
    """Return which pixels ``y x`` lie outside the inscribed circle about pixel side//2."""
    y, x = (torch.arange(side) - side // 2 for side in shape)
    return y[:, None] ** 2 + x**2 >= (min(shape) / 2) ** 2


def power_of(images: Iterable[Tensor], mask: Tensor) -> Tensor:
    """Return the power spectrum ``y x`` of noise (float64, layout of fft2) from batches ``b y x``, 0 outside the mask.

    Lags of equal length are averaged, and faded out by a Hann window towards half the side: the spectrum is smoothed
    over about two Fourier pixels. It is averaged over directions, cut at zero, and scaled to the variance again.
    """
    height, width = mask.shape
    padded = (2 * height, 2 * width)  # no pair of pixels meets around the border
    summed, count = torch.zeros(2 * height, width + 1, dtype=torch.float64), 0
    for batch in images:
        summed += torch.fft.rfft2(batch, s=padded).abs().square().sum(dim=0)
        count += len(batch)
    products = torch.fft.irfft2(summed, s=padded)
    pairs = torch.fft.irfft2(torch.fft.rfft2(mask.double(), s=padded).abs().square(), s=padded).round() * count

    kind = _squared_lags(padded)
    empty = torch.zeros(int(kind.max()) + 1, dtype=torch.float64)
    found, possible = (empty.index_add(0, kind.flatten(), of.flatten()) for of in (products, pairs))
    by_lag = found / possible.clamp(min=1)

    kind, reach = _squared_lags(mask.shape), min(mask.shape) / 2
    taper = (1 + torch.cos(torch.pi * (kind.sqrt() / reach).clamp(max=1))) / 2
    power = over_directions(torch.fft.fft2(by_lag[kind] * taper).real)
    cut: Tensor = power.clamp(min=0)
    # numpy's sum: torch's rounds by the number of threads
    total = float(cut.numpy().sum())
    return cut * (float(power.numpy().sum()) / total) if total > 0 else cut


def over_directions(power: Tensor) -> Tensor:
    """Return the spectrum ``y x`` averaged over rings of one Fourier pixel."""
    y, x = (torch.fft.fftfreq(side, dtype=torch.float64) for side in power.shape)
    ring = (torch.hypot(y[:, None], x) * max(power.shape)).round().long().flatten()
    sums = torch.zeros(int(ring.max()) + 1, dtype=torch.float64).index_add(0, ring, power.flatten())
    averaged: Tensor = (sums / torch.bincount(ring))[ring].view(power.shape)
    return averaged


def _squared_lags(shape: tuple[int, ...]) -> Tensor:
    """Return the squared length of each lag in pixels, ``y x`` whole numbers, in the layout of fft2."""
    y, x = (torch.fft.fftfreq(side, 1 / side, dtype=torch.float64).round().long() for side in shape)
    squared: Tensor = y[:, None] ** 2 + x**2
    return squared
