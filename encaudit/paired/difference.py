"""How far apart are two audits in one number, and how surely?"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from encaudit.paired.particles import Particles
from encaudit.paired.quantities import PAIRED_METRICS
from encaudit.results import Summary

RESAMPLES = 1_000
CONFIDENCE = 0.95
FEWEST_IMAGES, FEWEST_GROUPS = 20, 5  # below these there is a difference, and no interval
MOST_IMAGES = 20_000  # of more a seeded sample is compared: a thousand resamples of all would take minutes
_AT_ONCE = 2_000_000  # weights in memory


@dataclass(frozen=True)
class Difference:
    """A metric in two audits, ``change`` = other - one, and the 95 % interval of the change (None: too few images).

    ``n``: the images that both values stand on. ``paired``: whether they were compared image by image; if not, the
    interval is made of the two own ones as if they were independent, which is wider.
    """

    metric: str
    transform: str | None
    one: float
    other: float
    change: float
    low: float | None
    high: float | None
    n: int
    paired: bool


def paired_difference(
    metric: str,
    transform: str | None,
    one: Particles,
    other: Particles,
    *,
    measured_on: tuple[int, int] | None = None,
    seed: int = 0,
) -> Difference | None:
    """How far does a metric differ between two audits, on the images that both have?

    The interval is that of a bootstrap of images, or of their groups: in each resample both audits have the same
    images, so what differs from image to image cancels. What is nearest among *all* images, and which image makes a
    random pair, is held as it was measured. ``measured_on``: how many images each audit measured this transform on,
    where that was a sample of them. Above 20,000 images a seeded sample is compared.

    None where the metric is no function of per-image columns, an audit lacks them, or it is no number. Both
    are read by ``index``.
    """
    if metric not in PAIRED_METRICS:
        return None
    needed, evaluate = PAIRED_METRICS[metric]
    _, rows, its_rows = np.intersect1d(one.index, other.index, assume_unique=True, return_indices=True)
    one, other = one.take(rows), other.take(its_rows)
    known = np.ones(len(rows), dtype=bool)
    for particles in (one, other):
        for quantity in needed:
            values = particles.column(transform, quantity)
            if values is None:
                return None
            known &= np.isfinite(values)
    if not known.any():
        return None
    chosen = _sampled(np.flatnonzero(known), seed)
    of_one, of_other = measured_on or (one.of, other.of)
    one, other = replace(one.take(chosen), of=of_one), replace(other.take(chosen), of=of_other)
    groups = one.groups if one.groups is not None else other.groups
    n = len(one)
    everyone = np.ones((1, n), dtype=np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):  # a ratio to nothing is no number, and left out below
        first, second = float(evaluate(one, transform, everyone)[0]), float(evaluate(other, transform, everyone)[0])
    if not (np.isfinite(first) and np.isfinite(second)):
        return None
    unit = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1].reshape(n)
    low, high = None, None
    if n >= FEWEST_IMAGES and (groups is None or int(unit.max()) + 1 >= FEWEST_GROUPS):
        with np.errstate(divide="ignore", invalid="ignore"):
            changes = np.concatenate(
                [
                    evaluate(other, transform, weights) - evaluate(one, transform, weights)
                    for weights in _resampled(unit, seed)
                ]
            )
        if not np.isfinite(changes).all():
            return None
        tail = (1 - CONFIDENCE) / 2
        low, high = (float(bound) for bound in np.quantile(changes, [tail, 1 - tail]))
    return Difference(metric, transform, first, second, second - first, low, high, n, paired=True)


def unpaired_difference(metric: str, transform: str | None, one: Summary, other: Summary) -> Difference:
    """How far does a metric differ between two audits, by what each says of itself?

    The interval combines the two own ones as if they were independent (Zou & Donner 2008): wider than needed where both
    audits have the same images.
    """
    change = other.median - one.median
    low, high = None, None
    of_other, of_one = _reach(other), _reach(one)
    if of_other is not None and of_one is not None:
        low = change - float(np.hypot(of_other[0], of_one[1]))
        high = change + float(np.hypot(of_other[1], of_one[0]))
    n = min(one.n, other.n)
    return Difference(metric, transform, one.median, other.median, change, low, high, n, paired=False)


def _reach(value: Summary) -> tuple[float, float] | None:
    if value.ci_low is None or value.ci_high is None:
        return None
    return value.median - value.ci_low, value.ci_high - value.median


def _sampled(rows: np.ndarray, seed: int) -> np.ndarray:
    if len(rows) <= MOST_IMAGES:
        return rows
    rng = np.random.default_rng([seed % 2**64, *b"images to compare"])
    return np.sort(rng.choice(rows, MOST_IMAGES, replace=False))


def _resampled(unit: np.ndarray, seed: int) -> tuple[np.ndarray, ...]:
    """Return how often each image is in each resample of its units, in blocks ``r n`` that fit in memory."""
    return _weights(unit.astype(np.int64).tobytes(), seed)


@lru_cache(maxsize=2)  # all metrics of two audits are compared on the same images, but for those of a sample
def _weights(unit_bytes: bytes, seed: int) -> tuple[np.ndarray, ...]:
    unit = np.frombuffer(unit_bytes, dtype=np.int64)
    rng = np.random.default_rng([seed % 2**64, *b"paired bootstrap"])
    units = int(unit.max()) + 1
    block = max(1, _AT_ONCE // len(unit))
    found = []
    for start in range(0, RESAMPLES, block):
        rows = min(block, RESAMPLES - start)
        drawn = rng.integers(units, size=(rows, units)) + np.arange(rows)[:, None] * units
        times = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units)
        found.append(times.astype(np.float32)[:, unit])  # small whole numbers: exact, and quick to sum
    return tuple(found)
