"""The evidence lower bound, where it is known."""

import torch

from encaudit.encoders.evidence import evidence_bound
from encaudit.types import Posterior

INDEX = torch.arange(4000)
WEIGHTS = torch.tensor([1.5, -2.0])


def posterior() -> Posterior:
    mu = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    return Posterior(mu, torch.full((4000, 2), -1.0))


def kl(q: Posterior) -> torch.Tensor:
    own = torch.distributions.Normal(q.mu, (q.logvar / 2).exp())
    return torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 1.0)).sum(1)


def test_it_is_exact_image_by_image_for_a_likelihood_linear_in_z() -> None:
    q = posterior()
    found = evidence_bound(q, INDEX, 0, lambda z: z @ WEIGHTS)
    torch.testing.assert_close(found, q.mu @ WEIGHTS - kl(q), atol=1e-4, rtol=1e-5)


def test_it_is_right_on_average_for_a_quadratic_one() -> None:
    q = posterior()
    found = evidence_bound(q, INDEX, 0, lambda z: -z.square().sum(1))
    expected = -(q.mu.square() + q.logvar.exp()).sum(1) - kl(q)
    assert abs(float((found - expected).mean())) < 0.05
    assert float((found - expected).std()) > 0.1  # at draws


def test_two_posteriors_of_an_image_are_compared_at_the_same_draws() -> None:
    q = posterior()
    moved = Posterior(q.mu + 0.01, q.logvar)
    own, other = (evidence_bound(one, INDEX, 3, lambda z: -(z**4).sum(1)) for one in (q, moved))
    assert float((own - other).std()) < 0.2 * float(own.std())
