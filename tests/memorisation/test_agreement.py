"""Do two runs agree? On latents that are the same up to what a run is free in, unrelated, or in between."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from encaudit.memorisation import agree
from encaudit.results import Latents, Skipped, Summary

N, D = 1_200, 3
INDEX = np.arange(N)
RNG = np.random.default_rng(0)
STATES = 20 * RNG.standard_normal((20, D))
STATE = RNG.integers(20, size=N)
MU = STATES[STATE] + 0.1 * RNG.standard_normal((N, D))


def latents(mu: np.ndarray) -> Latents:
    return Latents(mu.astype(np.float32), None, INDEX[: len(mu)])


def medians(measures: dict[str, Summary | Skipped]) -> dict[str, float]:
    return {name: one.median for name, one in measures.items() if isinstance(one, Summary)}


def test_the_same_up_to_axes_unit_and_origin_agrees_in_everything() -> None:
    turned = 3 * MU @ ortho_group.rvs(D, random_state=1) + 5
    found = agree(latents(MU), latents(turned), None, 0)
    assert medians(found.measures) == pytest.approx(
        {
            "run_latent_agreement": 1,
            "run_displacement_ratio": 0,
            "run_neighbour_agreement": 1,
            "run_cluster_agreement": 1,
        },
        abs=0.02,
    )
    assert found.displacement is not None and found.displacement.max() < 1e-3
    assert [one.images for one in found.clusters] == sorted(np.bincount(STATE), reverse=True)
    assert min(one.together for one in found.clusters) > 0.95


def test_unrelated_runs_are_at_what_is_said_of_the_unrelated() -> None:
    other = np.random.default_rng(1).standard_normal((N, D))
    found = agree(latents(MU), latents(other), None, 0)
    values = medians(found.measures)
    assert values["run_latent_agreement"] == pytest.approx(found.unrelated["run_latent_agreement"], abs=0.01)
    assert values["run_displacement_ratio"] == pytest.approx(found.unrelated["run_displacement_ratio"], abs=0.06)
    assert values["run_neighbour_agreement"] == pytest.approx(found.unrelated["run_neighbour_agreement"], abs=0.01)
    assert values["run_cluster_agreement"] == pytest.approx(found.unrelated["run_cluster_agreement"], abs=0.01)
    together = np.average([one.together for one in found.clusters], weights=[one.images for one in found.clusters])
    assert together == pytest.approx(found.clusters[0].by_chance, rel=0.2)


@pytest.mark.parametrize("swapped", [False, True])
def test_unrelated_runs_of_other_shapes_are_as_far_apart_as_strangers(swapped: bool) -> None:
    rng = np.random.default_rng(8)
    long_tailed, even = rng.standard_t(2.2, (N, D)), rng.standard_normal((N, D))
    one, other = (even, long_tailed) if swapped else (long_tailed, even)
    found = agree(latents(one), latents(other), None, 0)
    ratio = found.measures["run_displacement_ratio"]
    assert isinstance(ratio, Summary) and ratio.ci_low is not None and ratio.ci_high is not None
    assert ratio.ci_low < 1 < ratio.ci_high
    assert ratio.ci_high - ratio.ci_low < 0.25
    assert found.displacement is not None and np.median(found.displacement) == pytest.approx(ratio.median)


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_latent_agreement_is_the_share_of_variance_that_is_common(noise: float) -> None:
    common = np.random.default_rng(2).standard_normal((N, D))
    one, other = (common + noise * np.random.default_rng(seed).standard_normal((N, D)) for seed in (3, 4))
    found = agree(latents(one), latents(other), None, 0).measures["run_latent_agreement"]
    assert isinstance(found, Summary) and found.ci_low is not None and found.ci_high is not None
    assert found.ci_low < 1 / (1 + noise**2) ** 2 < found.ci_high
    assert found.ci_high - found.ci_low < 0.12


def test_clusters_that_fall_apart_are_told_from_those_that_stay() -> None:
    torn = MU.copy()
    biggest = int(np.bincount(STATE).argmax())
    mine = biggest == STATE
    torn[mine] = STATES[np.random.default_rng(5).integers(20, size=mine.sum())]
    found = agree(latents(MU), latents(torn), None, 0)
    first, *rest = found.clusters
    assert first.images == mine.sum()
    assert first.together < 0.2
    assert min(one.together for one in rest) > 0.9
    assert first.displacement_ratio is not None and first.displacement_ratio > 0.5
    assert max(one.displacement_ratio or 0 for one in rest) < 0.2


def test_a_cloud_without_clusters_says_how_little_k_means_agrees_with_itself() -> None:
    cloud = latents(np.random.default_rng(6).standard_normal((N, D)))
    same = agree(cloud, cloud, None, 0).same["run_cluster_agreement"]
    assert same is not None and 0.2 < same < 0.9
    best = agree(latents(MU), latents(MU), None, 0).same["run_cluster_agreement"]
    assert best is not None and best > 0.9


def test_latents_of_other_widths_are_compared_too() -> None:
    wider = np.hstack([MU, np.random.default_rng(7).standard_normal((N, 2))])
    for one, other in ((MU, wider), (wider, MU)):
        found = medians(agree(latents(one), latents(other), None, 0).measures)
        assert found["run_latent_agreement"] > 0.95
        assert 0.05 < found["run_neighbour_agreement"] < 0.9


def test_a_run_with_one_latent_for_all_is_skipped_by_name() -> None:
    found = agree(latents(MU), latents(np.zeros((N, D))), None, 0)
    assert all(isinstance(one, Skipped) for one in found.measures.values())
    assert found.measures["run_latent_agreement"] == Skipped("the other run gives every image the same latent")
    assert found.displacement is None and found.clusters == [] and found.labels is None


def test_few_images_are_skipped_and_not_guessed() -> None:
    found = agree(latents(MU[:10]), latents(MU[:10]), None, 0)
    assert found.measures["run_cluster_agreement"] == Skipped("10 images are too few for 20 clusters")
    assert isinstance(found.measures["run_neighbour_agreement"], Skipped)
    assert isinstance(found.measures["run_latent_agreement"], Summary)
