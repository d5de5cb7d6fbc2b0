"""Is the moved cloud, as a cloud, still the same?"""

import numpy as np

from encaudit.metrics.cloud import Pair
from encaudit.metrics.metric import Result, WholeSet, metric
from encaudit.pairs import distance_sums
from encaudit.results import Skipped
from encaudit.stats import NO_INTERVAL, group_codes, has_interval, influence_interval

# of sums over all pairs; an energy distance this small, or negative, is that of one and the same cloud
ROUNDING = 1e-12


@metric("marginal_distance", unit="1", version=2, shuffled=False)
def marginal_distance(pair: Pair) -> Result:
    """Do the moved latents, all together, fill the same places as the reference: same cloud, other addresses?

    The energy distance 2 E|Y-X| - E|X-X'| - E|Y-Y'| (no square root) of the clouds X = {mu} and Y = {mu'}, as a
    V-statistic: means over all n^2 pairs, exact; divided by the mean distance of two different reference images.
    Above 20,000 images, over all pairs of a seeded sample of 20,000 of them.

    Zero: the same cloud; exactly 0 under the identity, and for any exchange of latents among the images, so shuffled
    pairs say nothing and there is no ceiling. Two samples of one law are at about 2/n, whatever the encoder.
    Grows without bound as the clouds part, by twice their distance.
    Small beside a large retrieval_rank: images changed places within an unchanged cloud.
    Interval: infinitesimal jackknife over images or groups, to first order; for two samples of one law it is too
    narrow, and the value is of order 1/n.
    Skipped when all reference latents coincide.

    Source: Székely & Rizzo 2013.
    """
    rows, reference = pair.cloud.in_sums, pair.cloud.sums_within
    n = len(rows)
    unit = float(reference.sum()) / (n * (n - 1))
    if unit == 0:
        return Skipped("all reference latents coincide: there is no random-pair distance to measure by")
    if _same_points(pair.mu, pair.cloud.mu):
        return WholeSet(0.0, (0.0, 0.0) if has_interval(n, pair.cloud.groups) else NO_INTERVAL)
    to_reference, from_moved = distance_sums(pair.mu[rows], pair.cloud.mu[rows])
    moved, _ = distance_sums(pair.mu[rows], pair.mu[rows])
    energy = float(2 * to_reference.sum() - reference.sum() - moved.sum()) / n**2
    value = energy / unit if energy > ROUNDING * unit else 0.0
    # each image enters a mean over pairs twice: as the first and as the second of a pair
    of_energy = 2 * (to_reference + from_moved - reference - moved) / n - 2 * energy
    of_unit = 2 * (reference / (n - 1) - unit)
    influence = (of_energy - value * of_unit) / unit
    groups = None if pair.cloud.groups is None else group_codes(pair.cloud.groups[rows])
    return WholeSet(value, influence_interval(value, influence, groups, least=0))


def _same_points(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two clouds are one and the same, in whichever order (of which sums over a sample would not know)."""
    if not np.array_equal(np.sort(a[:, 0]), np.sort(b[:, 0])):
        return False  # as in most cases; to sort by all dimensions takes ten times longer
    return np.array_equal(a[np.lexsort(a.T)], b[np.lexsort(b.T)])
