"""Random observations in the shapes that transforms meet."""

import atexit
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch

from encaudit.types import ImageBatch, PixelMoments


def particles(n: int = 4, box: int = 16, tilts: int | None = None, seed: int = 0) -> ImageBatch:
    """White-noise particles (or tilt series) with translations, an astigmatic CTF, poses and moments.

    Single images have a noise-free image (unlike them) and a noise spectrum too.
    """
    generator = torch.Generator().manual_seed(seed)
    lead = (n,) if tilts is None else (n, tilts)
    spread = torch.tensor([0.0, 3000.0, 3000.0, 180.0, 0.0, 0.0, 0.0, 0.0])
    least = torch.tensor([1.5, 8000.0, 12000.0, -90.0, 300.0, 2.7, 0.1, 0.0])
    rotations, _ = torch.linalg.qr(torch.randn(*lead, 3, 3, generator=generator))
    return ImageBatch(
        images=torch.randn(*lead, box, box, generator=generator),
        index=torch.arange(n) + 10,
        shift_px=torch.randn(*lead, 2, generator=generator) * 3,
        ctf=least + spread * torch.rand(*lead, 8, generator=generator),
        pose=rotations * torch.linalg.det(rotations)[..., None, None],
        moments=PixelMoments(mean=2.0, std=0.5),
        clean=torch.randn(*lead, box, box, generator=generator) if tilts is None else None,
        noise_power=spectrum(box).expand(n, box, box) if tilts is None else None,
    )


def spectrum(box: int) -> torch.Tensor:
    """Power that falls with frequency, in the layout of fft2."""
    frequency = torch.fft.fftfreq(box)
    return 0.5 + 3 * torch.exp(-(frequency[:, None] ** 2 + frequency**2) / 0.02)


def digits(n: int = 4, box: int = 16, colours: int | None = None) -> ImageBatch:
    """Images without any metadata, like MNIST."""
    batch = particles(n, box, colours)
    return ImageBatch(
        batch.images, batch.index, moments=batch.moments, clean=batch.clean, noise_power=batch.noise_power
    )


def blobs(box: int) -> ImageBatch:
    """A smooth, lopsided picture near the middle, sampled far above its bandwidth."""
    y, x = torch.meshgrid(torch.arange(box) - box // 2, torch.arange(box) - box // 2, indexing="ij")
    image = sum(
        weight * torch.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 2.0**2))
        for weight, cx, cy in ((1.0, 3, 1), (0.6, -4, 2), (-0.5, 1, -5))
    )
    return particles(1, box).with_(images=torch.as_tensor(image)[None])


def same(a: ImageBatch, b: ImageBatch, atol: float = 0.0) -> bool:
    """Whether two batches are equal in every field."""
    pairs = [(getattr(a, f), getattr(b, f)) for f in ("images", "index", "shift_px", "ctf", "pose")]
    return a.moments == b.moments and all(
        (x is None and y is None) or (x is not None and y is not None and torch.allclose(x, y, rtol=0, atol=atol))
        for x, y in pairs
    )


def clean_file(box: int, rows: int = 20) -> Path:
    """A file of noise-free images for the first rows of a stack, gone when Python ends."""
    folder = tempfile.mkdtemp(prefix="encaudit")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "clean.npy"
    np.save(path, np.random.default_rng(5).normal(size=(rows, box, box)).astype(np.float32))
    return path
