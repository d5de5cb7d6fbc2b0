"""The loss of a VAE on images of black and white: summed cross-entropy of every pixel, and the KL. Nats an image."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from encaudit.encoders.vae import ImageVAE, VaeArchitecture, vae_checkpoint
from encaudit.train.digits_settings import DigitsSettings
from encaudit.train.objective import Losses, Step
from encaudit.train.table import LookupTable
from encaudit.types import Posterior


class DigitsObjective:
    """encaudit's image VAE on images ``n y x`` in [0, 1]; an ``Objective``.

    ``twins`` (``n y x``) is what the encoder sees in the place of each image; None for the images themselves. A
    ``table`` takes the place of the encoder, which then is not trained.
    """

    amp = False

    def __init__(
        self,
        settings: DigitsSettings,
        images: Tensor,
        index: np.ndarray,
        device: torch.device,
        *,
        twins: Tensor | None = None,
        table: LookupTable | None = None,
    ) -> None:
        self.settings = settings
        self.index = index
        self.latent_dim = settings.zdim
        self.device = device
        self.twinned = twins is not None
        self._images, self._seen = images, images if twins is None else twins
        self.table = None if table is None else table.to(device)
        self.model = _fresh(settings, tuple(images.shape[1:])).to(device)
        learned = list(self.model.parameters())
        if table is not None:
            for part in (self.model.encoder, self.model.mu, self.model.logvar):
                part.requires_grad_(False)
            learned = list(self.model.decoder.parameters())
        self.optimizers: list[torch.optim.Optimizer] = [torch.optim.Adam(learned, lr=settings.lr)]
        if table is not None:
            self.optimizers += table.optimizers(settings.table_lr)

    def loss(self, positions: Tensor, step: Step) -> Losses:
        """Return the means over a batch."""
        each = self._losses(positions, positions, step.noise)
        return Losses(each.total.mean(), each.reconstruction.mean(), each.kl.mean())

    @torch.no_grad()
    def per_image(self, positions: Tensor, noise: Tensor, whose: Tensor | None = None) -> Losses:
        """Return the losses of each image, ``b``."""
        return self._losses(positions, positions if whose is None else whose, noise)

    @torch.no_grad()
    def posterior(self, positions: Tensor, *, of_view: bool = False) -> Posterior:
        """Return what the encoder says of the images, or of what it was trained on in their place; or the table's."""
        return self._posterior(self._seen if of_view else self._images, positions)

    def travel(self) -> tuple[float, float] | None:
        """Return how far the table's mu and logvar have gone; None without one."""
        return None if self.table is None else self.table.travel()

    def checkpoint(self, epoch: int) -> dict[str, Any]:
        """Return what ``save_vae`` writes, and the table beside it, where there is one."""
        training = self.settings.model_dump(mode="json", exclude={"encoder_layers", "decoder_layers", "zdim"})
        content = vae_checkpoint(self.model, training | {"epoch": epoch})
        return content if self.table is None else content | self.table.checkpoint(self.index)

    def state_dict(self) -> dict[str, Any]:
        """Return networks, table and optimizers."""
        return {
            "model": self.model.state_dict(),
            "table": None if self.table is None else self.table.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a state of these networks."""
        self.model.load_state_dict(state["model"])
        if self.table is not None:
            self.table.load_state_dict(state["table"])
        for optimizer, before in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(before)

    def _losses(self, positions: Tensor, whose: Tensor, noise: Tensor) -> Losses:
        q = self._posterior(self._seen, whose if self.table is None else positions)
        assert q.logvar is not None
        z = q.mu + noise.to(self.device) * (q.logvar / 2).exp()
        images = self._images[positions].to(self.device)
        decoded = self.model.decode(z)
        known = (
            decoded.isfinite()
        )  # of anything else the cross-entropy makes an error, on a GPU one that ends the process
        crossed = binary_cross_entropy(decoded.where(known, 0.5), images, reduction="none").flatten(1).sum(dim=1)
        reconstruction = crossed.where(known.flatten(1).all(dim=1), torch.nan)
        kl = (q.mu.square() + q.logvar.exp() - 1 - q.logvar).sum(dim=1) / 2
        return Losses(reconstruction + self.settings.beta * kl, reconstruction, kl)

    def _posterior(self, images: Tensor, positions: Tensor) -> Posterior:
        if self.table is not None:
            return Posterior(*self.table.encode(positions.to(self.device)))
        return self.model.posterior(images[positions].to(self.device))


def _fresh(settings: DigitsSettings, image_shape: tuple[int, ...]) -> ImageVAE:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed % 2**63)  # torch takes no more bits
        return ImageVAE(VaeArchitecture(image_shape, settings.zdim, settings.encoder_layers, settings.decoder_layers))
