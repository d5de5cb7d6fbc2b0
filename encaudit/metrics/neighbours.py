"""Does an image still find itself, and its neighbours, after it was moved?"""

import numpy as np

from encaudit.metrics.cloud import NEIGHBOURS, Pair, nearest_others
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
    return PerImage((pair.across.nearer + 0.5 * pair.across.tied) / (len(pair) - 1))


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
    across_encoders=True,
    shuffled=False,
    chance=lambda n: min(NEIGHBOURS / (n - 1), 1.0),
)
def neighbour_overlap(pair: Pair) -> Result:
    """Does an image keep its neighbours when all images are moved?

    mean_i |N(mu_i) & N(mu'_i)| / k, where N are the k = 15 nearest other images within the reference cloud and within
    the moved cloud. Blind to any motion of the cloud as a whole, so it compares two encoders as well.

    One: the same neighbours; the identity gives exactly 1. k/(n-1): chance, the ceiling.
    Small, for two unlike reasons: the encoder sees the transform, or neighbours are within its noise (see a renoised
    control). Among exact duplicates the choice of neighbours is arbitrary.
    Interval: infinitesimal jackknife over images or groups, given the neighbours.
    Skipped for 16 images or fewer, where all others are neighbours, and where all latents coincide.
    """
    cloud, n = pair.cloud, len(pair)
    if n <= NEIGHBOURS + 1:
        return Skipped(f"{n} images are too few for {NEIGHBOURS} neighbours")
    if not (np.ptp(cloud.mu, axis=0).any() and np.ptp(pair.mu, axis=0).any()):
        return Skipped("all images have the same latent: they have no nearest neighbours")
    moved = cloud.neighbours if pair.unmoved else nearest_others(pair.mu)
    # an image's neighbours as numbers that no other image uses: one intersection for all images
    home = np.arange(n)[:, None] * n
    kept = np.isin((home + moved).ravel(), (home + cloud.neighbours).ravel(), assume_unique=True)
    overlap = kept.reshape(n, NEIGHBOURS).mean(axis=1)
    value = float(overlap.mean())
    return WholeSet(value, influence_interval(value, overlap - value, cloud.groups, least=0, most=1))


def _recall(pair: Pair, k: int) -> Result:
    if k >= len(pair):
        return Skipped(f"{len(pair)} images are too few to ask for the nearest {k}")
    hits = np.clip((k - pair.across.nearer) / (pair.across.tied + 1), 0, 1)
    return WholeSet(float(hits.mean()), share_interval(hits, pair.cloud.groups))
