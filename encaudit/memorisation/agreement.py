"""Do two training runs say the same of the same images? As a whole, image by image, and cluster by cluster."""

from dataclasses import dataclass

import numpy as np

from encaudit.errors import InputError
from encaudit.memorisation.resampled import resampled
from encaudit.metrics import METRICS
from encaudit.metrics.cloud import CLUSTERS, NEIGHBOURS, Cloud, Pair, distance
from encaudit.metrics.clusters import IMAGES_PER_CLUSTER, adjusted_rand, influence_on_rand
from encaudit.metrics.displacement import ratio_interval
from encaudit.metrics.measuring import summary
from encaudit.other_seed import aligned
from encaudit.results import Latents, Skipped, Summary
from encaudit.stats import NO_INTERVAL, has_interval, influence_interval, summarize_dataset

# What a run gives compared with itself, and compared with one that has nothing in common with it; where k-means is
# asked, and for neighbours, these depend on the cloud.
SAME: dict[str, float | None] = {
    "run_latent_agreement": 1.0,
    "run_displacement_ratio": 0.0,
    "run_neighbour_agreement": 1.0,
    "run_cluster_agreement": None,
}
NO_STRANGERS = Skipped("most images lie where the other run puts another one: nothing to compare a displacement with")
UNRELATED = {"run_latent_agreement": 0.0, "run_displacement_ratio": 1.0, "run_cluster_agreement": 0.0}


