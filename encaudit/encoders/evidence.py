"""The evidence lower bound of any decoder whose likelihood can be evaluated at a latent."""

from collections.abc import Callable

import torch
from torch import Tensor

from encaudit.draws import normal
from encaudit.types import Posterior


def evidence_bound(q: Posterior, index: Tensor, seed: int, log_likelihood: Callable[[Tensor], Tensor]) -> Tensor:
    """Return E_q[log p(x|z)] - KL(q || N(0, 1)) of each image, ``b`` nats, for a likelihood ``b d -> b``.

    The expectation is taken at one draw keyed by (seed, image) and its mirror image about mu, which is exact for
    likelihoods linear in z. Without logvar the posterior is a point: the bound, but for the infinite constant, is
    log p(x|mu) + log N(mu; 0, 1).
    """
    if q.logvar is None:
        return log_likelihood(q.mu) - q.mu.square().sum(dim=1) / 2
    offset = (q.logvar / 2).exp() * normal(index, (q.mu.shape[1],), seed, "posterior").to(q.mu)
    expected = (log_likelihood(q.mu + offset) + log_likelihood(q.mu - offset)) / 2
    kl: Tensor = (q.mu.square() + q.logvar.exp() - 1 - q.logvar).sum(dim=1) / 2
    return expected - kl


def on_device(q: Posterior, device: torch.device) -> Posterior:
    """Return the posterior in float32 on a device."""
    return Posterior(q.mu.float().to(device), None if q.logvar is None else q.logvar.float().to(device))
