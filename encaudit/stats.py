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


def summarize_images(values: np.ndarray, groups: np.ndarray | None, interval: Interval | None = None) -> Summary:
    """How is a quantity that each image has (``n`` floats) distributed? The interval is that of its median.

    It is ``median_interval``, unless the metric brings its own.
    """
    q05, q25, median, q75, q95 = (float(q) for q in np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]))
    low, high = median_interval(values, groups) if interval is None else interval
    mean = float(values.mean())
    return Summary(median, mean, q05, q25, q75, q95, ci_low=low, ci_high=high, n=len(values))


def summarize_dataset(value: float, interval: Interval, n: int) -> Summary:
    """Return the summary of a quantity that only the data set as a whole has: its one value, everywhere."""
    low, high = interval
    return Summary(value, value, value, value, value, value, ci_low=low, ci_high=high, n=n)


def has_interval(n: int, groups: np.ndarray | None) -> bool:
    """Are there enough images, and enough groups of them, to speak of an interval?"""
    return n >= MIN_IMAGES and (groups is None or int(groups.max()) + 1 >= MIN_GROUPS)


def median_interval(values: np.ndarray, groups: np.ndarray | None, influence: np.ndarray | None = None) -> Interval:
    """Within which bounds does the median over images lie?

    Woodruff's interval (1952): the quantiles at 1/2 -+ t times the standard error of the share of images below the
    median, by images or groups; for images alone that is the interval of order statistics. It needs no density, which
    a bootstrap of the median would resample point by point.

    ``influence`` (``n``) is what the weight of each image changes in the *value* of the median image, where values
    depend on all images; it is brought to the scale of the share by the slope of the quantiles.
    """
    if not has_interval(len(values), groups):
        return NO_INTERVAL
    score = _below_median(values)
    reach = _share_reach(score, groups)
    slope = median_slope(values, groups)
    if influence is not None and slope > 0:
        reach = max(reach, _share_reach(score - influence / slope, groups))
    low, high = (
        np.quantile(values, max(0.5 - reach, 0), method="lower"),
        np.quantile(values, min(0.5 + reach, 1), method="higher"),
    )
    return float(low), float(high)


def median_slope(values: np.ndarray, groups: np.ndarray | None) -> float:
    """How far do the quantiles of the values move for a share of images, at the median: 1 / density there?

    Taken across Hall and Sheather's bandwidth (1988), or Woodruff's interval where groups make that wider; 0 where one
    value fills it.
    """
    reach = min(max(0.97 * len(values) ** (-1 / 3), _share_reach(_below_median(values), groups)), 0.5)
    low, high = np.quantile(values, [0.5 - reach, 0.5 + reach])
    return float((high - low) / (2 * reach))


def median_influence(values: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return what the weight of each image changes in the median of the values, ``n``."""
    return -_below_median(values) * median_slope(values, groups)


def _below_median(values: np.ndarray) -> np.ndarray:
    """1/2 below the median, -1/2 above it, 0 at it."""
    median = np.median(values)
    return np.asarray(0.5 * (values < median) - 0.5 * (values > median))


def _share_reach(score: np.ndarray, groups: np.ndarray | None) -> float:
    # values at the median say nothing of the spread; the error of a share of one half is the least there is
    error = max(influence_error(score - score.mean(), groups), 0.5 / float(np.sqrt(len(score))))
    return student(len(score), groups) * error


def resamples(n: int, groups: np.ndarray | None, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each of n images is in each of ``RESAMPLES`` bootstrap resamples, the same for the same seed."""
    unit = np.arange(n) if groups is None else groups
    n_units = int(unit.max()) + 1
    rng = generator(seed, "bootstrap")
    for _ in range(RESAMPLES):
        yield np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)[unit]


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
    # of one unit alone there is an error of 0, and no interval (has_interval)
    return float(np.sqrt(len(sums) / max(len(sums) - 1, 1) * (sums**2).sum())) / len(influence)


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
    reach = student(len(influence), groups) * influence_error(influence, groups)
    return float(max(value - reach, least)), float(min(value + reach, most))


