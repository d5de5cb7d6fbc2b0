"""Does an image still find itself, and its neighbours, after it was moved?"""

import numpy as np

from encaudit.metrics.cloud import NEIGHBOURS, Pair
from encaudit.metrics.metric import PerImage, Result, WholeSet, metric
from encaudit.metrics.neighbour_influence import influence_on_overlap, influence_on_rank, jackknife_interval, ranks
from encaudit.pairs import hits_of_points
from encaudit.results import Skipped
from encaudit.stats import MIN_IMAGES, NO_INTERVAL, group_codes, has_interval, median_interval, share_interval

MOST_NEXT_TO_MEDIAN = 1000


@metric("retrieval_rank", unit="1", version=2, column="rank", shuffled=False, chance=lambda _n: 0.5)
def retrieval_rank(pair: Pair) -> Result:
    """How many other images lie nearer to where an image was moved than the image itself?

    The share of the n - 1 others j with ||mu'_i - mu_j|| < ||mu'_i - mu_i||, ties (to 1e-12) counted half; exact, in
    float64. Above 200,000 images j runs through a seeded sample of 200,000 of them, for every image: then a rank is
    an estimate, with a standard error of at most 0.0011. The headline is the median over images; the mean, reported
    beside it, is 1 - the paired form of pair_auc.

    Zero: every image finds itself first; the identity gives exactly 0 where no two images share a latent.
    0.5: chance, the ceiling; also what a constant encoder gives, even under the identity.
    Interval: Woodruff's, of the median over images or groups, each image as one that is moved and as a rival of others
    (its U-statistic influence on the ranks next to the median), of a sample of rivals by the size of the sample.
    """
    rank = pair.rank
    if not has_interval(len(pair), pair.cloud.groups):
        return PerImage(rank)
    return PerImage(rank, median_interval(rank, pair.cloud.groups, _influence_as_rival(pair, rank)))


@metric("recall_at_1", unit="1", version=2, shuffled=False, chance=lambda n: 1 / n)
def recall_at_1(pair: Pair) -> Result:
    """How often is an image itself the nearest to where it was moved?

    The share of images at place 1 of their retrieval (see retrieval_rank); ties are broken at random, in expectation.
    Above 200,000 images, the share of a seeded sample of 10,000, each asked among all.

    One: always; the identity gives 1 where no two images share a latent. 1/n: chance, the ceiling.
    Interval: Wilson's, given the reference cloud, with an effective number of images under grouping.
    """
    return _recall(pair, 1)


@metric("recall_at_10", unit="1", version=2, shuffled=False, chance=lambda n: min(10 / n, 1.0))
def recall_at_10(pair: Pair) -> Result:
    """How often is an image among the ten nearest to where it was moved?

    The share of images at places 1 to 10 of their retrieval (see retrieval_rank); ties are broken at random, in
    expectation. Above 200,000 images, the share of a seeded sample of 10,000, each asked among all.

    One: always. 10/n: chance, the ceiling. Skipped for 10 images or fewer, where it could not be otherwise.
    Interval: Wilson's, given the reference cloud, with an effective number of images under grouping.
    """
    return _recall(pair, 10)


@metric(
    "neighbour_overlap",
    unit="1",
    version=2,
    across_encoders=True,
    shuffled=False,
    chance=lambda n: min(NEIGHBOURS / (n - 1), 1.0),
)
def neighbour_overlap(pair: Pair) -> Result:
    """Does an image keep its neighbours when all images are moved?

    mean_i |N(mu_i) & N(mu'_i)| / k, where N are the k = 15 nearest other images within the reference cloud and within
    the moved cloud. Blind to any motion of the cloud as a whole, so it compares two encoders as well. Above 10,000
    images, the mean over a seeded sample of 10,000, whose neighbours are sought among all.

    One: the same neighbours; the identity gives exactly 1. k/(n-1): chance, the ceiling.
    Small, for two unlike reasons: the encoder sees the transform, or neighbours are within its noise (see a renoised
    control). Among exact duplicates the choice of neighbours is arbitrary.
    Interval: jackknife over images or groups, each image as one that is asked and as a neighbour of others; over
    images, corrected for what they do in twos; over groups it is rather too wide.
    Skipped for 16 images or fewer, where all others are neighbours, and where all latents coincide.
    """
    cloud, n = pair.cloud, len(pair)
    if n <= NEIGHBOURS + 1:
        return Skipped(f"{n} images are too few for {NEIGHBOURS} neighbours")
    if (skipped := _no_variety(pair)) is not None:
        return skipped
    overlap, influence = influence_on_overlap(cloud.sampled, cloud.neighbours.nearest, pair.moved_neighbours.nearest, n)
    value = float(overlap.mean())
    return WholeSet(value, jackknife_interval(value, influence, pair, most=1))


