"""Encodings whose latents move by a known law of the dose."""

from collections.abc import Callable, Mapping

import numpy as np

from encaudit.results import Encodings, Latents

HALF_AT = np.sqrt(1 / (1 + np.sqrt(2)))  # see scattered: the noise, in standard deviations of the cloud, of auc 0.75


def encodings(mu: np.ndarray, moved: Mapping[str, np.ndarray]) -> Encodings:
    index = 10 + np.arange(len(mu))
    return Encodings(
        Latents(mu.astype(np.float32), None, index),
        {spec: Latents(other.astype(np.float32), None, index) for spec, other in moved.items()},
    )


def scattered(noise: Callable[[float], float], doses: Mapping[float, str], n: int, seed: int = 0) -> Encodings:
    """One latent dimension, N(0, 1); a dose adds N(0, noise(dose)^2), the same draw at all doses.

    Then own and random distances are half-normal, and independent enough, of scales s and sqrt(2 + s^2), so that
    pair_auc = 2/pi arctan(sqrt(2 + s^2) / s), which is 0.75 for s^2 = 1 / (1 + sqrt(2)).
    """
    rng = np.random.default_rng(seed)
    mu, draw = rng.normal(size=(2, n, 1))
    return encodings(mu, {spec: mu + noise(dose) * draw for dose, spec in doses.items()})


def auc_of(noise: float) -> float:
    return float(2 / np.pi * np.arctan2(np.sqrt(2 + noise**2), noise))
