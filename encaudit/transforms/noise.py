"""Add noise to the images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from encaudit.draws import normal_like
from encaudit.errors import InputError
from encaudit.transforms.spec import SpecTransform

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class AddNoise(SpecTransform):
    """How much of the latent is the noise of this very image? White Gaussian noise added.

    Its variance is the image's own variance (each tilt's, each colour's) over ``snr``, which has to be positive; the
    limit of no noise is an infinite snr. The draw depends on seed and image only, so two values of snr scale one draw.

    Source: ours. Not a renoise control: the noise that is in the image stays there.
    """

    name = "addnoise"
    example = "addnoise:snr=1"
    strengths = ("snr",)
    limit = math.inf  # the less noise, the larger

    snr: float

    def __post_init__(self) -> None:
        """Refuse what is not a positive number."""
        super().__post_init__()
        if self.snr <= 0:
            raise InputError(f"snr of addnoise has to be above 0; found {self.snr}. Type for example {self.example}.")

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:
        """Return the noisier observations."""
        std = batch.images.std((-2, -1), correction=0, keepdim=True)
        drawn = normal_like(batch, seed, self.name)
        return batch.with_(images=batch.images + drawn * (std / math.sqrt(self.snr)))
