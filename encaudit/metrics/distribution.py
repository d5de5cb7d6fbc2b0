"""Is the moved cloud, as a cloud, still the same?"""

from encaudit.metrics.cloud import Pair
from encaudit.metrics.metric import Result, WholeSet, metric
from encaudit.results import Skipped
from encaudit.stats import influence_interval

ROUNDING = (
    1e-12  # of sums over all pairs; an energy distance this small, or negative, is that of one and the same cloud
)


@metric("marginal_distance", unit="1", shuffled=False)
def marginal_distance(pair: Pair) -> Result:
    """Do the moved latents, all together, fill the same places as the reference: same cloud, other addresses?

    The energy distance 2 E|Y-X| - E|X-X'| - E|Y-Y'| (no square root) of the clouds X = {mu} and Y = {mu'}, as a
    V-statistic: means over all n^2 pairs, exact; divided by the mean distance of two different reference images.

    Zero: the same cloud; exactly 0 under the identity, and 0 for any exchange of latents among the images, so shuffled
    pairs say nothing and there is no ceiling. Grows without bound as
    the clouds part, by twice their distance.
    Small beside a large retrieval_rank: images changed places within an unchanged cloud.
    Interval: infinitesimal jackknife over images or groups, to first order; for two samples of one law it is too
    narrow, and the value is of order 1/n.
    Skipped when all reference latents coincide.

    Source: Székely & Rizzo 2013.
    """
    n = len(pair)
    across, reference, moved = pair.across, pair.cloud.within.query_sum, pair.moved_sums
    unit = float(reference.sum()) / (n * (n - 1))
    if unit == 0:
        return Skipped("all reference latents coincide: there is no random-pair distance to measure by")
    energy = float(2 * across.query_sum.sum() - reference.sum() - moved.sum()) / n**2
    value = energy / unit if energy > ROUNDING * unit else 0.0
    # each image enters a mean over pairs twice: as the first and as the second of a pair
    of_energy = 2 * (across.query_sum + across.point_sum - reference - moved) / n - 2 * energy
    of_unit = 2 * (reference / (n - 1) - unit)
    influence = (of_energy - value * of_unit) / unit
    return WholeSet(value, influence_interval(value, influence, pair.cloud.groups, least=0))
