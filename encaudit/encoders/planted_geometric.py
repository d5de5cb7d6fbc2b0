"""Planted encoders that are invariant or equivariant by their geometry: to shifts, or to quarter turns."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from encaudit.draws import generator
from encaudit.encoders.planted_answer import Planted
from encaudit.errors import InputError
from encaudit.types import ImageBatch


@dataclass(frozen=True)
class PowerSpectrum(Planted):
    """Exactly invariant under cyclic shifts, to rounding: |F_k|^2 / pixels of the lowest Fourier modes but the mean.

    Continuous in the pixels: noise moves it a little, a quarter turn exchanges its modes.
    """

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the powers."""
        return fourier_modes(batch.images, lowest_modes(self.latent_dim, batch.images)).abs().square()


@dataclass(frozen=True)
class QuarterTurn(Planted):
    """Exactly invariant under quarter turns of the array: fixed random projections, averaged over the four turns.

    Linear in the pixels. The four are added in order of size, so that the sum is the same to the bit.
    """

    seed: int = 0

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the averages."""
        images = batch.images.double()
        if images.shape[-1] != images.shape[-2]:
            raise InputError(f"A quarter turn needs square images; found {tuple(images.shape[-2:])} pixels.")
        turned = torch.stack([images.rot90(turns, (-2, -1)).flatten(1) for turns in range(4)])  # 4 b pixels
        weights = generator(self.seed, "planted quarter turn").standard_normal((self.latent_dim, turned.shape[-1]))
        along = torch.from_numpy(weights / math.sqrt(turned.shape[-1])).to(turned)
        return torch.stack([(turned * one).sum(-1).sort(dim=0).values.mean(0) for one in along], dim=1)


@dataclass(frozen=True)
class LinearEquivariant(Planted):
    """Moves by a law: real and imaginary parts of the lowest Fourier modes but the mean, over sqrt(pixels).

    A roll turns each pair (``roll_matrix``), so recoverability is 1, the displacement of image i is
    sqrt(sum_k (2 - 2 cos angle_k) |F_k(x_i)|^2 / pixels), and alignment that of these turns of the mean latent.
    """

    def __post_init__(self) -> None:
        """Refuse half a mode."""
        super().__post_init__()
        if self.latent_dim % 2:
            raise InputError(f"latent_dim has to be even, for pairs of real and imaginary; found {self.latent_dim}.")

    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the parts: all of one mode, then those of the next."""
        modes = fourier_modes(batch.images, lowest_modes(self.latent_dim // 2, batch.images))
        return torch.view_as_real(modes).flatten(1)

    def roll_matrix(self, image_shape: tuple[int, int], dx: int = 0, dy: int = 0) -> np.ndarray:
        """Return the turn ``d d`` that takes the latent (a column) of an image to that of the image rolled."""
        turn = np.zeros((self.latent_dim, self.latent_dim))
        for number, (ky, kx) in enumerate(lowest_modes(self.latent_dim // 2, torch.empty(image_shape))):
            angle = -2 * math.pi * (ky * dy / image_shape[0] + kx * dx / image_shape[1])
            cosine, sine = math.cos(angle), math.sin(angle)
            place = slice(2 * number, 2 * number + 2)
            turn[place, place] = [[cosine, -sine], [sine, cosine]]
        return turn


def lowest_modes(count: int, images: Tensor) -> list[tuple[int, int]]:
    """Return the ``count`` lowest frequencies (ky, kx) of images ``... y x`` but zero, one of each conjugate pair.

    Modes without a phase of their own (at the Nyquist frequency) are left out; InputError where too few are left.
    """
    rows, columns = images.shape[-2:]
    within_y, within_x = (rows - 1) // 2, (columns - 1) // 2
    half = [(ky, kx) for kx in range(within_x + 1) for ky in range(-within_y, within_y + 1) if (kx, ky) > (0, 0)]
    if len(half) < count:
        raise InputError(f"Images of {rows} x {columns} pixels have {len(half)} Fourier modes; {count} were asked for.")
    return sorted(half, key=lambda mode: (mode[0] ** 2 + mode[1] ** 2, mode))[:count]


def fourier_modes(images: Tensor, modes: list[tuple[int, int]]) -> Tensor:
    """Return the coefficients F_k / sqrt(pixels), ``b modes`` complex128, of images ``b y x``."""
    if images.ndim != 3:
        raise InputError(f"Planted encoders take images of shape (b, y, x); found {tuple(images.shape)}.")
    spectrum = torch.fft.fft2(images.double(), norm="ortho")
    ky, kx = zip(*modes, strict=True)
    chosen: Tensor = spectrum[:, list(ky), list(kx)]
    return chosen
