"""How strong is the noise of a stack, at each frequency?

For particles: what the pixels outside the inscribed circle say, where the particle is not. For other images: what is
left of an image when what the decoder expects of it is taken away.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.images.autocorrelation import background_mask, over_directions, power_of
from encaudit.images.unusable import unusable
from encaudit.types import ImageBatch, Stack

SAMPLED_IMAGES = 1000
ENOUGH_FOR_A_GROUP = 100  # images; with fewer, the spectrum of a group is less sure than groups are alike
NO_NOISE = 1e-6  # of the variance of the whole images: rounding, and tails of the particle

_PIXELS_AT_ONCE = 2**20  # the padded, complex transform takes sixteen times their memory


@dataclass(frozen=True)
class NoisePower:
    """The noise of each image of a stack.

    ``source`` is "background" (pixels around the particle), "residual" (image minus what the decoder expects) or
    "assumed"; ``description`` says in words what was looked at; ``std`` is the standard deviation of the noise over the
    whole stack, in the units of its pixels.
    """

    source: str
    description: str
    std: float
    _spectra: Tensor  # "g y x"
    _rows: np.ndarray  # stack rows, ascending
    _spectrum_of: np.ndarray  # which spectrum each of these rows has

    def of(self, index: Tensor | np.ndarray) -> Tensor:
        """Return the power spectrum ``b y x`` of the noise in these rows of the stack, in the layout of ``fft2``.

        White noise of variance v has v everywhere.
        """
        rows = np.asarray(index.cpu() if isinstance(index, Tensor) else index)
        places = np.minimum(np.searchsorted(self._rows, rows), len(self._rows) - 1)
        assert np.array_equal(self._rows[places], rows), "rows of another stack"
        return self._spectra[torch.from_numpy(self._spectrum_of[places])]


def estimate_noise_power(
    stack: Stack,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    expected: Callable[[ImageBatch], Tensor] | None = None,
) -> NoisePower:
    """Estimate the power spectrum of the noise, over up to 1000 images drawn from the seed.

    ``groups``: ``n`` integer codes (micrographs, or optics groups) of the stack's images; one of which at least 100
    images are in the sample has a spectrum of its own. ``expected``: what the images show without noise, for images
    that are no particles. Raises InputError for tilt series and colour, for particles around which nothing varies, and
    for other images without ``expected``.

    Noise is taken to be the same all over an image, and in all directions. What other particles, or delocalized signal,
    leave outside the circle counts as noise.
    """
    if len(stack.image_shape) != 2:
        raise InputError(
            "The noise of tilt series and colour images is not estimated; expected images of n x y x x. "
            "Leave out renoise."
        )
    positions = np.random.default_rng(seed).permutation(len(stack.index))[:SAMPLED_IMAGES]
    particles = stack.read(positions[:1]).is_particle
    if not particles and expected is None:
        raise InputError(
            "These images have no poses or CTF, so nothing says where the particle ends, and their encoder has no "
            "decoder that tells signal from noise. Leave out renoise, give poses with --poses, or say how strong the "
            "noise is: renoise:clean=PATH,snr=X."
        )
    codes = np.zeros(len(stack.index), np.int64) if groups is None else groups
    parts = [np.flatnonzero(codes[positions] == code) for code in np.unique(codes[positions])]
    large = [part for part in parts if ENOUGH_FOR_A_GROUP <= len(part) < len(positions)]
    estimate = _of_background if particles else _of_residual
    pooled = estimate(stack, np.sort(positions), expected)
    spectra = [pooled, *(estimate(stack, np.sort(positions[part]), expected) for part in large)]

    spectrum_of = np.zeros(len(stack.index), np.int64)
    for number, part in enumerate(large, start=1):
        spectrum_of[codes == codes[positions[part[0]]]] = number
    order = np.argsort(stack.index)
    std = float(pooled.mean().sqrt())
    return NoisePower(
        source="background" if particles else "residual",
        description=_in_words(particles, len(positions), len(large), std),
        std=std,
        _spectra=torch.stack(spectra).float(),
        _rows=stack.index[order],
        _spectrum_of=spectrum_of[order],
    )


def assumed_white(stack: Stack) -> NoisePower:
    """Return white noise of variance 1, for stacks whose noise cannot be seen while its strength is given (snr)."""
    order = np.sort(stack.index)
    spectrum = torch.ones(1, *stack.image_shape[-2:])
    return NoisePower("assumed", "white noise, assumed", 1.0, spectrum, order, np.zeros(len(order), np.int64))


def _of_background(stack: Stack, positions: np.ndarray, _: object) -> Tensor:
    """Return the spectrum ``y x`` of the pixels outside the inscribed circle, from their autocorrelation."""
    mask = background_mask(stack.image_shape)
    count, mean, whole = 0, 0.0, 0.0
    for batch in _usable(stack, positions):
        count += len(batch)
        mean += float(batch.images[:, mask].double().mean(dim=1).sum())
        whole += float(batch.images.double().flatten(1).var(dim=1, correction=0).sum())
    mean, whole = mean / max(count, 1), whole / max(count, 1)
    backgrounds = (torch.where(mask, batch.images - mean, 0.0) for batch in _usable(stack, positions))
    power = power_of(backgrounds, mask)
    if not count or float(power.mean()) <= NO_NOISE * whole:
        raise InputError(
            "Outside the inscribed circle the images do not vary: they were windowed, or have no noise, so its "
            "strength is not known. State it, as renoise:snr=0.1 or renoise:snr=0.1,clean=PATH (white noise then), "
            "or give the images as they were before the window."
        )
    return power


def _of_residual(stack: Stack, positions: np.ndarray, expected: Callable[[ImageBatch], Tensor] | None) -> Tensor:
    """Return the spectrum ``y x`` of images minus what is expected of them, averaged over directions."""
    assert expected is not None
    count, summed = 0, torch.zeros(*stack.image_shape, dtype=torch.float64)
    for batch in _usable(stack, positions):
        count += len(batch)
        residual = batch.images - expected(batch).to(batch.images)
        summed += torch.fft.fft2(residual.double()).abs().square().sum(dim=0) / batch.images[0].numel()
    return over_directions(summed / max(count, 1))


def _usable(stack: Stack, positions: np.ndarray) -> Iterator[ImageBatch]:
    """Yield these observations in batches of bounded size, without images that cannot be used."""
    at_once = max(1, _PIXELS_AT_ONCE // int(np.prod(stack.image_shape)))
    for start in range(0, len(positions), at_once):
        batch = stack.read(positions[start : start + at_once])
        bad = {position for position, _ in unusable(batch.images)}
        good = torch.tensor([i for i in range(len(batch)) if i not in bad], dtype=torch.long)
        if len(good):
            yield batch.select(good) if bad else batch


def _in_words(particles: bool, count: int, own: int, std: float) -> str:
    where = "pixels outside the inscribed circle" if particles else "images minus what the decoder expects of them"
    groups = f", {own} groups by themselves" if own else ""
    return f"{where}, {count} images{groups}: standard deviation {std:.4g}"
