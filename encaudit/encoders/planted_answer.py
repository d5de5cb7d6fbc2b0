"""What all planted encoders share: a constant logvar, and answers to a batch or to bare pixels."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.types import ImageBatch, Posterior

Bare = tuple[Tensor, Tensor | None]  # mu and logvar, as an encoder of the user's own returns them


@dataclass(frozen=True)
class Planted(ABC):
    """An encoder whose answer to a transform is known: deterministic, blind to the other images of a batch, picklable.

    ``logvar`` is what it says of every latent; None for an encoder that states no doubt.
    """

    latent_dim: int = 4
    logvar: float | None = None

    def __post_init__(self) -> None:
        """Refuse a latent space without dimensions."""
        if self.latent_dim < 1:
            raise InputError(f"latent_dim has to be 1 or more; found {self.latent_dim}.")

    @abstractmethod
    def mu(self, batch: ImageBatch) -> Tensor:
        """Return the latents ``b d``, of any real type."""

    @overload
    def encode(self, batch: ImageBatch) -> Posterior: ...

    @overload
    def encode(self, batch: Tensor) -> Bare: ...

    @torch.no_grad()
    def encode(self, batch: ImageBatch | Tensor) -> Posterior | Bare:
        """Return the posterior of each observation; of bare pixels ``b y x``, (mu, logvar), as ``module:`` expects."""
        bare = isinstance(batch, Tensor)
        if isinstance(batch, Tensor):
            batch = self._observed(batch)
        mu = self.mu(batch).to(batch.images.device, torch.float32)
        logvar = None if self.logvar is None else torch.full_like(mu, self.logvar)
        return (mu, logvar) if bare else Posterior(mu, logvar)

    def _observed(self, images: Tensor) -> ImageBatch:
        """Return bare pixels as observations; which rows of a stack they are is not known."""
        return ImageBatch(images, torch.full((len(images),), -1))
