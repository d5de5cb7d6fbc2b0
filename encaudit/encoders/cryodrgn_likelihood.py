"""What cryoDRGN's decoder expects of an image, and how likely it finds the image.

As in ``cryodrgn.commands.train_vae.run_batch``: the decoder is asked for the slice at the particle's pose, on the
lattice within the circle of half the box, which times the CTF is compared with the centred, normalized image.
"""

from typing import Any

import torch
from torch import Tensor

from encaudit.draws import normal_like
from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.encoders.cryodrgn_noise import decoder_noise
from encaudit.encoders.evidence import evidence_bound, on_device
from encaudit.errors import InputError
from encaudit.types import ImageBatch, Posterior

POINTS_AT_ONCE = 2**16  # times the width of the decoder, in float32: 256 MiB a layer at 1024


class CryodrgnLikelihood:
    """The decoder half of a HetOnlyVAE, on images of single particles."""

    def __init__(self, config: CryodrgnConfig, model: Any, frame: CryodrgnFrame) -> None:
        self.noise = decoder_noise(config)
        self._config, self._model, self._frame = config, model, frame
        # The decoder's mask, whatever the encoder's is (enc_mask).
        points = frame.lattice.coords
        self._mask = frame.lattice.get_circular_mask(config.box // 2).to(points.device)
        self._points: Tensor = points[self._mask] / frame.lattice.extent / 2

    @torch.inference_mode()
    def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
        """Return the noise-free images ``b y x`` at latents ``b d``, in raw pixels; InputError without poses."""
        batch, z = self._here(batch, z)
        return self._frame.pixels(self._expected(batch, z), self._mask, batch.shift_px)

    @torch.inference_mode()
    def simulate(self, batch: ImageBatch, z: Tensor, seed: int) -> Tensor:
        """Return ``render`` plus white noise that, once windowed, has variance beta/2 in each coefficient."""
        beta = self.noise.needed_beta()
        clean = self.render(batch, z)
        # Parseval: a coefficient sums box^2 pixels, of which the window lets this share of the power through.
        passed = float(self._frame.window.square().mean())
        std = self._frame.std / self._frame.box * (beta / 2 / passed) ** 0.5
        noisy: Tensor = clean + std * normal_like(batch, seed, "decoder noise").to(clean)
        return noisy

    @torch.inference_mode()
    def elbo(self, batch: ImageBatch, q: Posterior, seed: int) -> Tensor:
        """Return the ELBO of each image, ``b`` nats, but for the constant of the Gaussian."""
        beta = self.noise.needed_beta()
        batch, _ = self._here(batch, q.mu)
        seen = self._frame.coefficients(batch, self._mask)

        def log_likelihood(z: Tensor) -> Tensor:
            return -(seen - self._expected(batch, z)).square().sum(dim=1) / beta

        return evidence_bound(on_device(q, self._points.device), batch.index, seed, log_likelihood)

    def _here(self, batch: ImageBatch, z: Tensor) -> tuple[ImageBatch, Tensor]:
        """Return the observations and latents on the decoder's device; InputError where it cannot see them."""
        model = self._config.model_args
        if self._config.ntilts is not None:
            raise InputError(
                "This is a checkpoint of tilt series, which encaudit does not render. Leave out what needs the images "
                "of its decoder: renoise, simulated images, ELBO."
            )
        if (model.pe_type, model.domain) == ("none", "fourier"):
            raise InputError(
                "The config says pe_type none in the fourier domain, whose decoder takes no slices without the origin. "
                "Leave out what needs its images: renoise, simulated images, ELBO."
            )
        if batch.pose is None:
            raise InputError("The decoder needs to know from where each particle is seen. Give its poses with --poses.")
        device = self._points.device
        return batch.to(device), z.float().to(device)

    def _expected(self, batch: ImageBatch, z: Tensor) -> Tensor:
        """Return the coefficients ``b m`` that the decoder expects of the centred image."""
        assert batch.pose is not None
        slices = batch.pose.new_empty(len(z), len(self._points))
        at_once = max(1, POINTS_AT_ONCE // len(self._points))
        for start in range(0, len(z), at_once):
            some = slice(start, start + at_once)
            slices[some] = self._model.decode(self._points @ batch.pose[some], z[some]).reshape(slices[some].shape)
        return slices if batch.ctf is None else slices * self._frame.ctf(batch.ctf, self._mask)
