"""The same particle under fresh noise: what a roll or a turn has to be compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from encaudit.draws import normal_like
from encaudit.errors import InputError
from encaudit.transforms.clean_images import CleanImages
from encaudit.transforms.spec import SpecTransform

if TYPE_CHECKING:
    from torch import Tensor

    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Renoise(SpecTransform):
    """Is it the particle that the latent answers to, or the noise of this very image? New noise, same particle.

    The image becomes its noise-free image plus Gaussian noise of the stack's power spectrum (``batch.noise_power``),
    drawn by seed and image. The noise-free image is what the decoder expects (``batch.clean``), or row i of the file
    ``clean`` (.npy or .mrcs, in the pixels of the stack) for image i; the file may end before the stack does
    (``covers``).

    ``snr`` sets the strength of the noise in each image, keeping its spectrum: the variance of the noise-free image
    over that of the noise, both over the whole image as in ``addnoise``. Without it the noise is as strong as the
    stack's. The limit of an infinite snr is the noise-free image.

    ``draw`` numbers independent draws of the noise. Two of them (``renoise`` and ``renoise:draw=1``) show the same
    noise-free image, so that what lies between their latents is the noise alone.

    Raises InputError for images without what it needs, and for a file of other images or none.

    Source: ours. The decoder's image lacks what the decoder did not learn (fine structure, the contrast of each
    particle), so a decoder's ``renoise`` moves the latent from that of the image by more than noise would: it is an
    upper bound, and two draws of it are what noise does. A file of clean images (of a simulation) has no such excess.
    """

    name = "renoise"
    example = "renoise or renoise:snr=0.1"
    limit = math.inf  # the less noise, the larger
    comes_first = True

    snr: float | None = None
    clean: str | None = None
    draw: int = 0

    def __post_init__(self) -> None:
        """Refuse an snr that is not positive."""
        super().__post_init__()
        if self.draw < 0:
            raise InputError(f"draw of renoise counts from 0; found {self.draw}. Type for example renoise:draw=1.")
        if self.snr is not None and self.snr <= 0:
            raise InputError(f"snr of renoise has to be above 0; found {self.snr}. Type for example renoise:snr=0.1.")

    @property
    def needs(self) -> frozenset[str]:
        """The spectrum of the noise; and the noise-free image, unless a file has it."""
        return frozenset({"noise_power"} if self.clean is not None else {"clean", "noise_power"})

    def covers(self, index: np.ndarray) -> np.ndarray:
        """Which of these stack rows have a noise-free image in the file?"""
        return super().covers(index) if self.clean is None else index < len(CleanImages.of(self.clean))

    def check(self, batch: ImageBatch) -> None:
        """Refuse images that lack something, and a file of images of another size."""
        super().check(batch)
        if self.clean is not None:
            CleanImages.of(self.clean).check(tuple(batch.images.shape[1:]))

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:
        """Return the observations with fresh noise; their metadata, clean images and spectra stay."""
        import torch

        self.check(batch)
        clean, power = self._clean(batch), batch.noise_power
        assert power is not None
        power = power.to(clean)
        drawn = torch.fft.fft2(normal_like(batch, seed, f"{self.name} {self.draw}").to(clean))
        noise = torch.fft.ifft2(drawn * power.sqrt()).real
        if self.snr is not None:
            variance = clean.var((-2, -1), correction=0)
            noise = noise * (variance / self.snr / power.mean((-2, -1))).sqrt()[:, None, None]
        return batch.with_(images=(clean + noise).to(batch.images))

    def _clean(self, batch: ImageBatch) -> Tensor:
        if self.clean is not None:
            return CleanImages.of(self.clean).read(batch.index).to(batch.images)
        assert batch.clean is not None
        return batch.clean.to(batch.images)
