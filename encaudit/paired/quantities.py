"""Which headline values are functions of the per-image columns, and which functions?"""

from collections.abc import Callable

import numpy as np

from encaudit.paired.particles import Particles

# Columns (``n`` each) and weights (``r n``: how often each image is in each of r samples) -> the value in each sample.
Evaluate = Callable[[Particles, str | None, np.ndarray], np.ndarray]


def weighted_median(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median of ``n`` values in each of r samples; ``weights`` (``r n``) say how often each is in them."""
    order = np.argsort(values, kind="stable")
    placed, reached = values[order], np.cumsum(weights[:, order], axis=1)
    size = reached[:, -1:]
    lower = placed[(reached >= (size + 1) // 2).argmax(axis=1)]
    upper = placed[(reached >= size // 2 + 1).argmax(axis=1)]
    return np.asarray((lower + upper) / 2)


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
        return np.asarray(weights @ hits / weights.sum(axis=1))

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
