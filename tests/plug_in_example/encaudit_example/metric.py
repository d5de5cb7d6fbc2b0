"""Two metrics, which are measured in every audit, with interval, floor and ceiling as those of encaudit itself."""

import numpy as np

from encaudit.metrics import Cloud, Pair, PerImage, encoder_metric, metric


@metric("farthest_step", unit="latent units", column="farthest_step")
def farthest_step(pair: Pair) -> PerImage:
    """How far does an image move along the latent axis on which it moves farthest?

    max_k |mu'_ik - mu_ik|.
    """
    return PerImage(np.abs(pair.mu - pair.cloud.mu).max(axis=1))


@encoder_metric("cloud_radius", unit="latent units")
def cloud_radius(cloud: Cloud) -> PerImage:
    """How far from the middle of the cloud does an image lie?"""
    return PerImage(np.linalg.norm(cloud.mu - cloud.mu.mean(axis=0), axis=1))
