"""Encodings with moves that are known."""

import numpy as np

from encaudit.results import Encodings, Latents


def encodings(n: int = 120, d: int = 4, seed: int = 0, **moved: np.ndarray) -> Encodings:
    """Gaussian latents; identity, a shift whose length grows with the image, and what else is given by name."""
    mu = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    direction = np.ones(d) / np.sqrt(d)
    grown = mu + np.linspace(0.1, 3, n)[:, None] * direction
    clouds = {"identity": mu.copy(), "roll1": grown} | moved
    index = np.arange(100, 100 + n)
    latents = {spec: Latents(cloud.astype(np.float32), None, index) for spec, cloud in clouds.items()}
    return Encodings(Latents(mu, None, index), latents)
