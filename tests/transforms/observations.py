"""Random observations in the shapes that transforms meet."""

import torch

from encaudit.types import ImageBatch, PixelMoments


def particles(n: int = 4, box: int = 16, tilts: int | None = None, seed: int = 0) -> ImageBatch:
    """White-noise particles (or tilt series) with translations, an astigmatic CTF, poses and moments."""
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
    )


def digits(n: int = 4, box: int = 16, colours: int | None = None) -> ImageBatch:
    """Images without any metadata, like MNIST."""
    batch = particles(n, box, colours)
    return ImageBatch(batch.images, batch.index, moments=batch.moments)


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
