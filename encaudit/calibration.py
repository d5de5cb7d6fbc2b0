"""Are the encoder's error bars right? Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788).

Draw latents, let the decoder make images of them, encode these, and see where the true latents lie in the posteriors:
if they are right, anywhere in them equally often.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from scipy.stats import chi2, kstwo, norm
from torch import Tensor

from encaudit.draws import normal
from encaudit.encoders.rendering import NO_DECODER, why_not_likely, why_not_rendered
from encaudit.images import NoisePower, stack_moments, unusable
from encaudit.precision import encode
from encaudit.results import Measurement, Skipped, Summary
from encaudit.stats import NO_INTERVAL, Interval, influence_interval, share_interval, summarize_dataset
from encaudit.transforms.renoise import Renoise
from encaudit.types import Encoder, ImageBatch, Posterior, Renderer, Stack

LEVELS = (0.5, 0.8, 0.95)
ELLIPSOID = 0.95
BINS = 20
FALSE_ALARM = 0.05
METRICS = (*(f"sbc_coverage_{level * 100:.0f}" for level in LEVELS), "sbc_ellipsoid_95", "sbc_deviation")

_PIXELS_AT_ONCE = 2**20

Draw = Literal["prior", "posterior"]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Where ``n`` true latents of ``d`` dimensions lie in the posteriors of their images.

    - ``index``: ``n``, the stack rows whose pose, translation and CTF the images were simulated with.
    - ``pit``: ``n d``, the probability that the posterior gives to values below the true one; uniform if it is right.
      Heaped up at both ends: error bars too small; in the middle: too large; on one side: biased.
    - ``histogram``: ``d BINS``, how many of them lie in each of 20 equal parts of [0, 1].
    - ``deviation``: ``d``, the largest distance between their cumulative distribution and the uniform one
      (Kolmogorov-Smirnov); ``critical``: what the largest of these stays below in 95 % of calibrated encoders.
    - ``assumed``: which latents and which noise were drawn, in words.
    """

    index: np.ndarray
    pit: np.ndarray
    histogram: np.ndarray
    deviation: np.ndarray
    critical: float
    assumed: str
    measurements: list[Measurement]