@dataclass(frozen=True)
class ClusterKept:
    """What becomes of one cluster of the reference run in the other run.

    ``images``: how many it has; ``together``: the share of its pairs of images that are in one cluster there too, and
    ``by_chance`` the same for pairs at random; ``displacement_ratio``: the median displacement of its images after
    alignment, by that of strangers (None where the runs could not be aligned).
    """

    cluster: int
    images: int
    together: float
    by_chance: float
    displacement_ratio: float | None


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two runs agree on the same images (``n``), in the order of the reference run.

    ``measures``: run_latent_agreement, run_displacement_ratio, run_neighbour_agreement, run_cluster_agreement.
    ``same``: what each gives for a run and itself; ``unrelated``: for two runs without anything in common.
    ``placed``: the other run's latents in the frame of the reference; None where they cannot be brought there.
    ``displacement`` (``n``): of each image after alignment, by that of strangers; None where not aligned.
    ``labels``: the cluster of each image in the two runs; None where there are too few images.
    """

    measures: dict[str, Summary | Skipped]
    same: dict[str, float | None]
    unrelated: dict[str, float]
    placed: Latents | None
    displacement: np.ndarray | None
    labels: tuple[np.ndarray, np.ndarray] | None
    clusters: list[ClusterKept]


def agree(reference: Latents, other: Latents, groups: np.ndarray | None, seed: int) -> Agreement:
    """How far do two training runs agree on the latents of the same images (at least 3)?

    The other run is brought into the frame of the reference by a cross-fitted similarity transform (see other-seed);
    neighbours and clusters need no frame.

    - run_latent_agreement: the share of the reference latents' variance that the aligned other run explains,
      max(r, 0)^2 with r the correlation of all centred entries of the two. One: equal up to a similarity transform.
      Zero: unrelated. An affine or bent relation lowers it; see the neighbours.
    - run_displacement_ratio: median_i ||mu_i - mu'_i|| / median_i ||mu_i - mu'_pi(i)||, mu' the aligned other run, pi a
      seeded derangement: how far apart the two runs put an image, by how far one puts it from where the other puts
      another image. Zero: equal. One: they have nothing in common. Both distances are between the two clouds, so that
      clouds of other shapes change nothing: of two unrelated ones the median image of the one with the longer tails
      lies nearer to the middle, and distances within the reference alone would make that 0.7 or 1.4.
    - run_neighbour_agreement: neighbour_overlap, the share of an image's 15 neighbours that it has in both runs.
    - run_cluster_agreement: adjusted Rand index of k-means clusters (k = 20), fitted in each run by itself. Zero:
      chance. k-means does not agree with itself on a cloud without clusters: what a second fit to the reference gives
      is shown as the best that can be expected.

    Intervals: bootstrap for the first, jackknife for the others, over images or groups. Skipped where a run gives all
    images the same latent, or where images are too few.

    Source: ours; Schönemann 1966, Hubert & Arabie 1985.
    """
    assert np.array_equal(reference.index, other.index) and len(reference) >= 3
    cloud = Cloud(reference, groups, seed)
    moved = _aligned(reference, other, seed)
    measures: dict[str, Summary | Skipped] = {}
    placed = displacement = None
    if isinstance(moved, Skipped):
        measures |= {"run_latent_agreement": moved, "run_displacement_ratio": moved}
    else:
        placed, pair = moved, Pair(cloud, moved)
        measures["run_latent_agreement"] = _explained(cloud.mu, pair.mu, groups, seed)
        strangers = distance(cloud.mu, pair.mu[cloud.partner])
        apart = float(np.median(strangers))
        displacement = pair.displacement / apart if apart > 0 else None
        measures["run_displacement_ratio"] = (
            NO_STRANGERS
            if displacement is None
            else summarize_dataset(
                float(np.median(displacement)), ratio_interval(cloud, pair.displacement, strangers), len(cloud)
            )
        )
    pair = _of_one_width(cloud, other)
    overlap = METRICS.get("neighbour_overlap").evaluate(pair)
    measures["run_neighbour_agreement"] = summary(overlap, cloud)
    labels = _labels(reference, other, seed)
    unrelated = UNRELATED | {"run_neighbour_agreement": min(NEIGHBOURS / (len(reference) - 1), 1.0)}
    if isinstance(labels, Skipped):
        measures["run_cluster_agreement"] = labels
        return Agreement(measures, SAME, unrelated, placed, displacement, None, [])
    here, there, again = labels
    measures["run_cluster_agreement"] = _rand(here, there, groups)
    same = SAME | {"run_cluster_agreement": float(adjusted_rand(_contingency(here, again)))}
    kept = _kept(here, there, displacement)
    return Agreement(measures, same, unrelated, placed, displacement, (here, there), kept)


def _of_one_width(cloud: Cloud, other: Latents) -> Pair:
    """Return both runs with as many dimensions, where need be with some of zeros, which change no distance."""
    mine, theirs = cloud.latents.mu.shape[1], other.mu.shape[1]
    if mine == theirs:
        return Pair(cloud, other)
    wide = [
        Latents(np.pad(run.mu, ((0, 0), (0, max(mine, theirs) - run.mu.shape[1]))), None, run.index)
        for run in (cloud.latents, other)
    ]
    return Pair(Cloud(wide[0], cloud.groups, cloud.seed), wide[1])


def _aligned(reference: Latents, other: Latents, seed: int) -> Latents | Skipped:
    for which, run in (("reference", reference), ("other", other)):
        if not np.ptp(run.mu, axis=0).any():
            return Skipped(f"the {which} run gives every image the same latent")
    try:
        return aligned(reference, other, seed)
    except InputError as error:
        return Skipped(str(error).rstrip("."))


def _explained(target: np.ndarray, source: np.ndarray, groups: np.ndarray | None, seed: int) -> Summary:
    target, source = target - target.mean(axis=0), source - source.mean(axis=0)
    products = [(one * two).sum(axis=1) for one, two in ((target, source), (target, target), (source, source))]

    def squared_correlation(weight: np.ndarray) -> float:
        total = weight.sum()
        means = [weight @ one / total for one in (target, source)]
        shared, own, theirs = (
            float(weight @ product / total - means[i] @ means[j])
            for product, (i, j) in zip(products, ((0, 1), (0, 0), (1, 1)), strict=True)
        )
        return max(shared, 0.0) ** 2 / (own * theirs) if own * theirs > 0 else 0.0

    return resampled(squared_correlation, len(target), groups, seed)


def _labels(reference: Latents, other: Latents, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | Skipped:
    """Return the cluster of each image in the two runs, and in a second fit to the reference."""
    n = len(reference)
    if n < IMAGES_PER_CLUSTER * CLUSTERS:
        return Skipped(f"{n} images are too few for {CLUSTERS} clusters")
    for which, run in (("reference", reference), ("other", other)):
        if len(np.unique(run.mu, axis=0)) < CLUSTERS:
            return Skipped(f"the {which} run has fewer than {CLUSTERS} different latents")
    first, second, again = (
        np.asarray(Cloud(run, None, own_seed).clusters.labels_)
        for run, own_seed in ((reference, seed), (other, seed), (reference, seed + 1))
    )
    return first, second, again


def _contingency(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    table = np.zeros((CLUSTERS, CLUSTERS))
    np.add.at(table, (first, second), 1)
    return table


def _rand(first: np.ndarray, second: np.ndarray, groups: np.ndarray | None) -> Summary:
    table = _contingency(first, second)
    value = float(adjusted_rand(table))
    if not has_interval(len(first), groups):
        return summarize_dataset(value, NO_INTERVAL, len(first))
    interval = influence_interval(value, influence_on_rand(first, second, table), groups, least=-1, most=1)
    return summarize_dataset(value, interval, len(first))


def _kept(here: np.ndarray, there: np.ndarray, displacement: np.ndarray | None) -> list[ClusterKept]:
    table, n = _contingency(here, there), len(here)
    sizes = table.sum(axis=0)
    by_chance = float((sizes * (sizes - 1)).sum() / (n * (n - 1)))
    kept = []
    for cluster, row in enumerate(table):
        size = float(row.sum())
        together = float((row * (row - 1)).sum() / (size * (size - 1))) if size > 1 else 1.0
        far = None if displacement is None else float(np.median(displacement[here == cluster]))
        kept.append(ClusterKept(cluster, int(size), together, by_chance, far))
    return sorted(kept, key=lambda one: -one.images)
