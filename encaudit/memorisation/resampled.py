"""A statistic of weighted images, and its bootstrap interval."""

from collections.abc import Callable

import numpy as np

from encaudit.results import Summary
from encaudit.stats import NO_INTERVAL, has_interval, percentile_interval, resamples, summarize_dataset

Statistic = Callable[[np.ndarray], float]


def resampled(statistic: Statistic, n: int, groups: np.ndarray | None, seed: int) -> Summary:
    """Return a statistic of n images, given how often each of them counts (``n``), and its 95 % interval.

    Percentiles of the bootstrap over images, or over whole groups (codes 0 .. G-1, such as micrographs).
    """
    value = statistic(np.ones(n))
    if not has_interval(n, groups):
        return summarize_dataset(value, NO_INTERVAL, n)
    replicates = np.array([statistic(weight.astype(np.float64)) for weight in resamples(n, groups, seed)])
    return summarize_dataset(value, percentile_interval(replicates), n)