def calibrate(
    encoder: Encoder,
    stack: Stack,
    positions: np.ndarray,
    *,
    seed: int,
    z: Draw = "prior",
    noise: NoisePower | None = None,
    groups: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Calibration | Skipped:
    """How often does the true latent lie in the posterior's credible sets, when the decoder made the image?

    One latent is drawn for each of these positions of the stack: from N(0, 1) (``prior``), which is what the training
    held the posteriors against, or from the posterior of the image there (``posterior``), which is where the images of
    this stack are: the coverage is then that for latents such as these, under a prior that the training did not assume.
    The image is ``simulate``d with the noise of the decoder's own likelihood, or, with ``noise``, rendered with noise
    of the stack's power spectrum. ``groups``: integer codes of the positions' micrographs, for the intervals.

    Skipped for encoders without a decoder or without error bars (logvar), and where the decoder lacks something.
    """
    first = stack.read(positions[:1])
    reason = why_not_likely(encoder, first) if noise is None else why_not_rendered(encoder, first)
    if reason is not None or not isinstance(encoder, Renderer):
        return Skipped(reason or NO_DECODER)
    true, found, index, kept = [], [], [], []
    moments = stack_moments(stack, seed)
    for places, batch in _usable(stack, positions):
        batch = batch.with_(moments=moments)
        latents = _drawn(encoder, batch, z, seed)
        if latents is None:
            return Skipped("the encoder gives no error bars (logvar)")
        posterior = encode(encoder, batch.with_(images=_images(encoder, batch, latents, noise, seed)))
        if posterior.logvar is None:
            return Skipped("the encoder gives no error bars (logvar)")
        true.append(_array(latents))
        found.append((_array(posterior.mu), np.exp(_array(posterior.logvar) / 2)))
        index.append(batch.index.numpy())
        kept.append(places)
        if on_progress is not None:
            on_progress(int(places[-1]) + 1, len(positions))
    if not true:
        return Skipped("none of the sampled images can be used")
    mu, sigma = (np.concatenate(part) for part in zip(*found, strict=True))
    error = (np.concatenate(true) - mu) / sigma
    if not np.isfinite(error).all():
        return Skipped("the encoder's posterior of a simulated image is not finite")
    codes = None if groups is None else np.unique(groups[np.concatenate(kept)], return_inverse=True)[1]
    return _calibration(error, np.concatenate(index), codes, _in_words(z, noise, encoder.noise_model))


def measurements_of(found: Calibration | Skipped) -> list[Measurement]:
    """How often does the encoder's posterior hold the latent that made the image, and how often should it?

    ``sbc_coverage_50/80/95``: the share of the central 50/80/95 % intervals that hold the true value, averaged over
    dimensions; ``sbc_ellipsoid_95``: the share of the joint 95 % ellipsoids that hold the true latent. Their nominal
    value is in their name. ``sbc_deviation``: the largest ``deviation``; its floor is the ``critical`` level, below
    which a miscalibration is not seen. Skipped, all of them, where no calibration was possible.
    """
    if isinstance(found, Calibration):
        return found.measurements
    return [_measurement(name, found) for name in METRICS]


def _calibration(error: np.ndarray, index: np.ndarray, groups: np.ndarray | None, assumed: str) -> Calibration:
    n, d = error.shape
    pit = norm.cdf(error)
    hits = {
        f"sbc_coverage_{level * 100:.0f}": (np.abs(error) <= norm.ppf((1 + level) / 2)).mean(axis=1) for level in LEVELS
    }
    hits["sbc_ellipsoid_95"] = ((error**2).sum(axis=1) <= chi2.ppf(ELLIPSOID, d)).astype(float)
    measurements = [
        _measurement(name, summarize_dataset(float(hit.mean()), _interval(hit, groups), n))
        for name, hit in hits.items()
    ]
    ordered, steps = np.sort(pit, axis=0), np.arange(1, n + 1)[:, None] / n
    deviation = np.maximum((steps - ordered).max(axis=0), (ordered - steps + 1 / n).max(axis=0))
    critical = float(kstwo.ppf(1 - FALSE_ALARM / d, n))  # Bonferroni's, over dimensions
    largest = summarize_dataset(float(deviation.max()), NO_INTERVAL, n)
    measurements.append(_measurement("sbc_deviation", largest, floor=critical))
    histogram = np.stack([np.histogram(column, bins=BINS, range=(0, 1))[0] for column in pit.T])
    return Calibration(index, pit, histogram, deviation, critical, assumed, measurements)


def _interval(hit: np.ndarray, groups: np.ndarray | None) -> Interval:
    """Within which bounds does a coverage lie? That of several dimensions is surer than Wilson's one bit an image."""
    if set(np.unique(hit)) <= {0.0, 1.0}:
        return share_interval(hit, groups)
    return influence_interval(float(hit.mean()), hit - hit.mean(), groups, least=0.0, most=1.0)


def _measurement(name: str, value: Summary | Skipped, floor: float | None = None) -> Measurement:
    return Measurement(name, 1, None, "1", value, floor=floor, ceiling=None)


def _drawn(encoder: Encoder, batch: ImageBatch, z: Draw, seed: int) -> Tensor | None:
    """Return the true latents ``b d``; None where they should come from a posterior without error bars."""
    draws = normal(batch.index, (encoder.latent_dim,), seed, "true latents")
    if z == "prior":
        return draws
    q: Posterior = encode(encoder, batch)
    return None if q.logvar is None else q.mu + (q.logvar / 2).exp() * draws.to(q.mu)


def _images(decoder: Renderer, batch: ImageBatch, latents: Tensor, noise: NoisePower | None, seed: int) -> Tensor:
    if noise is None:
        return decoder.simulate(batch, latents, seed=seed).to(batch.images)
    clean = decoder.render(batch, latents).to(batch.images)
    return Renoise()(batch.with_(clean=clean, noise_power=noise.of(batch.index)), seed=seed).images


def _usable(stack: Stack, positions: np.ndarray) -> Iterator[tuple[np.ndarray, ImageBatch]]:
    """Yield the observations in batches of bounded size, and where they are among the positions."""
    at_once = max(1, _PIXELS_AT_ONCE // int(np.prod(stack.image_shape)))
    for start in range(0, len(positions), at_once):
        batch = stack.read(positions[start : start + at_once])
        bad = {place for place, _ in unusable(batch.images)}
        good = np.array([place for place in range(len(batch)) if place not in bad], dtype=np.int64)
        if len(good):
            yield start + good, batch.select(torch.from_numpy(good))


def _array(values: Tensor) -> np.ndarray:
    return values.detach().double().cpu().numpy()


def _in_words(z: Draw, noise: NoisePower | None, noise_model: str) -> str:
    latents = (
        "latents drawn from N(0, 1)" if z == "prior" else "latents drawn from the posteriors of the stack's images"
    )
    return f"{latents}; noise: {noise_model if noise is None else noise.description}"
