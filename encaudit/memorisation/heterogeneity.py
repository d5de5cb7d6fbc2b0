"""How unlike are the volumes that a run decodes?"""

import numpy as np

from encaudit.memorisation.resampled import resampled
from encaudit.results import Skipped, Summary
from encaudit.stats import NO_INTERVAL, has_interval, percentile_interval, resamples, summarize_dataset


def volume_heterogeneity(volumes: np.ndarray, seed: int) -> Summary | Skipped:
    """How unlike are the volumes that a decoder draws for its particles?

    H = mean ||V_a - V_b|| / sqrt(mean ||V||^2), over all pairs of the volumes (``m z y x``, or images ``m y x``) at the
    latents of particles that were picked at random; dimensionless.

    Zero: one volume for all. About sqrt(2): volumes without anything in common.
    Large, for two unlike reasons: the structures differ, or the decoder draws noise that differs.
    Interval: bootstrap over the particles. Skipped for fewer than 2 volumes, and where all are empty.

    Source: ours; the distance is that of volume_distance, by the mean norm.
    """
    if len(volumes) < 2:
        return Skipped(f"{len(volumes)} volume is too few for pairs")
    pairs = _Pairs(volumes)
    if not pairs.squares.any():
        return Skipped("the volumes are empty")
    return resampled(pairs.heterogeneity, len(volumes), None, seed)


def relative_heterogeneity(volumes: np.ndarray, reference: np.ndarray, seed: int) -> Summary | Skipped:
    """How unlike are the volumes of a run, compared with those of a reference run?

    The quotient of the two volume_heterogeneity.

    Zero: one volume for all. One: as unlike as those of the reference run.
    Interval: bootstrap over the particles of both, each by itself. Skipped where the reference draws one volume for
    all.

    Source: ours.
    """
    if min(len(volumes), len(reference)) < 2:
        return Skipped(f"{min(len(volumes), len(reference))} volume is too few for pairs")
    own, other = _Pairs(volumes), _Pairs(reference)
    unit = other.heterogeneity(np.ones(len(reference))) if other.squares.any() else 0.0
    if unit == 0:
        return Skipped("the reference run draws one volume for all particles")
    value = own.heterogeneity(np.ones(len(volumes))) / unit
    if not (has_interval(len(volumes), None) and has_interval(len(reference), None)):
        return summarize_dataset(value, NO_INTERVAL, len(volumes))
    draws = zip(resamples(len(volumes), None, seed), resamples(len(reference), None, seed + 1), strict=True)
    quotients = [own.heterogeneity(one.astype(float)) / other.heterogeneity(two.astype(float)) for one, two in draws]
    return summarize_dataset(value, percentile_interval(np.array(quotients)), len(volumes))


class _Pairs:
    """Distances of all pairs of volumes, ``m m``, and the squared norm of each, ``m``."""

    def __init__(self, volumes: np.ndarray) -> None:
        flat = volumes.reshape(len(volumes), -1).astype(np.float64)
        self.squares = (flat**2).sum(axis=1)
        self.distances = np.stack([np.linalg.norm(flat - one, axis=1) for one in flat])

    def heterogeneity(self, weight: np.ndarray) -> float:
        """A volume that was drawn twice is no pair with itself."""
        pairs = float(weight.sum() ** 2 - (weight**2).sum())
        if pairs == 0:
            return 0.0
        apart = float(weight @ self.distances @ weight) / pairs
        return apart / float(np.sqrt(weight @ self.squares / weight.sum()))
