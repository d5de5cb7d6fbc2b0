import numpy as np
import pytest
import torch
from scipy.stats import t
from torch.distributions import Normal, kl_divergence

from encaudit.metrics import ENCODER_METRICS, encoder_alone
from encaudit.metrics.cloud import Cloud
from encaudit.metrics.encoder_alone import measure_encoder
from encaudit.metrics.metric import PerDimension, PerImage, WholeSet
from encaudit.results import Skipped

from .planted import latents, normal


def cloud(mu, logvar=None, groups=None, seed=0) -> Cloud:
    return Cloud(latents(mu, logvar), groups, seed)


def evaluate(metric, of):
    return ENCODER_METRICS.get(metric).evaluate(of)


def told(of) -> WholeSet:
    result = evaluate("mutual_information", of)
    assert isinstance(result, WholeSet)
    return result


def measured(of):
    return {one.metric: one for one in measure_encoder(of, lambda _: None)[0]}


@pytest.mark.parametrize("name", list(ENCODER_METRICS))
def test_every_measure_of_the_encoder_explains_itself_question_first(name):
    metric = ENCODER_METRICS.get(name)
    assert metric.explanation.splitlines()[0].endswith("?")
    assert metric.unit


def test_units_are_active_whose_mean_varies_by_more_than_a_hundredth():
    spread = np.sqrt(np.array([1, 0.04, 0.0101, 0.0099, 0]))
    mu = np.where(np.arange(1000)[:, None] % 2, spread, -spread) + 7
    found = measured(cloud(mu))["active_units"]
    assert found.value.median == 3
    assert (found.floor, found.ceiling) == (0, 5)
    assert evaluate("active_units", cloud(np.ones((50, 4)))).value == 0


def test_a_unit_near_the_threshold_is_in_the_interval_and_not_sure():
    mu = normal(400, 3) * np.sqrt(np.float32([1, 0.0101, 0.001]))
    assert evaluate("active_units", cloud(mu)).interval == (1, 2)


def test_kl_from_the_prior_is_that_of_torch_and_the_sum_of_its_dimensions():
    mu, logvar = normal(40, 3), normal(40, 3, seed=1)
    posterior = Normal(torch.as_tensor(mu, dtype=torch.float64), torch.as_tensor(logvar).double().mul(0.5).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros(3).double(), 1.0)).numpy()
    whole, terms = evaluate("prior_kl", cloud(mu, logvar)), evaluate("dimension_kl", cloud(mu, logvar))
    assert isinstance(whole, PerImage) and isinstance(terms, PerDimension)
    assert terms.values == pytest.approx(expected)
    assert whole.values == pytest.approx(expected.sum(axis=1))


def test_every_dimension_has_its_own_measurement():
    found = measured(cloud(normal(60, 3), normal(60, 3, seed=1)))
    terms = [found[f"dimension_kl_{k}"].value.mean for k in (1, 2, 3)]
    assert sum(terms) == pytest.approx(found["prior_kl"].value.mean)
    assert all(one.transform is None and one.floor == 0 for one in found.values())


def test_a_posterior_that_is_the_prior_pays_and_tells_nothing():
    of = cloud(np.zeros((60, 2)), 0.0)
    assert not evaluate("prior_kl", of).values.any()
    assert told(of).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("signal", "sigma"), [(1.0, 1.0), (3.0, 1.0), (2.0, 0.7)])
def test_information_of_a_gaussian_channel_is_half_the_log_of_one_plus_its_signal_to_noise(signal, sigma):
    found = told(cloud(signal * normal(4000, 2), 2 * np.log(sigma)))
    low, high = found.interval
    assert found.value == pytest.approx(2 * 0.5 * np.log(1 + (signal / sigma) ** 2), rel=0.04)
    assert high - low < 0.15


def test_information_is_the_mean_of_the_log_ratios_of_the_full_matrix():
    mu, logvar = normal(30, 2).astype(np.float64), 0.3 * normal(30, 2, seed=1).astype(np.float64)
    noise = encoder_alone.generator(5, "draws of the posterior").normal(size=(30, 2))
    z = mu + np.exp(logvar / 2) * noise
    densities = np.exp(-0.5 * ((z[:, None] - mu) ** 2 / np.exp(logvar) + logvar).sum(axis=2))
    expected = np.mean(np.log(np.diagonal(densities)) - np.log(densities.mean(axis=1)))
    assert told(cloud(mu, logvar, seed=5)).value == pytest.approx(expected, rel=1e-6)


def test_information_is_capped_at_the_log_of_the_number_of_images_which_is_its_ceiling():
    found = measured(cloud(100 * normal(64, 3), -4.0))["mutual_information"]
    assert found.value.median == pytest.approx(np.log(64))
    assert found.value.ci_high <= np.log(64) + 1e-12
    assert found.ceiling == np.log(64)


def test_collapsed_sigmas_and_duplicates_do_not_blur_the_information():
    mu = np.repeat(normal(32, 2), 2, axis=0) + 1000
    assert told(cloud(mu, -300.0)).value == pytest.approx(np.log(32))


def test_above_the_limit_a_sample_is_taken(monkeypatch):
    mu = normal(1500, 2)
    whole = told(cloud(mu, 0.0))
    monkeypatch.setattr(encoder_alone, "MOST_CHANNELS", 400)
    found = measured(cloud(mu, 0.0, groups=np.arange(1500) % 300))["mutual_information"]
    assert found.ceiling == np.log(400)
    assert found.value.median == pytest.approx(whole.value, abs=0.15)


def test_blocks_do_not_change_the_information(monkeypatch):
    of = cloud(normal(70, 2), -1.0)
    whole = told(of)
    monkeypatch.setattr(encoder_alone, "BLOCK_ENTRIES", 300)
    assert told(of).value == pytest.approx(whole.value, rel=1e-12)
    assert told(of).interval == pytest.approx(whole.interval, rel=1e-9)


def test_the_interval_of_the_information_is_as_wide_as_its_spread_over_data_sets():
    values, widths = [], []
    for seed in range(60):
        found = told(cloud(normal(150, 2, seed), 0.0, seed=seed))
        values.append(found.value)
        widths.append(np.diff(found.interval))
    assert np.mean(widths) / 2 / t.ppf(0.975, 149) == pytest.approx(np.std(values), rel=0.25)


def test_without_logvar_only_the_active_units_are_counted():
    found = measured(cloud(normal(60, 2)))
    assert not isinstance(found.pop("active_units").value, Skipped)
    assert {name for name, one in found.items() if one.value == Skipped("the encoder states no logvar")} == {
        "prior_kl",
        "dimension_kl_1",
        "dimension_kl_2",
        "mutual_information",
    }
    assert len(found) == 4


@pytest.mark.parametrize("logvar", [-3000.0, -709.0, 80.0, 3000.0])
@pytest.mark.parametrize("kind", ["normal", "constant", "huge"])
def test_extreme_posteriors_give_a_finite_value_or_a_skip(kind, logvar):
    mu = {"normal": normal(40, 1), "constant": np.ones((40, 1)), "huge": 1e30 * normal(40, 1)}[kind]
    for one in measured(cloud(mu, logvar)).values():
        assert (
            isinstance(one.value, Skipped) or np.isfinite([one.value.median, one.value.ci_low, one.value.ci_high]).all()
        )
