"""What did a reduced precision do to the latents? The first images, encoded in float32 as well."""

from dataclasses import dataclass

import numpy as np

from encaudit.images import stack_moments
from encaudit.precision import computing
from encaudit.results import Latents
from encaudit.types import Encoder, Stack

COMPARED = 256  # images


@dataclass(frozen=True)
class Rounding:
    """By how much the latents mu of the first ``images`` differ from those of float32.

    ``largest`` and ``rms`` (root mean square) are over images and dimensions, in units of the latents' spread: the root
    mean square of their standard deviations. An image whose latent is off by ``rms`` in every dimension has a
    displacement ratio of about as much.
    """

    images: int
    largest: float
    rms: float


def rounding_of(encoder: Encoder, stack: Stack, latents: Latents, *, batch_size: int, seed: int) -> Rounding:
    """Encode the first images of ``latents`` (those of the stack, in a reduced precision) again, in float32.

    As many as one batch holds, and no more than 256.
    """
    few = min(COMPARED, batch_size, len(latents))
    positions = np.flatnonzero(np.isin(stack.index, latents.index))[:few]
    batch = stack.read(positions).with_(moments=stack_moments(stack, seed))
    with computing("float32"):
        exact = encoder.encode(batch.to(getattr(encoder, "device", "cpu"))).mu.double().cpu().numpy()
    difference = latents.mu[:few] - exact
    spread = float(np.sqrt(exact.var(axis=0).mean())) or 1.0
    return Rounding(
        few, float(np.abs(difference).max()) / spread, float(np.sqrt(np.square(difference).mean())) / spread
    )
