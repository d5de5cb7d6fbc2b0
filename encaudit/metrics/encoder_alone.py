"""What does the encoder say of the images as they are: does it use its latents, and how much do they tell?"""

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

from encaudit.metrics.cloud import NO_LOGVAR, Cloud
from encaudit.metrics.divergence import gaussian_kl
from encaudit.metrics.metric import EncoderMetric, EncoderResult, PerDimension, PerImage, WholeSet, encoder_metric
from encaudit.metrics.registered import ENCODER_METRICS
from encaudit.metrics.scale import finite
from encaudit.results import Measurement, Skipped
from encaudit.stats import (
    NO_INTERVAL,
    generator,
    group_codes,
    has_interval,
    influence_interval,
    summarize_dataset,
    summarize_images,
)

ACTIVE = 0.01  # the variance of Burda et al.
MOST_CHANNELS = 4096
BLOCK_ENTRIES = 2**16  # half a megabyte: blocks stay in the cache


@encoder_metric("active_units", unit="dimensions", ceiling=lambda cloud: float(cloud.mu.shape[1]))
def active_units(cloud: Cloud) -> EncoderResult:
    """How many latent dimensions does the encoder use at all?

    #{k : Var_i mu_ik > 0.01}; a count, up to the number of dimensions.

    Zero: every image gets the same latent (posterior collapse, or a constant encoder).
    The threshold supposes a unit Gaussian prior: a latent space of another scale, as without a KL term, is all active.
    Interval: dimensions whose variance has a 95 % interval (infinitesimal jackknife over images or groups) above the
    threshold, to those whose interval reaches above it.

    Source: Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519.
    """
    squares = (cloud.mu - cloud.mu.mean(axis=0)) ** 2
    variance = squares.mean(axis=0)
    value = float((variance > ACTIVE).sum())
    if not has_interval(len(cloud), cloud.groups):
        return WholeSet(value, NO_INTERVAL)
    bounds = [influence_interval(v, s - v, cloud.groups) for v, s in zip(variance, squares.T, strict=True)]
    low, high = (np.array(bounds, dtype=np.float64) > ACTIVE).sum(axis=0)
    return WholeSet(value, (float(low), float(high)))


@encoder_metric("prior_kl", unit="nats", column="prior_kl")
def prior_kl(cloud: Cloud) -> EncoderResult:
    """How far does the posterior of an image leave the prior: what does the encoder pay for it?

    KL(q(z|x_i) || N(0, I)) in closed form, nats: the second term of the ELBO.

    Zero: the posterior is the prior, whatever the image. Large: the latent says much of the image, or the cloud lies
    far from the origin, or sigma has collapsed, as without a KL term in training.
    Skipped when the encoder states no logvar.
    """
    found = dimension_kl.evaluate(cloud)
    return PerImage(found.values.sum(axis=1)) if isinstance(found, PerDimension) else found


@encoder_metric("dimension_kl", unit="nats")
def dimension_kl(cloud: Cloud) -> EncoderResult:
    """Which latent dimensions does the encoder use, and for how much?

    The terms of prior_kl, one measurement for each dimension k (dimension_kl_1 ... dimension_kl_d): image by image,
    and so in the mean, they add up to it.

    Zero: dimension k is the prior, whatever the image. Large: as prior_kl.
    Skipped when the encoder states no logvar.
    """
    if cloud.logvar is None:
        return NO_LOGVAR
    mu, logvar = cloud.mu[..., None], cloud.logvar[..., None]
    prior = np.zeros((1, 1))
    terms = [gaussian_kl(mu[:, k], logvar[:, k], prior, prior) for k in range(cloud.mu.shape[1])]
    return PerDimension(np.stack(terms, axis=1))


