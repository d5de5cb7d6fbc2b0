"""Seeded draws, summaries over images, and 95 % intervals for them (numpy; no torch).

What was drawn independently is an image, or, when ``groups`` (n integer codes 0 .. G-1, such as micrographs) are
given, a group of images: then every interval treats whole groups as the sample. Below ``MIN_IMAGES`` images or
``MIN_GROUPS`` groups there is no interval, only a value.
"""

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm, t

from encaudit.results import Summary

MIN_IMAGES = 20
MIN_GROUPS = 5
RESAMPLES = 500
CONFIDENCE = 0.95

Interval = tuple[float, float] | tuple[None, None]
NO_INTERVAL: Interval = (None, None)


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Return a generator whose draws depend on the seed and on what they are for, and on nothing else."""
    return np.random.default_rng([seed % 2**64, *purpose.encode()])


def derangement(n: int, seed: int, purpose: str = "random pairs") -> np.ndarray:
    """Which image stands in for image i, so that none stands in for itself?

    Returns a permutation of 0 .. n-1 (int64) that is one single cycle, uniform among these (as Sattolo's algorithm
    draws it), hence without fixed points; for n > 2 its square is one too. Needs n >= 2.
    """
    assert n >= 2, "one image cannot be exchanged with another"
    cycle = generator(seed, purpose).permutation(n)
    partner = np.empty(n, dtype=np.int64)
    partner[cycle] = np.roll(cycle, -1)
    return partner


def group_codes(groups: np.ndarray) -> np.ndarray:
    """Return integer codes 0 .. G-1 of groups of any dtype (``n``), each of them used."""
    return np.unique(groups, return_inverse=True)[1].reshape(len(groups))


def summarize_images(values: np.ndarray, groups: np.ndarray | None, seed: int) -> Summary:
    """How is a quantity that each image has (``n`` floats) distributed? The interval is that of its median."""
    q05, q25, median, q75, q95 = (float(q) for q in np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]))
    low, high = median_interval(values, groups, seed)
    mean = float(values.mean())
    return Summary(median, mean, q05, q25, q75, q95, ci_low=low, ci_high=high, n=len(values))


def summarize_dataset(value: float, interval: Interval, n: int) -> Summary:
    """Return the summary of a quantity that only the data set as a whole has: its one value, everywhere."""
    low, high = interval
    return Summary(value, value, value, value, value, value, ci_low=low, ci_high=high, n=n)


def has_interval(n: int, groups: np.ndarray | None) -> bool:
    """Are there enough images, and enough groups of them, to speak of an interval?"""
    return n >= MIN_IMAGES and (groups is None or int(groups.max()) + 1 >= MIN_GROUPS)


def median_interval(values: np.ndarray, groups: np.ndarray | None, seed: int) -> Interval:
    """Within which bounds does the median over images lie? Percentile bootstrap over images or groups."""
    if not has_interval(len(values), groups):
        return NO_INTERVAL
    return percentile_interval(bootstrap_medians(values, groups, seed))


def resamples(n: int, groups: np.ndarray | None, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each of n images is in each of ``RESAMPLES`` bootstrap resamples, the same for the same seed."""
    unit = np.arange(n) if groups is None else groups
    n_units = int(unit.max()) + 1
    rng = generator(seed, "bootstrap")
    for _ in range(RESAMPLES):
        yield np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)[unit]


def bootstrap_medians(values: np.ndarray, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """Return the (lower) median of the values ``n`` in each resample: ``RESAMPLES``.

    A resample is a vector of weights over values sorted once: cheap for n = 1e5.
    """
    order = np.argsort(values)
    medians = np.empty(RESAMPLES)
    for row, weights in enumerate(resamples(len(values), groups, seed)):
        below = np.cumsum(weights[order])
        medians[row] = values[order[np.searchsorted(below, below[-1] / 2)]]
    return medians


def percentile_interval(replicates: np.ndarray) -> Interval:
    """Return the central 95 % of bootstrap replicates; no interval if any of them is not finite."""
    if not np.isfinite(replicates).all():
        return NO_INTERVAL
    low, high = np.quantile(replicates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def influence_error(influence: np.ndarray, groups: np.ndarray | None) -> float:
    """What is the standard error of a smooth statistic, from the influence of each image on it?

    ``influence`` (``n``) are the derivatives by each image's weight, n x d(statistic)/d(weight_i): for a mean,
    x_i - mean. Summed over groups where given; the infinitesimal form of the delete-a-group jackknife
    (Efron & Tibshirani 1993, chapter 21).
    """
    sums = influence if groups is None else np.bincount(groups, weights=influence)
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum())) / len(influence)


def influence_interval(
    value: float,
    influence: np.ndarray,
    groups: np.ndarray | None,
    *,
    least: float = -np.inf,
    most: float = np.inf,
) -> Interval:
    """Within which bounds does a smooth statistic of the whole data set lie?

    Student's t interval with ``influence_error`` and one degree of freedom less than there are images or groups,
    cut to the values that the statistic can take.
    """
    if not has_interval(len(influence), groups):
        return NO_INTERVAL
    n_units = len(influence) if groups is None else int(groups.max()) + 1
    reach = float(t.ppf((1 + CONFIDENCE) / 2, n_units - 1)) * influence_error(influence, groups)
    return float(max(value - reach, least)), float(min(value + reach, most))


def share_interval(hits: np.ndarray, groups: np.ndarray | None) -> Interval:
    """Within which bounds does a share lie, when each image is a hit (1), a miss (0) or a split (between)?

    Wilson's interval, which does not collapse at 0 and 1, for the effective number of images p(1-p)/error^2 under
    grouping; at 0 and 1, where no clustering can be seen, the number of images itself (Korn & Graubard 1998).
    """
    n = len(hits)
    if not has_interval(n, groups):
        return NO_INTERVAL
    share = float(hits.mean())
    error = influence_error(hits - share, groups)
    size = min(n, share * (1 - share) / error**2) if error > 0 else n
    z = float(norm.ppf((1 + CONFIDENCE) / 2))
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z / (1 + z**2 / size) * float(np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)))
    # at 0 and 1 the bound is the share itself, up to rounding
    return min(max(middle - reach, 0.0), share), max(min(middle + reach, 1.0), share)
