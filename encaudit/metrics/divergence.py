"""How differently does the encoder describe an image and its moved copy, as distributions?"""

import numpy as np

from encaudit.metrics.cloud import Pair
from encaudit.metrics.metric import PerImage, Result, metric
from encaudit.results import Skipped


@metric("posterior_kl", unit="nats", version=2, column="kl")
def posterior_kl(pair: Pair) -> Result:
    """How surprised is the posterior of an image by that of its moved copy?

    KL(q(z|T x_i) || q(z|x_i)) of diagonal Gaussians, closed form in float64, nats.

    Zero: the same posterior; the identity gives exactly 0.
    Large: mu moved by many sigma of the reference, or sigma itself changed, or sigma has collapsed.
    Skipped when either side states no logvar.

    Source: Sinha & Dieng 2021 use it, as a penalty, to make encoders consistent under augmentation.
    """
    if isinstance(pair.logvars, Skipped):
        return pair.logvars
    reference, moved = pair.logvars
    return PerImage(gaussian_kl(pair.mu, moved, pair.cloud.mu, reference))


@metric("posterior_kl_symmetric", unit="nats", version=2)
def posterior_kl_symmetric(pair: Pair) -> Result:
    """How far apart are the posteriors of an image and of its moved copy, whichever is taken as the truth?

    The mean of KL(q(z|T x_i) || q(z|x_i)) and KL(q(z|x_i) || q(z|T x_i)), nats: half of Jeffreys' divergence.

    Zero: the same posterior; the identity gives exactly 0.
    Far from posterior_kl: the transform changes the encoder's doubt, not only its answer.
    Skipped when either side states no logvar.
    """
    if isinstance(pair.logvars, Skipped):
        return pair.logvars
    reference, moved = pair.logvars
    forth = gaussian_kl(pair.mu, moved, pair.cloud.mu, reference)
    back = gaussian_kl(pair.cloud.mu, reference, pair.mu, moved)
    return PerImage((forth + back) / 2)


def gaussian_kl(mu_p: np.ndarray, logvar_p: np.ndarray, mu_q: np.ndarray, logvar_q: np.ndarray) -> np.ndarray:
    """KL(p || q) of diagonal Gaussians, each ``n d``: ``n`` nats."""
    change = logvar_p - logvar_q
    # expm1 keeps the digits that exp(change) - 1 loses where the variances are nearly equal
    terms = np.expm1(change) - change + (mu_p - mu_q) ** 2 * np.exp(-logvar_q)
    return np.asarray(0.5 * terms.sum(axis=1))