def explained_share(residual: np.ndarray, total: np.ndarray, groups: np.ndarray | None) -> tuple[float, Interval]:
    """Which share of a sum over images (``total``, ``n``) is not left over (``residual``, ``n``), and its interval?

    1 - sum residual / sum total: R^2, where the residuals are those of images that the fit has not seen. The interval
    is that of the delete-one jackknife over images or groups, exact for a ratio: few groups weigh too unequally for the
    infinitesimal form. The fit itself is held, since at its optimum it changes residuals in second order only.
    """
    unit = np.arange(len(total)) if groups is None else groups
    left = float(residual.sum() / total.sum())
    of_unit = np.bincount(unit, weights=total) / total.sum()
    influence = (left * total - residual) / float(total.mean()) / np.maximum(1 - of_unit, 0.5)[unit]
    return 1 - left, influence_interval(1 - left, influence, groups, most=1)


def paired_error(own: np.ndarray, of_pairs: np.ndarray, partner: np.ndarray, groups: np.ndarray | None) -> float:
    """What is the standard error of a statistic of images and of pairs of them?

    ``own`` (``n``) are influences of images, ``of_pairs`` (``n``) those of the pairs (i, partner[i]), on the scale of
    ``influence_error``. A pair belongs to both of its images (or groups), so what is summed for an image are its own
    influence and those of all its pairs; products of a pair with itself, then counted twice, are taken out once: the
    dyadic-robust variance of Fafchamps & Gubert 2007 (Aronow, Samii & Assenova 2015).
    """
    n = len(own)
    unit = np.arange(n) if groups is None else groups
    first, second = unit, unit[partner]
    units = int(unit.max()) + 1
    sums = np.bincount(unit, weights=own, minlength=units) + np.bincount(first, weights=of_pairs, minlength=units)
    apart = first != second
    sums += np.bincount(second[apart], weights=of_pairs[apart], minlength=units)
    dyad = np.minimum(first, second)[apart] * units + np.maximum(first, second)[apart]
    twice = np.bincount(np.unique(dyad, return_inverse=True)[1].ravel(), weights=of_pairs[apart])
    variance = float((sums**2).sum() - (twice**2).sum())
    if variance <= 0:  # by chance, in small samples; without the correction it is too wide, not too narrow
        variance = float((sums**2).sum())
    return float(np.sqrt(units / max(units - 1, 1) * variance)) / n  # of one unit there is no interval anyway


def student(n: int, groups: np.ndarray | None) -> float:
    """How many standard errors does a 95 % interval reach to either side, for so many images or their groups?"""
    n_units = n if groups is None else int(groups.max()) + 1
    return float(t.ppf((1 + CONFIDENCE) / 2, n_units - 1))


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
    return wilson(share, size, float(norm.ppf((1 + CONFIDENCE) / 2)))


def probability_interval(value: float, error: float, values: np.ndarray, groups: np.ndarray | None) -> Interval:
    """Within which bounds does a probability lie that has this standard error, from these images (``n``)?

    Wilson's interval for the number of images that would give a share this error, so that it keeps its width near 0
    and 1; where the error is 0, for all images.
    """
    if not has_interval(len(values), groups):
        return NO_INTERVAL
    size = value * (1 - value) / error**2 if error > 0 and 0 < value < 1 else len(values)
    return wilson(value, size, student(len(values), groups))


def wilson(share: float, size: float, z: float) -> tuple[float, float]:
    """Return Wilson's bounds of a share of so many, z standard errors away."""
    middle = (share + z**2 / (2 * size)) / (1 + z**2 / size)
    reach = z / (1 + z**2 / size) * float(np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2)))
    # at 0 and 1 the bound is the share itself, up to rounding
    return min(max(middle - reach, 0.0), share), max(min(middle + reach, 1.0), share)
