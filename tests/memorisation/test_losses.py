"""What losses say of one another, on planted losses whose answer is known."""

import numpy as np
import pytest

from encaudit.memorisation import (
    explained_held_out,
    explained_heterogeneity,
    loss_difference,
    memorisation_index,
    twin_dependence,
)
from encaudit.results import Skipped, Summary

N = 2_000
DIFFICULTY = 1 + np.random.default_rng(0).exponential(size=N)  # images differ in loss far more than runs do
GAIN = 1e-4  # of the base run over the null run: what 1e-4 of relative precision has to see


def run(gain: float, seed: int, wobble: float = 1e-4) -> np.ndarray:
    """Give the losses of a run that gains so much over the null run, on average exactly, image by image roughly."""
    noise = wobble * np.random.default_rng(seed).standard_normal(N)
    return DIFFICULTY - gain + noise - noise.mean()


def value(measured: Summary | Skipped) -> Summary:
    assert isinstance(measured, Summary)
    return measured


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0, 1.2, -0.5])
def test_explained_heterogeneity_is_the_planted_share(share: float) -> None:
    null, base = run(0, 1), run(GAIN, 2)
    found = value(explained_heterogeneity(null, run(share * GAIN, 3), base, None, 0))
    assert found.median == pytest.approx(share, abs=1e-9)
    assert found.ci_low is not None and found.ci_high is not None
    assert found.ci_low < share < found.ci_high


def test_pairing_the_images_is_what_makes_the_interval_narrow() -> None:
    null, base, own = run(0, 1), run(GAIN, 2), run(0.5 * GAIN, 3)
    paired = value(explained_heterogeneity(null, own, base, None, 0))
    assert paired.ci_low is not None and paired.ci_high is not None
    assert paired.ci_high - paired.ci_low < 0.2
    # of unpaired means the error alone would be 0.02, two hundred times the whole gain
    assert DIFFICULTY.std() / np.sqrt(N) > 200 * GAIN


def test_losses_of_single_precision_lose_nothing_in_the_mean() -> None:
    null = np.full(N, 1000.0, np.float32)
    own, base = null - np.float32(0.125), null - np.float32(0.25)
    assert value(explained_heterogeneity(null, own, base, None, 0)).median == 0.5


@pytest.mark.parametrize("share", [-0.5, 0.0, 0.6, 1.0])
def test_what_is_gained_on_new_images_is_measured_by_the_gain_on_old_ones(share: float) -> None:
    new, old = np.arange(N) < 500, np.arange(N) >= 500
    null, base, own = run(0, 1), run(GAIN, 2), run(share * GAIN, 3)
    found = value(explained_held_out(null[new], own[new], null[old], base[old], (None, None), 0))
    assert found.ci_low is not None and found.ci_high is not None
    assert found.ci_low < share < found.ci_high
    assert found.ci_high - found.ci_low < 0.4
    assert found.n == 500
    few = explained_held_out(null[:4], own[:4], null[old], base[old], (None, None), 0)
    assert value(few).ci_low is None


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_memorisation_index_is_the_planted_share(share: float) -> None:
    found = memorisation_index(run(0, 1), run(share * GAIN, 2), run(GAIN, 3), None, 0)
    assert value(found).median == pytest.approx(share, abs=1e-9)


def test_without_a_sure_gain_there_is_nothing_to_measure_by() -> None:
    null = run(0, 1)
    for base in (run(0, 2), run(-GAIN, 2)):
        for measured in (
            explained_heterogeneity(null, run(GAIN, 3), base, None, 0),
            memorisation_index(null, run(GAIN, 3), base, None, 0),
            twin_dependence(null, run(GAIN, 3), None, 0, null=null, base=base),
            explained_held_out(null, run(GAIN, 3), null, base, (None, None), 0),
        ):
            assert isinstance(measured, Skipped)
            assert "is not surely better than the null run" in measured.skipped
            assert "train both longer" in measured.skipped


def test_twin_dependence_is_the_planted_rise() -> None:
    own = run(0.8 * GAIN, 1)
    reshuffled = own + 0.2 * GAIN
    assert value(twin_dependence(own, reshuffled, None, 0)).median == pytest.approx(0.2 * GAIN)
    relative = twin_dependence(own, reshuffled, None, 0, null=run(0, 2), base=run(GAIN, 3))
    assert value(relative).median == pytest.approx(0.2)
    assert value(twin_dependence(own, own, None, 0)).ci_high == 0


def test_a_difference_of_losses_has_the_sign_of_the_worse_run() -> None:
    found = value(loss_difference(run(0, 1), run(GAIN, 2), None, 0))
    assert found.median == pytest.approx(GAIN)
    assert found.ci_low is not None and found.ci_low > 0


def test_the_interval_of_a_mean_difference_is_that_of_the_bootstrap_theory() -> None:
    difference = np.random.default_rng(5).standard_normal(N)
    found = value(loss_difference(DIFFICULTY + difference, DIFFICULTY, None, 0))
    assert found.ci_low is not None and found.ci_high is not None
    assert (found.ci_high - found.ci_low) / (2 * 1.96 / np.sqrt(N)) == pytest.approx(1, abs=0.12)


def test_micrographs_that_differ_as_a_whole_widen_the_interval() -> None:
    groups = np.repeat(np.arange(40), N // 40)
    shared = np.random.default_rng(6).standard_normal(40)[groups]
    plain, grouped = (value(loss_difference(shared, np.zeros(N), codes, 0)) for codes in (None, groups))
    assert plain.ci_low is not None and grouped.ci_low is not None
    assert (grouped.median - grouped.ci_low) / (plain.median - plain.ci_low) == pytest.approx(np.sqrt(50), rel=0.25)


def test_few_images_give_a_value_without_an_interval() -> None:
    found = value(explained_heterogeneity(np.full(4, 2.0), np.full(4, 1.5), np.ones(4), None, 0))
    assert (found.median, found.ci_low, found.n) == (0.5, None, 4)
