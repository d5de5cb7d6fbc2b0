"""cryoDRGN's loss on particles, by its own functions: the decoder's slice times the CTF against the image, and the KL.

What the encoder is given is up to the view, and a table may stand in its place; all else is the same for every system.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.train.objective import Losses, Step
from encaudit.train.particles import Particles
from encaudit.train.settings import Settings
from encaudit.train.table import LookupTable
from encaudit.train.views import OwnImage, View
from encaudit.types import Posterior


class ParticleObjective:
    """A HetOnlyVAE of cryoDRGN on prepared particles; an ``Objective``."""

    def __init__(
        self,
        settings: Settings,
        model: Any,
        frame: CryodrgnFrame,
        particles: Particles,
        *,
        view: View | None = None,
        table: LookupTable | None = None,
    ) -> None:
        self.settings = settings
        self.model, self.table = model, table
        self.particles = particles
        self.index = particles.index
        self.latent_dim = settings.zdim
        self.device = particles.device
        self.twinned = view is not None
        self.amp = settings.amp and self.device.type == "cuda"
        self._frame, self._view = frame, view or OwnImage()
        self._everywhere = torch.ones(particles.side**2, dtype=torch.bool, device=self.device)
        # All parameters, as cryoDRGN has it, so that its own command could go on with the optimizer's state.
        adam = torch.optim.Adam(model.parameters(), lr=settings.lr, weight_decay=settings.wd)
        self.optimizers: list[torch.optim.Optimizer] = [adam]
        # run_batch asks the network for z; which draw that is, and whether it is looked up, is ours to say.
        self._noise = torch.empty(0)
        model.reparameterize = self._sampled
        if table is not None:
            model.encoder.requires_grad_(False)
            model.encode = table.encode
            self.optimizers += table.optimizers(settings.table_lr)

    def loss(self, positions: Tensor, step: Step) -> Losses:
        """Return cryoDRGN's loss of a batch; NaN where a latent is."""
        from cryodrgn.commands.train_vae import loss_function

        images = self.particles.on_lattice(positions)
        with torch.autocast(self.device.type, dtype=torch.float16, enabled=self.amp):
            mu, logvar, _, expected, mask = self._run(images, positions, positions, step.noise)
            try:
                return Losses(*loss_function(mu, logvar, images, None, expected, mask, self.settings.kl_weight))
            except RuntimeError as error:
                if "nan" not in str(error):  # what loss_function says of a KL that is none
                    raise
                nothing = mu.new_tensor(float("nan"))
                return Losses(nothing, nothing, nothing)

    @torch.no_grad()
    def per_image(self, positions: Tensor, noise: Tensor, whose: Tensor | None = None) -> Losses:
        """Return the mean squared error over masked coefficients, and the KL, of each image."""
        images = self.particles.on_lattice(positions)
        seen = positions if whose is None else whose
        mu, logvar, _, expected, mask = self._run(images, positions, seen, noise)
        reconstruction = (expected - images.flatten(1)[:, mask]).square().mean(dim=1)
        kl = (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1) / 2
        return Losses(reconstruction + self.settings.kl_weight * kl / mask.sum(), reconstruction, kl)

    @torch.no_grad()
    def posterior(self, positions: Tensor, *, of_view: bool = False) -> Posterior:
        """Return what the encoder says of the images, or of what it was trained on in their place; or the table's."""
        if self.table is not None:
            return Posterior(*self.table.encode(positions.to(self.device)))
        seen = self._view.seen(positions, positions) if of_view else None
        if seen is None:
            seen = self.particles.on_lattice(positions)
            _, parameters = self.particles.acquired(positions)
            if parameters is not None:
                seen = seen * self.sign(parameters)
        return Posterior(*self.model.encode(seen))

    def sign(self, parameters: Tensor) -> Tensor:
        """Return the sign of the CTF on the lattice, ``b y x``."""
        sign = self._frame.ctf(parameters, self._everywhere).sign()
        return sign.view(-1, self.particles.side, self.particles.side)

    def travel(self) -> tuple[float, float] | None:
        """Return how far the table's mu and logvar have gone; None without one."""
        return None if self.table is None else self.table.travel()

    def checkpoint(self, epoch: int) -> dict[str, Any]:
        """Return what cryoDRGN's save_checkpoint writes, and the table beside it, where there is one."""
        content: dict[str, Any] = {
            "epoch": epoch,
            "model_state_dict": self.model.state_dict(),
            "optimizer_state_dict": self.optimizers[0].state_dict(),
        }
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

    def _run(self, images: Tensor, positions: Tensor, whose: Tensor, noise: Tensor) -> Any:
        from cryodrgn.commands.train_vae import run_batch

        self._noise = noise.to(self.device)
        rotation, parameters = self.particles.acquired(positions)
        seen = self._view.seen(positions, whose) if self.table is None else positions.to(self.device)
        return run_batch(self.model, self._frame.lattice, images, rotation, None, parameters, seen)

    def _sampled(self, mu: Tensor, logvar: Tensor) -> Tensor:
        return self._noise * torch.exp(0.5 * logvar) + mu
