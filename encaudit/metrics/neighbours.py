"""Does an image still find itself, and its neighbours, after it was moved?"""

import numpy as np

from encaudit.metrics.all_pairs import count_nearer
from encaudit.metrics.cloud import NEIGHBOURS, Pair
from encaudit.metrics.metric import PerImage, Result, WholeSet, metric
from encaudit.results import Skipped
from encaudit.stats import influence_interval, share_interval


@metric("retrieval_rank", unit="1", column="rank", shuffled=False, chance=lambda _n: 0.5)
def retrieval_rank(pair: Pair) -> Result:
    """How many other images lie nearer to where an image was moved than the image itself?

    The share of the n - 1 others j with ||mu'_i - mu_j|| < ||mu'_i - mu_i||, ties (to 1e-12) counted half; exact, in
    float64. The headline is the median over images; the mean, reported beside it, is 1 - the paired form of pair_auc.

    Zero: every image finds itself first; the identity gives exactly 0 where no two images share a latent.
    0.5: chance, the ceiling; also what a constant encoder gives, even under the identity.
    Interval: bootstrap of the median over images or groups, given the reference cloud.
    """
    nearer, tied = pair.rivals
    return PerImage((nearer + 0.5 * tied) / (len(pair) - 1))


@metric("recall_at_1", unit="1", shuffled=False, chance=lambda n: 1 / n)
def recall_at_1(pair: Pair) -> Result:
    """How often is an image itself the nearest to where it was moved?

    The share of images at place 1 of their retrieval (see retrieval_rank); ties are broken at random, in expectation.

    One: always; the identity gives 1 where no two images share a latent. 1/n: chance, the ceiling.
    Interval: Wilson's, given the reference cloud, with an effective number of images under grouping.
    """
    return _recall(pair, 1)


@metric("recall_at_10", unit="1", shuffled=False, chance=lambda n: min(10 / n, 1.0))
def recall_at_10(pair: Pair) -> Result:
    """How often is an image among the ten nearest to where it was moved?

    The share of images at places 1 to 10 of their retrieval (see retrieval_rank); ties are broken at random, in
    expectation.

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
    Interval: infinitesimal jackknife over images or groups, given the neighbours.
    Skipped for 16 images or fewer, where all others are neighbours, and where all latents coincide.
    """
    cloud, n = pair.cloud, len(pair)
    if n <= NEIGHBOURS + 1:
        return Skipped(f"{n} images are too few for {NEIGHBOURS} neighbours")
    if (skipped := _no_variety(pair)) is not None:
        return skipped
    # an image's neighbours as numbers that no other image uses: one intersection for all images
    home = np.arange(len(cloud.sampled))[:, None] * n
    kept = np.isin((home + pair.moved_neighbours).ravel(), (home + cloud.neighbours).ravel(), assume_unique=True)
    overlap = kept.reshape(-1, NEIGHBOURS).mean(axis=1)
    value = float(overlap.mean())
    return WholeSet(value, influence_interval(value, overlap - value, cloud.sampled_groups, least=0, most=1))


@metric("information_imbalance", unit="1", across_encoders=True, shuffled=False, chance=lambda _n: 1.0)
def information_imbalance(pair: Pair) -> Result:
    """How much of the moved neighbourhoods do the neighbourhoods before the move already tell?

    2/n times the mean rank, by distance in the moved cloud, of the image that was an image's nearest before
    (rank 1: it still is). Ties (to 1e-12) take their mean rank. Above 10,000 images, the mean over a seeded sample of
    10,000, ranked among all. Blind to any motion of the cloud as a whole, so it compares two encoders as well.

    Zero: everything; the identity gives 2/n, the least there is. One: nothing, chance.
    Small while information_imbalance_back is large: the move merged what was apart; the reverse: it tore apart.
    Large also where distances are within the encoder's noise (see a renoised control).
    Interval: infinitesimal jackknife over images or groups, given the nearest ones.
    Skipped where all latents of a cloud coincide.

    Source: Glielmo et al. 2022, doi:10.1093/pnasnexus/pgac039.
    """
    if (skipped := _no_variety(pair)) is not None:
        return skipped
    return _imbalance(pair.cloud.sampled, pair.cloud.neighbours[:, 0], pair.mu, pair.cloud.sampled_groups)


@metric("information_imbalance_back", unit="1", across_encoders=True, shuffled=False, chance=lambda _n: 1.0)
def information_imbalance_back(pair: Pair) -> Result:
    """How much of the neighbourhoods before the move could still be told from the moved ones?

    information_imbalance with the roles exchanged: 2/n times the mean rank, in the reference cloud, of the image that
    is an image's nearest after the move.

    Zero: everything; the identity gives 2/n, the least there is. One: nothing, chance.
    Large while information_imbalance is small: the move threw information away, as a constant dimension does.
    Interval: infinitesimal jackknife over images or groups, given the nearest ones.
    Skipped where all latents of a cloud coincide.

    Source: Glielmo et al. 2022, doi:10.1093/pnasnexus/pgac039.
    """
    if (skipped := _no_variety(pair)) is not None:
        return skipped
    return _imbalance(pair.cloud.sampled, pair.moved_neighbours[:, 0], pair.cloud.mu, pair.cloud.sampled_groups)


def _no_variety(pair: Pair) -> Skipped | None:
    if np.ptp(pair.cloud.mu, axis=0).any() and np.ptp(pair.mu, axis=0).any():
        return None
    return Skipped("all images have the same latent: they have no nearest neighbours")


def _recall(pair: Pair, k: int) -> Result:
    if k >= len(pair):
        return Skipped(f"{len(pair)} images are too few to ask for the nearest {k}")
    nearer, tied = pair.rivals
    hits = np.clip((k - nearer) / (tied + 1), 0, 1)
    return WholeSet(float(hits.mean()), share_interval(hits, pair.cloud.groups))


def _imbalance(asked: np.ndarray, nearest: np.ndarray, points: np.ndarray, groups: np.ndarray | None) -> Result:
    """2/n times the mean rank, among ``points``, of the images that are ``nearest`` to those asked elsewhere."""
    n = len(points)
    nearer, tied = count_nearer(points[asked], points, nearest)
    apart = (points[asked] != points[nearest]).any(axis=1)
    nearer, tied = nearer - apart, tied - ~apart  # the image asked is no rival in its own neighbourhood
    ranks = 1 + nearer + 0.5 * tied
    value = 2 / n * float(ranks.mean())
    return WholeSet(value, influence_interval(value, 2 / n * ranks - value, groups, least=0))
