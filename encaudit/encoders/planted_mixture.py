"""A planted encoder with set shares of every behaviour, for calibrating verdicts."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from encaudit.encoders.planted_answer import Planted
from encaudit.encoders.planted_drawn import keyed_normal
from encaudit.encoders.planted_geometric import fourier_modes
from encaudit.errors import InputError
from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Mixture(Planted):
    """Invariant, lawful, scattering and noise-hashing parts, as shares of the variance of the latent.

    mu = sum sqrt(share) x part; each part has mean 0 and covariance I, and they are independent of each other, over
    images whose Fourier modes have independent uniform phases phi (such as Gaussian ones). With c = columns / 4:

    - ``invariant``: sqrt(2) cos(phi(a) + phi(b) - phi(a+b)), the phase of a bispectrum: blind to any cyclic shift;
    - ``lawful``: pairs sqrt(2) (cos, sin)(c phi): a roll by one pixel turns each by a quarter;
    - ``scattering``: sqrt(2) cos(c phi) alone: a roll by one pixel gives sqrt(2) sin(c phi), which is uncorrelated;
    - ``hashing``: N(0, I) keyed by the bytes of the image.

    So under ``roll1`` the correlation of mu and mu' is invariant, recoverability invariant^2 + lawful^2, and the mean
    square displacement in units of random pairs 1 - invariant, whatever noise is in the image, as it moves along.
    Noise that differs turns the phases by its own amount, and c times as much in the lawful and scattering parts.

    Raises InputError unless the shares add up to 1, and for images whose columns are no multiple of 4 (or fewer than
    8), or whose rows are no more than 1.5 latent_dim.
    """

    invariant: float = 1.0
    lawful: float = 0.0
    scattering: float = 0.0
    hashing: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shares that are none, and half a pair."""
        super().__post_init__()
        shares = (self.invariant, self.lawful, self.scattering, self.hashing)
        if min(shares) < 0 or not math.isclose(sum(shares), 1):
            raise InputError(f"The shares of a mixture have to be 0 or more and add up to 1; found {shares}.")
        if self.latent_dim % 2:
            raise InputError(f"latent_dim has to be even, for pairs of cosine and sine; found {self.latent_dim}.")

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the parts, weighed and added."""
        images, d = batch.images, self.latent_dim
        rows, columns = images.shape[-2:]
        wanted = d + d // 2  # modes of one period along x: d that scatter, and d / 2 that turn
        if columns % 4 or columns < 8 or rows <= wanted:
            raise InputError(
                f"A mixture of {d} latents needs images of 8, 12, 16, ... columns and more than {wanted} rows; "
                f"found {rows} x {columns}."
            )
        ky = sorted(range(-wanted, wanted + 1), key=lambda row: (abs(row), -row))[:wanted]  # 0, 1, -1, 2, ...
        once = fourier_modes(images, [(row, 1) for row in ky]).angle()
        twice = fourier_modes(images, [(row, 2) for row in ky[:d]]).angle()
        stays = math.sqrt(2) * torch.cos(once[:, :d] + once[:, :1] - twice)
        turning = columns // 4 * once
        scatters = math.sqrt(2) * torch.cos(turning[:, :d])
        pairs = turning[:, d:]
        turns = math.sqrt(2) * torch.stack([torch.cos(pairs), torch.sin(pairs)], dim=-1).flatten(1)
        weighed = [(self.invariant, stays), (self.lawful, turns), (self.scattering, scatters)]
        mu = sum((math.sqrt(share) * part for share, part in weighed), torch.zeros_like(stays))
        if self.hashing:
            mu = mu + math.sqrt(self.hashing) * keyed_normal(images, d, "planted hash").to(mu)
        return mu
