"""How far do latents move? In their own units, in random-pair distances, in their own error bars, and in order."""

import numpy as np
from scipy.stats import rankdata

from encaudit.metrics.cloud import NO_LOGVAR, Cloud, Pair, distance
from encaudit.metrics.metric import PerImage, Result, WholeSet, metric
from encaudit.results import Skipped
from encaudit.stats import (
    NO_INTERVAL,
    Interval,
    has_interval,
    median_influence,
    median_interval,
    paired_error,
    probability_interval,
    student,
)


@metric("displacement", unit="latent units", version=2, column="displacement")
def displacement(pair: Pair) -> Result:
    """How far does the latent of each image move?

    ||mu'_i - mu_i||, in the units of the latent space, which are arbitrary: read it against its ceiling, the distance
    of random pairs.

    Zero: the encoder ignores the transform; the identity gives exactly 0.
    Large: the encoder sees the transform, or the latent space is simply wide (see displacement_ratio).
    """
    return PerImage(pair.displacement)


@metric("displacement_ratio", unit="1", version=2, shuffled=False, chance=lambda _n: 1.0)
def displacement_ratio(pair: Pair) -> Result:
    """How far do latents move, compared with how far two unrelated images lie apart?

    median_i ||mu'_i - mu_i|| / median_i ||mu_i - mu_pi(i)||, pi a seeded derangement; dimensionless.

    Zero: nothing moved; the identity gives exactly 0. One: an image lands as far from itself as from any other.
    Above one: the moved latents leave the cloud of the reference.
    Interval: of the logarithm, by the influence of each image on both medians, as itself and in its two random pairs
    (dyadic-robust variance over images or groups); where most images do not move, Woodruff's of the median above.
    Skipped when more than half of the random pairs coincide (a constant encoder).

    Source: ours; the idea of transformational measures' ratio of transformation to sample variance.
    """
    cloud = pair.cloud
    random_distance = float(np.median(cloud.random_distance))
    if random_distance == 0:
        return Skipped("the reference latents of most random pairs coincide: nothing to compare a displacement with")
    value = float(np.median(pair.displacement)) / random_distance
    return WholeSet(value, ratio_interval(cloud, pair.displacement))


@metric("displacement_sigma", unit="sigma", version=2, column="sigma")
def displacement_sigma(pair: Pair) -> Result:
    """How far does the latent of each image move, measured by its own uncertainty?

    sqrt(mean_k ((mu'_ik - mu_ik) / sigma_ik)^2), sigma from the reference; dimensionless. One means: the transform
    moves the latent as far as the encoder's stated doubt about it.

    Zero: the encoder ignores the transform; the identity gives exactly 0.
    Large, for two unlike reasons: the encoder sees the transform, or its sigma has collapsed.
    Skipped when the encoder states no logvar; that of the moved latents is not needed.

    Source: ours; a diagonal Mahalanobis distance over sqrt(d), so that it compares across d.
    """
    if pair.cloud.logvar is None:
        return NO_LOGVAR
    steps = (pair.mu - pair.cloud.mu) * np.exp(-0.5 * pair.cloud.logvar)
    return PerImage(np.sqrt((steps**2).mean(axis=1)))


@metric("pair_auc", unit="1", version=2, shuffled=False, chance=lambda _n: 0.5)
def pair_auc(pair: Pair) -> Result:
    """How surely is an image nearer to its own moved copy than an unrelated image is?

    P(D < R) over all pairs of one of the own distances D = ||mu'_i - mu_i|| and one of the random ones
    R = ||mu'_i - mu_pi(i)||, ties counted half: the Mann-Whitney form of the area under the ROC curve. The paired
    form, each D against the R of the same image, is 1 - the mean retrieval_rank, which is reported anyway.

    One: every own distance is below every random one; the identity gives 1 (duplicates aside). 0.5: chance.
    Below 0.5: images land farther from themselves than from others.
    Interval: Wilson's, with the error from the influence of each image, as itself and in its two random pairs
    (dyadic-robust variance over images or groups).
    """
    own, random = pair.displacement, distance(pair.mu, pair.cloud.mu[pair.cloud.partner])
    n = len(pair)
    ranks = rankdata(np.concatenate([own, random]))
    random_above = 1 - (ranks[:n] - rankdata(own)) / n  # for each own distance, the share of random ones above it
    own_below = (ranks[n:] - rankdata(random)) / n
    value = float(own_below.mean())
    error = paired_error(random_above - value, own_below - value, pair.cloud.partner, pair.cloud.groups)
    return WholeSet(value, probability_interval(value, error, own, pair.cloud.groups))


def ratio_interval(cloud: Cloud, displacement: np.ndarray, of_strangers: np.ndarray | None = None) -> Interval:
    """Within which bounds does the median of displacements (``n``) lie, in medians of the random distance?

    ``of_strangers`` (``n``): other distances of each image and its random partner, where these are the measure.
    """
    n, groups = len(cloud), cloud.groups
    if not has_interval(n, groups):
        return NO_INTERVAL
    strangers = cloud.random_distance if of_strangers is None else of_strangers
    random_distance = float(np.median(strangers))
    value = float(np.median(displacement)) / random_distance
    if value == 0:
        low, high = np.array(median_interval(displacement, groups), dtype=np.float64) / random_distance
        return float(low), float(high)
    own = median_influence(displacement, groups) / (value * random_distance)
    of_pairs = -median_influence(strangers, groups) / random_distance
    factor = float(np.exp(student(n, groups) * paired_error(own, of_pairs, cloud.partner, groups)))
    return value / factor, value * factor
