"""Which headline values are functions of the per-image columns, and which functions?"""

from collections.abc import Callable

import numpy as np

from encaudit.paired.particles import Particles

# Columns (``n`` each) and weights (``r n``: how often each image is in each of r samples) -> the value in each sample.
Evaluate = Callable[[Particles, str | None, np.ndarray], np.ndarray]


def weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median of ``n`` values in each of r samples; ``weights`` (``r n``) say how often each is in them.

    A sample's median lies among the middle values of all, so that only those are counted one by one; the window grows
    where that is not so, as with large groups.
    """
    order = np.argsort(values, kind="stable")
    placed, size, n = values[order], weights.sum(axis=1), len(values)
    reach = 16 + 3 * int(np.sqrt(n))  # six standard errors of the share of one half
    while True:
        start, stop = max(n // 2 - reach, 0), min(n // 2 + reach, n)
        below = np.zeros(n, dtype=weights.dtype)
        below[order[:start]] = 1
        before = weights @ below
        reached = np.cumsum(weights[:, order[start:stop]], axis=1, dtype=weights.dtype) + before[:, None]
        lower, upper = (size + 1) // 2, size // 2 + 1
        if stop - start == n or ((before < lower).all() and (reached[:, -1] >= upper).all()):
            break
        reach *= 4
    window = placed[start:stop]
    lower_value = window[(reached >= lower[:, None]).argmax(axis=1)]
    upper_value = window[(reached >= upper[:, None]).argmax(axis=1)]
    return np.asarray((lower_value + upper_value) / 2)


def _median(quantity: str) -> Evaluate:
    def evaluate(particles: Particles, transform: str | None, weights: np.ndarray) -> np.ndarray:
        return weighted_median(_column(particles, transform, quantity), weights)

    return evaluate


def _ratio(particles: Particles, transform: str | None, weights: np.ndarray) -> np.ndarray:
    moved = weighted_median(_column(particles, transform, "displacement"), weights)
    return np.asarray(moved / weighted_median(_column(particles, transform, "random_distance"), weights))


def _recall(k: int) -> Evaluate:
    def evaluate(particles: Particles, transform: str | None, weights: np.ndarray) -> np.ndarray:
        nearer = _column(particles, transform, "rank") * (particles.of - 1)
        hits = nearer < k - 0.5  # half a place: ranks are rounded in the file
        return np.asarray(weights @ hits.astype(weights.dtype) / weights.sum(axis=1))

    return evaluate


def _column(particles: Particles, transform: str | None, quantity: str) -> np.ndarray:
    values = particles.column(transform, quantity)
    assert values is not None, f"{transform}/{quantity} is asked for, but not there"
    return values


# metric -> (the columns that it needs, how it is made of them)
PAIRED_METRICS: dict[str, tuple[tuple[str, ...], Evaluate]] = {
    "displacement": (("displacement",), _median("displacement")),
    "displacement_ratio": (("displacement", "random_distance"), _ratio),
    "displacement_sigma": (("sigma",), _median("sigma")),
    "retrieval_rank": (("rank",), _median("rank")),
    "recall_at_1": (("rank",), _recall(1)),
    "recall_at_10": (("rank",), _recall(10)),
    "posterior_kl": (("kl",), _median("kl")),
    "prior_kl": (("prior_kl",), _median("prior_kl")),
    "elbo": (("elbo",), _median("elbo")),
}
