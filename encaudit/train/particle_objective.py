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
    """A HetOnlyVAE of cryoDRGN on prepared particles; an ``Objective``.

    ``view`` is what the encoder sees, the images themselves if not set otherwise. ``compared`` is the number of Hartley
    coefficients that an image is compared in.
    """

    def __init__(
        self,
        settings: Settings,
        model: Any,
        frame: CryodrgnFrame,
        particles: Particles,
        *,
        table: LookupTable | None = None,
    ) -> None:
        self.settings = settings
        self.model, self.table = model, table
        self.particles = particles
        self.index = particles.index
        self.latent_dim = settings.zdim
        self.compared = int(frame.lattice.get_circular_mask(frame.box // 2).sum())
        self.device = particles.device
        self.view: View = OwnImage()
        self.amp = settings.amp and self.device.type == "cuda"
        self._frame = frame
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

    @property
    def twinned(self) -> bool:
        """Whether the encoder sees something else than the images, the same in every epoch."""
        return self.view.twins

    def loss(self, positions: Tensor, step: Step) -> Losses:
        """Return cryoDRGN's loss of a batch; NaN where a latent is.

        With ``consistency``, plus that many times beta KL(q(z|Tx) || q(z|x)) / m (m points of the mask): one nat that a
        moved image's posterior is off weighs as much as ``consistency`` nats of the KL term.

        Source: Sinha & Dieng 2021 (consistency).
        """
        from cryodrgn.commands.train_vae import loss_function

        images = self.particles.on_lattice(positions)
        with torch.autocast(self.device.type, dtype=torch.float16, enabled=self.amp):
            mu, logvar, _, expected, mask = self._run(images, positions, positions, step.noise, step)
            beta = self.settings.kl_weight
            try:
                losses = Losses(*loss_function(mu, logvar, images, None, expected, mask, beta))
            except RuntimeError as error:
                if "nan" not in str(error):  # what loss_function says of a KL that is none
                    raise
                nothing = mu.new_tensor(float("nan"))
                return Losses(nothing, nothing, nothing)
            if not self.settings.consistency:
                return losses
            apart = divergence(Posterior(mu, logvar), Posterior(*self.model.encode(self._flipped(positions)))).mean()
        weighted = self.settings.consistency * beta * apart / mask.sum()
        return Losses(losses.total + weighted, losses.reconstruction, losses.kl)

    @torch.no_grad()
    def per_image(self, positions: Tensor, noise: Tensor, whose: Tensor | None = None) -> Losses:
        """Return the mean squared error over masked coefficients, and the KL, of each image."""
        images = self.particles.on_lattice(positions)
        seen = positions if whose is None else whose
        mu, logvar, _, expected, mask = self._run(images, positions, seen, noise, None)
        reconstruction = (expected - images.flatten(1)[:, mask]).square().mean(dim=1)
        kl = (mu.square() + logvar.exp() - 1 - logvar).sum(dim=1) / 2
        return Losses(reconstruction + self.settings.kl_weight * kl / mask.sum(), reconstruction, kl)

    @torch.no_grad()
    def posterior(self, positions: Tensor, *, of_view: bool = False) -> Posterior:
        """Return what the encoder says of the images, or of what it was trained on in their place; or the table's."""
        if self.table is not None:
            return Posterior(*self.table.encode(positions.to(self.device)))
        seen = self.view.seen(positions, positions, None) if of_view else None
        return Posterior(*self.model.encode(self._flipped(positions) if seen is None else seen))

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

    def _flipped(self, positions: Tensor) -> Tensor:
        images = self.particles.on_lattice(positions)
        _, parameters = self.particles.acquired(positions)
        return images if parameters is None else images * self.sign(parameters)

    def _run(self, images: Tensor, positions: Tensor, whose: Tensor, noise: Tensor, step: Step | None) -> Any:
        from cryodrgn.commands.train_vae import run_batch

        self._noise = noise.to(self.device)
        rotation, parameters = self.particles.acquired(positions)
        seen = positions.to(self.device) if self.table is not None else self.view.seen(positions, whose, step)
        return run_batch(self.model, self._frame.lattice, images, rotation, None, parameters, seen)

    def _sampled(self, mu: Tensor, logvar: Tensor) -> Tensor:
        return self._noise * torch.exp(0.5 * logvar) + mu


def divergence(q: Posterior, p: Posterior) -> Tensor:
    """Return KL(q || p) of Gaussians with diagonal covariance, ``b`` nats."""
    assert q.logvar is not None and p.logvar is not None
    mu, logvar, other, other_logvar = (part.float() for part in (q.mu, q.logvar, p.mu, p.logvar))
    apart = (logvar.exp() + (mu - other).square()) / other_logvar.exp()
    return (other_logvar - logvar + apart - 1).sum(dim=1) / 2
