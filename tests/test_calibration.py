"""Error bars that are right, too small, and off: coverage and ranks have their closed forms."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2, ncx2, norm

from encaudit.calibration import BINS, LEVELS, METRICS, Calibration, calibrate, measurements_of
from encaudit.images import NoisePower
from encaudit.results import Measurement, Skipped, Summary
from tests.linear_gaussian import STD, ZDIM, LinearGaussian, MadeByTheModel

COUNT = 4000
SURE = 4 * 0.5 / COUNT**0.5  # four standard errors of a share


def calibrated(encoder: LinearGaussian, **options: object) -> Calibration:
    found = calibrate(encoder, MadeByTheModel(COUNT), np.arange(COUNT), seed=0, **options)
    assert isinstance(found, Calibration)
    return found


def values(found: Calibration) -> dict[str, Summary]:
    measured = {one.metric: one.value for one in found.measurements}
    assert tuple(measured) == METRICS
    assert all(isinstance(value, Summary) for value in measured.values())
    return measured


@pytest.mark.parametrize("z", ["prior", "posterior"])
def test_the_right_posterior_covers_what_it_says_and_its_ranks_are_uniform(z: str) -> None:
    # The stack was made by the model, so its posteriors drawn from are spread like the prior.
    found = calibrated(LinearGaussian(), z=z)
    measured = values(found)
    for name, nominal in zip(METRICS[:4], (*LEVELS, 0.95), strict=True):
        value = measured[name]
        assert value.median == pytest.approx(nominal, abs=SURE)
        assert value.ci_low <= nominal + 0.01 and value.ci_high >= nominal - 0.01
    assert found.deviation.max() < found.critical
    assert found.histogram.shape == (ZDIM, BINS) and (found.histogram.sum(axis=1) == COUNT).all()
    assert (np.abs(found.histogram / COUNT * BINS - 1) < 0.4).all()


def test_error_bars_of_half_the_size_cover_too_little() -> None:
    found = calibrated(LinearGaussian(narrow=0.5))
    measured = values(found)
    for name, level in zip(METRICS, LEVELS, strict=False):
        expected = 2 * norm.cdf(norm.ppf((1 + level) / 2) / 2) - 1
        assert measured[name].median == pytest.approx(expected, abs=SURE)
        assert measured[name].ci_high < level
    assert measured["sbc_ellipsoid_95"].median == pytest.approx(chi2.cdf(chi2.ppf(0.95, ZDIM) / 4, ZDIM), abs=SURE)
    x = np.linspace(-6, 6, 10_001)
    assert found.deviation == pytest.approx(np.full(ZDIM, np.abs(norm.cdf(x / 2) - norm.cdf(x)).max()), abs=SURE)
    ends, middle = found.histogram[:, [0, -1]], found.histogram[:, BINS // 2]
    assert (ends > 3 * middle[:, None]).all()


def test_a_posterior_that_is_off_by_one_error_bar_shows_on_one_side() -> None:
    found = calibrated(LinearGaussian(shift=1.0))
    measured = values(found)
    for name, level in zip(METRICS, LEVELS, strict=False):
        edge = norm.ppf((1 + level) / 2)
        assert measured[name].median == pytest.approx(norm.cdf(edge - 1) - norm.cdf(-edge - 1), abs=SURE)
    expected = ncx2.cdf(chi2.ppf(0.95, ZDIM), ZDIM, ZDIM)
    assert measured["sbc_ellipsoid_95"].median == pytest.approx(expected, abs=SURE)
    assert found.deviation == pytest.approx(np.full(ZDIM, 2 * norm.cdf(0.5) - 1), abs=SURE)
    assert (found.pit.mean(axis=0) < 0.4).all()
    deviation = found.measurements[-1]
    assert deviation.floor == found.critical < deviation.value.median


def test_noise_of_the_stack_instead_of_the_models_changes_the_coverage() -> None:
    def noise(std: float) -> NoisePower:
        stack = MadeByTheModel(COUNT)
        spectrum = torch.full((1, *stack.image_shape), std**2)
        return NoisePower("background", f"noise of {std}", std, spectrum, stack.index, np.zeros(COUNT, np.int64))

    right, louder = (calibrated(LinearGaussian(), noise=noise(std)) for std in (STD, 2 * STD))
    assert right.deviation.max() < right.critical
    assert louder.deviation.max() > 2 * louder.critical
    assert "noise of 1.4" in louder.assumed and "N(0, 1)" in louder.assumed


def test_what_was_assumed_is_said() -> None:
    assert calibrated(LinearGaussian(), z="posterior").assumed == (
        "latents drawn from the posteriors of the stack's images; noise: white Gaussian noise of standard deviation 0.7"
    )


def test_draws_belong_to_seed_and_row_whatever_the_order() -> None:
    stack, order = MadeByTheModel(60, first_row=9), np.random.default_rng(0).permutation(60)
    first, again, other = (
        calibrate(LinearGaussian(), stack, positions, seed=seed)
        for positions, seed in ((np.arange(60), 3), (order, 3), (np.arange(60), 4))
    )
    assert np.array_equal(again.index, 9 + order)
    np.testing.assert_allclose(again.pit, first.pit[order], atol=1e-6)
    assert np.abs(other.pit - first.pit).max() > 0.1


def test_images_of_one_micrograph_widen_the_interval() -> None:
    alone = calibrated(LinearGaussian())
    furthest = np.abs(alone.pit - 0.5).max(axis=1)
    groups = np.argsort(np.argsort(furthest)) // 80  # alike within a group
    grouped = values(calibrated(LinearGaussian(), groups=groups))
    for name in METRICS[:4]:
        one, other = values(alone)[name], grouped[name]
        assert one.median == other.median
        assert other.ci_high - other.ci_low > 2 * (one.ci_high - one.ci_low)


def test_an_image_that_cannot_be_used_is_left_out_with_its_group() -> None:
    class Torn(MadeByTheModel):
        def read(self, positions: np.ndarray) -> object:
            batch = super().read(positions)
            batch.images[torch.from_numpy(positions == 4)] = float("nan")
            return batch

    found = calibrate(LinearGaussian(), Torn(100), np.arange(100), seed=0, groups=np.arange(100) // 10)
    assert 4 not in found.index and len(found.index) == 99


class OnlyEncodes:
    latent_dim = ZDIM

    def encode(self, batch: object) -> object:
        raise AssertionError(f"not asked, but got {batch}")


@pytest.mark.parametrize(
    ("encoder", "said"), [(OnlyEncodes(), "no decoder"), (LinearGaussian(error_bars=False), "no error bars")]
)
@pytest.mark.parametrize("z", ["prior", "posterior"])
def test_what_cannot_be_calibrated_is_skipped_with_a_reason(encoder: object, said: str, z: str) -> None:
    found = calibrate(encoder, MadeByTheModel(30), np.arange(30), seed=0, z=z)
    assert isinstance(found, Skipped) and said in found.skipped
    measured = measurements_of(found)
    assert [one.metric for one in measured] == list(METRICS)
    assert all(isinstance(one, Measurement) and one.value == found for one in measured)
