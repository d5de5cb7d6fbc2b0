"""A decoder that can be reasoned about: a Gaussian blob of density whose centre is the latent."""

import numpy as np

from encaudit.results import Encodings, Latents


class BlobDecoder:
    """Decodes z (3 numbers, in voxels) into a blob at the centre plus z; counts what it was asked for."""

    def __init__(self, box: int = 16, width: float = 2.0) -> None:
        self.box, self.width, self.asked = box, width, 0

    def decode_volume(self, z: np.ndarray, box: int | None = None) -> np.ndarray:
        self.asked += 1
        side = box or self.box
        grid = np.indices((side, side, side)) - side // 2
        squared = sum((axis - move) ** 2 for axis, move in zip(grid, z[::-1], strict=True))
        return np.exp(-squared / (2 * self.width**2)).astype(np.float32)


def blob_encodings(n: int = 30, step: float = 1.0, seed: int = 0, **moved: np.ndarray) -> Encodings:
    """Small latents; ``roll1`` moves every latent by ``step`` along x, and image 20 by twice that."""
    mu = (0.5 * np.random.default_rng(seed).standard_normal((n, 3))).astype(np.float32)
    rolled = mu + np.float32(step) * np.array([1, 0, 0], np.float32)
    if n > 20:
        rolled[20, 0] += step
    index = np.arange(n) + 1000
    clouds = {"identity": mu.copy(), "roll1": rolled} | moved
    latents = {spec: Latents(cloud.astype(np.float32), None, index) for spec, cloud in clouds.items()}
    return Encodings(Latents(mu, None, index), latents)
