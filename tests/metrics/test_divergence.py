import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Normal, kl_divergence

from encaudit.results import Skipped

from .planted import evaluate, normal, pair, per_image


def by_torch(mu_p, logvar_p, mu_q, logvar_q):
    p, q = (
        Normal(torch.as_tensor(mu, dtype=torch.float64), torch.as_tensor(logvar, dtype=torch.float64).mul(0.5).exp())
        for mu, logvar in [(mu_p, logvar_p), (mu_q, logvar_q)]
    )
    return kl_divergence(p, q).sum(dim=1).numpy()


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 20), st.integers(1, 8), st.integers(0, 1000))
def test_kl_is_that_of_torch_in_the_stated_direction(n, d, seed):
    mu, moved, logvar, moved_logvar = (normal(n, d, seed + k) for k in range(4))
    of = pair(mu, moved, logvar=logvar, moved_logvar=moved_logvar)
    forth, back = by_torch(moved, moved_logvar, mu, logvar), by_torch(mu, logvar, moved, moved_logvar)
    assert per_image("posterior_kl", of) == pytest.approx(forth, rel=1e-9)
    assert per_image("posterior_kl_symmetric", of) == pytest.approx((forth + back) / 2, rel=1e-9)


@pytest.mark.parametrize("metric", ["posterior_kl", "posterior_kl_symmetric"])
def test_identity_has_no_divergence_at_all(metric):
    mu, logvar = normal(30, 3), normal(30, 3, seed=1)
    assert not per_image(metric, pair(mu, mu, logvar=logvar)).any()


def test_a_tiny_change_of_sigma_keeps_its_digits():
    change = float(np.float32(1.1e-6))  # KL = (exp(c) - c - 1) / 2, which is c^2 / 4 for small c
    of = pair(np.zeros((3, 1)), np.zeros((3, 1)), logvar=0.0, moved_logvar=change)
    assert per_image("posterior_kl", of) == pytest.approx([change**2 / 4] * 3, rel=1e-5, abs=0)


@pytest.mark.parametrize("metric", ["posterior_kl", "posterior_kl_symmetric", "displacement_sigma"])
def test_without_logvar_it_is_skipped(metric):
    assert isinstance(evaluate(metric, pair(normal(30, 2), normal(30, 2, 1))), Skipped)