@metric("information_imbalance", unit="1", across_encoders=True, shuffled=False, chance=lambda _n: 1.0)
def information_imbalance(pair: Pair) -> Result:
    """How much of the moved neighbourhoods do the neighbourhoods before the move already tell?

    2/n times the mean rank, by distance in the moved cloud, of the image that was an image's nearest before
    (rank 1: it still is). Ties (to 1e-12) take their mean rank. Above 10,000 images, the mean over a seeded sample of
    10,000, ranked among all. Blind to any motion of the cloud as a whole, so it compares two encoders as well.

    Zero: everything; the identity gives 2/n, the least there is. One: nothing, chance.
    Small while information_imbalance_back is large: the move merged what was apart; the reverse: it tore apart.
    Large also where distances are within the encoder's noise (see a renoised control).
    Interval: jackknife over images or groups, each image as one that is asked, as a rival and as a nearest one; over
    images, corrected for what they do in twos; over groups it is rather too wide.
    Skipped where all latents of a cloud coincide.

    Source: Glielmo et al. 2022, doi:10.1093/pnasnexus/pgac039.
    """
    if (skipped := _no_variety(pair)) is not None:
        return skipped
    return _imbalance(pair, pair.cloud.neighbours.nearest, pair.mu)


@metric("information_imbalance_back", unit="1", across_encoders=True, shuffled=False, chance=lambda _n: 1.0)
def information_imbalance_back(pair: Pair) -> Result:
    """How much of the neighbourhoods before the move could still be told from the moved ones?

    information_imbalance with the roles exchanged: 2/n times the mean rank, in the reference cloud, of the image that
    is an image's nearest after the move.

    Zero: everything; the identity gives 2/n, the least there is. One: nothing, chance.
    Large while information_imbalance is small: the move threw information away, as a constant dimension does.
    Interval: jackknife over images or groups, each image as one that is asked, as a rival and as a nearest one; over
    images, corrected for what they do in twos; over groups it is rather too wide.
    Skipped where all latents of a cloud coincide.

    Source: Glielmo et al. 2022, doi:10.1093/pnasnexus/pgac039.
    """
    if (skipped := _no_variety(pair)) is not None:
        return skipped
    return _imbalance(pair, pair.moved_neighbours.nearest, pair.cloud.mu)


def _influence_as_rival(pair: Pair, rank: np.ndarray) -> np.ndarray:
    """What does the weight of each image change in the median rank, by being nearer to others than their own is?

    How much more often than the median rank it is nearer, over the (at most 1,000) ranks next to the median.
    """
    n, rivals = len(pair), pair.cloud.rivals
    near = np.argsort(np.abs(rank - np.median(rank)), kind="stable")[
        : min(MOST_NEXT_TO_MEDIAN, max(n // 5, MIN_IMAGES))
    ]
    mu = pair.cloud.mu
    hits = np.zeros(n)
    hits[rivals] = hits_of_points(pair.mu[near], mu[rivals], mu[near], np.full(len(near), 1 / len(near)))
    hits[near[np.isin(near, rivals)]] -= 0.5 / len(near)  # the own point, tied with itself
    influence = np.zeros(n)
    influence[rivals] = n / len(rivals) * (hits[rivals] - hits[rivals].mean())
    return influence


def _no_variety(pair: Pair) -> Skipped | None:
    if np.ptp(pair.cloud.mu, axis=0).any() and np.ptp(pair.mu, axis=0).any():
        return None
    return Skipped("all images have the same latent: they have no nearest neighbours")


def _recall(pair: Pair, k: int) -> Result:
    if k >= len(pair):
        return Skipped(f"{len(pair)} images are too few to ask for the nearest {k}")
    asked, nearer, tied = pair.retrieved
    hits = np.clip((k - nearer) / (tied + 1), 0, 1)
    groups = None if pair.cloud.groups is None else group_codes(pair.cloud.groups[asked])
    return WholeSet(float(hits.mean()), share_interval(hits, groups))


def _imbalance(pair: Pair, nearest: np.ndarray, points: np.ndarray) -> Result:
    """2/n times the mean rank, among ``points``, of the images that are ``nearest`` to those asked elsewhere."""
    n, asked = len(points), pair.cloud.sampled
    if not has_interval(n, pair.cloud.groups):
        return WholeSet(2 / n * float(ranks(asked, nearest[:, 0], points).mean()), NO_INTERVAL)
    found, influence = influence_on_rank(asked, nearest[:, :2], points)
    value = 2 / n * float(found.mean())
    return WholeSet(value, jackknife_interval(value, influence, pair))
