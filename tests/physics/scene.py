"""A few random observations of a chiral molecule, as a simulator makes them and as encaudit reads them."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from encaudit.simulation.blobs import Blobs
from encaudit.simulation.molecule import conformation
from encaudit.simulation.simulate import project
from encaudit.types import ImageBatch

APIX = 6.0
MIRROR_X = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Scene:
    """Where each particle lies, how it is turned, and through which CTF it is seen."""

    blobs: Blobs
    poses: np.ndarray
    offsets_px: np.ndarray
    ctf: np.ndarray

    def images(self, box: int) -> np.ndarray:
        return project(self.blobs, self.poses, self.offsets_px, self.ctf, box)

    def batch(self, box: int) -> ImageBatch:
        return ImageBatch(
            images=torch.tensor(self.images(box), dtype=torch.float32),
            index=torch.arange(len(self.poses)),
            shift_px=torch.tensor(-self.offsets_px, dtype=torch.float32),
            ctf=torch.tensor(self.ctf, dtype=torch.float32),
            pose=torch.tensor(self.poses, dtype=torch.float32),
        )


def scene(count: int = 5, seed: int = 0) -> Scene:
    """Random poses, offsets up to 2 pixels, strong astigmatism; the CTF changes sign inside the Fourier mask."""
    rng = np.random.default_rng(seed)
    poses = Rotation.random(count, random_state=rng).as_matrix()
    ctf = np.stack(
        [
            np.full(count, APIX),
            rng.uniform(24_000, 30_000, count),
            rng.uniform(15_000, 20_000, count),
            rng.uniform(0, 180, count),
            np.full(count, 300.0),
            np.full(count, 2.7),
            np.full(count, 0.1),
            rng.uniform(0, 30, count),
        ],
        axis=1,
    )
    return Scene(conformation(20.0, True, APIX), poses, rng.uniform(-2, 2, (count, 2)), ctf)


def described_by(batch: ImageBatch, blobs: Blobs) -> Scene:
    """Read a scene back from the metadata of a batch: what its images ought to show."""
    assert batch.shift_px is not None and batch.ctf is not None and batch.pose is not None
    return Scene(blobs, batch.pose.double().numpy(), -batch.shift_px.double().numpy(), batch.ctf.double().numpy())


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference, as a share of the largest expected value."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())