@encoder_metric("mutual_information", unit="nats", ceiling=lambda cloud: float(np.log(len(_channels(cloud)))))
def mutual_information(cloud: Cloud) -> EncoderResult:
    """How much does a latent drawn from the posterior tell of which image it came from?

    mean_i log q(z_i|x_i) - mean_i log (1/B) sum_j q(z_i|x_j), one seeded draw z_i of each of B images (all, or a
    seeded sample of 4,096), nats. The first term is the negative entropy of the posteriors, by the same draws, which
    cancels most of their noise.

    Zero: nothing; posterior collapse gives 0. Capped at log B, the ceiling: near it, read "at least this much", since
    every image is told from all B - 1 others; the true value is larger and is not seen.
    Large: images differ in their latents by more than the encoder's doubt; also where sigma has collapsed. Large is
    not right: an encoder that hashes its images is at the cap too.
    Interval: infinitesimal jackknife over images or groups, each image as source of a draw and as channel.
    Skipped when the encoder states no logvar.

    Source: Hoffman & Johnson 2016; He et al. 2019, arXiv:1901.05534.
    """
    if cloud.logvar is None:
        return NO_LOGVAR
    rows = _channels(cloud)
    mu, logvar = cloud.mu[rows], cloud.logvar[rows]
    n, d = mu.shape
    noise = generator(cloud.seed, "draws of the posterior").normal(size=(n, d))
    told, as_channel = np.empty(n), np.zeros(n)
    width = max(1, BLOCK_ENTRIES // (n * d))
    for start in range(0, n, width):
        block = slice(start, start + width)
        # from the difference of means, so that a draw's own noise is not lost beside a large mu
        steps = mu[block, None] - mu[None] + (np.exp(0.5 * logvar[block]) * noise[block])[:, None]
        densities = -0.5 * ((steps * np.exp(-0.5 * logvar)) ** 2 + logvar).sum(axis=2)
        mixture = logsumexp(densities, axis=1) - np.log(n)
        told[block] = -0.5 * (noise[block] ** 2 + logvar[block]).sum(axis=1) - mixture
        share = np.exp(densities - mixture[:, None]) / n
        share[np.arange(len(share)), np.arange(n)[block]] = 0  # without an image, its own draw is gone too
        as_channel += share.sum(axis=0)
    value = min(float(told.mean()), float(np.log(n)))  # above the cap only by rounding
    influence = told - told.mean() - (as_channel - as_channel.mean())
    groups = None if cloud.groups is None else group_codes(cloud.groups[rows])
    return WholeSet(value, influence_interval(value, influence, groups, most=float(np.log(n))))


def measure_encoder(cloud: Cloud, report: Callable[[str], None]) -> tuple[list[Measurement], dict[str, np.ndarray]]:
    """Measure everything that is registered of the encoder alone; ``transform`` is None, the floor 0.

    Returns the measurements, and columns of one value an image.
    """
    measurements: list[Measurement] = []
    columns: dict[str, np.ndarray] = {}
    for name in ENCODER_METRICS:
        chosen = ENCODER_METRICS.get(name)
        report(f"the encoder: {name}")
        result = finite(chosen.evaluate, cloud)
        measurements.extend(_measurement(chosen, *named, cloud) for named in _named(name, result, cloud))
        if chosen.column is not None and isinstance(result, PerImage):
            columns[chosen.column] = result.values
    return measurements, columns


def _named(name: str, result: EncoderResult, cloud: Cloud) -> list[tuple[str, PerImage | WholeSet | Skipped]]:
    """Give each dimension its own name; a skip of dimension_kl is one for each of them."""
    if name != dimension_kl.name:
        assert not isinstance(result, PerDimension)
        return [(name, result)]
    columns = result.values.T if isinstance(result, PerDimension) else [result] * cloud.mu.shape[1]
    of_dimensions = [PerImage(column) if isinstance(column, np.ndarray) else column for column in columns]
    return [(f"{name}_{k}", one) for k, one in enumerate(of_dimensions, 1)]


def _measurement(of: EncoderMetric, name: str, result: PerImage | WholeSet | Skipped, cloud: Cloud) -> Measurement:
    ceiling = None if of.ceiling is None else of.ceiling(cloud)
    if isinstance(result, Skipped):
        return Measurement(name, of.version, None, of.unit, result, None, None)
    if isinstance(result, PerImage):
        value = summarize_images(result.values, cloud.groups, result.interval)
    else:
        value = summarize_dataset(result.value, result.interval, len(cloud))
    return Measurement(name, of.version, None, of.unit, value, 0.0, ceiling)


def _channels(cloud: Cloud) -> np.ndarray:
    """The images of the mutual information: all, or a seeded sample, ascending."""
    return cloud.some(MOST_CHANNELS, "images of the mutual information")
