"""cryoDRGN's VAE as an encoder (and decoder): raw particle images in, the z that cryoDRGN itself would save out.

The order of operations is cryoDRGN's (`cryodrgn.commands.train_vae.eval_z`): window, Hartley transform, symmetrize,
normalize by the training norm, centre by the stored translation, flip phases by sign(CTF), circular mask, network.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.encoders.cryodrgn_likelihood import CryodrgnLikelihood
from encaudit.encoders.cryodrgn_volume import CryodrgnVolume
from encaudit.encoders.half_plane import half_plane_of
from encaudit.encoders.weights import unusable_weight
from encaudit.errors import InputError
from encaudit.symmetry import Symmetry
from encaudit.types import ImageBatch, Posterior
from encaudit.unreadable import one_line

CONV_BOX = 64  # the convolutional encoder of cryoDRGN is written for this box


class CryodrgnEncoder:
    """A trained HetOnlyVAE of cryoDRGN 1.1 .. 4.x; modes resid, mlp, conv and tilt."""

    def __init__(
        self,
        config: CryodrgnConfig,
        state: Mapping[str, Tensor] | None,
        *,
        device: torch.device | str = "cpu",
        seed: int | None = None,
    ) -> None:
        """Build the network and load its weights; without ``state`` it stays as initialized from ``seed``."""
        self.config = config
        self.device = torch.device(device)
        self.model, self.lattice = fresh_network(config, 0 if seed is None else seed)
        if state is not None:
            _load_state(self.model, state, config)
        self.model.to(self.device).eval().requires_grad_(False)
        self.latent_dim: int = config.model_args.zdim
        self.box = config.box
        mask = self.model.enc_mask
        self._mask = torch.ones(self.lattice.D**2, dtype=torch.bool) if mask is None else mask.cpu()
        self._mask = self._mask.to(self.device)
        # The lattice stays where it was made: cryoDRGN's Lattice is no module, so its tensors are moved by hand.
        self.lattice.coords = self.lattice.coords.to(self.device)
        self.lattice.freqs2d = self.lattice.freqs2d.to(self.device)
        self.lattice.device = self.device
        self._frame = CryodrgnFrame(config, self.lattice, self.device)
        flat = config.model_args.encode_mode in ("resid", "mlp")
        self._front = half_plane_of(self._frame, self._mask, self.model.encoder) if flat else None
        square_mask = torch.equal(self._mask.view(self.box + 1, -1), self._mask.view(self.box + 1, -1).rot90())
        self.knows_symmetries = self._front is not None and square_mask
        self._likelihood = CryodrgnLikelihood(config, self.model, self._frame)
        self.noise_model = self._likelihood.noise.words

    @torch.inference_mode()
    def encode(self, batch: ImageBatch) -> Posterior:
        """Return mu and logvar, each ``b d``; images are ``b y x``, for tilt series ``b t y x``."""
        batch = batch.to(self.device)
        self._check(batch)
        if self.config.model_args.encode_mode == "conv":
            out = self.model.encoder(self._real_space_input(batch))
        elif self._front is not None:
            first, rest = self._front
            out = rest(first.first_layer(batch))
        else:
            out = self.model.encoder(self.network_input(batch))
        return self._posterior(out)

    @torch.inference_mode()
    def encode_symmetric(self, batch: ImageBatch, symmetries: Sequence[Symmetry]) -> list[Posterior]:
        """Return the posteriors of the observations after each symmetry, from one transform and one matrix product."""
        assert self._front is not None, "asked for only where knows_symmetries"
        batch = batch.to(self.device)
        self._check(batch)
        first, rest = self._front
        return [self._posterior(rest(output)) for output in first.first_layer_symmetric(batch, symmetries)]

    def _posterior(self, out: Tensor) -> Posterior:
        return Posterior(out[:, : self.latent_dim].contiguous(), out[:, self.latent_dim :].contiguous())

    def network_input(self, batch: ImageBatch) -> Tensor:
        """Return what the first layer sees: centred, phase-flipped Hartley coefficients, ``b*t in_dim``.

        By cryoDRGN's own functions. Where the first layer is linear, ``encode`` takes the shorter way of ``HalfPlane``,
        which tests hold to this one.
        """
        prepared = self._frame.coefficients(batch, self._mask)
        return (
            prepared if batch.ctf is None else prepared * self._frame.ctf(batch.ctf.reshape(-1, 8), self._mask).sign()
        )

    def _real_space_input(self, batch: ImageBatch) -> Tensor:
        """Return windowed pixels in units of the stack's own moments, as the convolutional encoder was trained on."""
        if batch.moments is None:
            raise InputError("The convolutional encoder needs the stack's pixel moments; encode it through a stack.")
        return (self._frame.windowed(batch.images) - batch.moments.mean) / batch.moments.std

    def _check(self, batch: ImageBatch) -> None:
        ntilts = self.config.ntilts
        expected = (self.box, self.box) if ntilts is None else (ntilts, self.box, self.box)
        if tuple(batch.images.shape[1:]) != expected:
            found = " x ".join(str(side) for side in batch.images.shape[1:])
            raise InputError(
                f"The images are {found} pixels, but the checkpoint was trained on {' x '.join(map(str, expected))}. "
                "Give the stack it was trained on, or downsample with `cryodrgn downsample`."
            )

    def untrained(self, seed: int) -> "CryodrgnEncoder":
        """Return the same architecture with fresh weights drawn from a seed."""
        return CryodrgnEncoder(self.config, None, device=self.device, seed=seed)

    def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
        """Return what the decoder expects of each particle at ``z``, ``b y x``; InputError where it cannot be asked."""
        self._check(batch)
        return self._likelihood.render(batch, z)

    def simulate(self, batch: ImageBatch, z: Tensor, *, seed: int) -> Tensor:
        """Return ``render`` plus the noise that the training loss assumes (see ``noise_model``)."""
        self._check(batch)
        return self._likelihood.simulate(batch, z, seed)

    def elbo(self, batch: ImageBatch, q: Posterior, *, seed: int) -> Tensor:
        """Return the evidence lower bound of each image under ``q``, ``b`` nats, but for a constant."""
        self._check(batch)
        return self._likelihood.elbo(batch, q, seed)

    def decode_volume(self, z: np.ndarray, box: int | None = None) -> np.ndarray:
        """Return the volume at one latent ``z`` (``d``), ``z y x`` float32; ``box`` (even) asks for a smaller one."""
        return next(self.decode_volumes(np.asarray(z)[None], box))

    @torch.inference_mode()
    def decode_volumes(self, zs: np.ndarray, box: int | None = None) -> Iterator[np.ndarray]:
        """Yield the volume at each latent of ``zs`` (``m d``), bit for bit that of ``decode_volume``."""
        from cryodrgn.models import FTPositionalDecoder

        lattice, side = self.lattice, self.box if box is None else box
        if side % 2 or not 2 <= side <= self.box:
            raise InputError(f"--volume-box {side}: expected an even number up to the box of the model, {self.box}.")
        coords = lattice.coords if side == self.box else lattice.get_downsample_coords(side + 1)
        extent = lattice.extent * side / self.box
        norm, decoder = self.config.dataset_args.norm, self.model.decoder
        latents = np.asarray(zs, dtype=np.float32)
        if isinstance(decoder, FTPositionalDecoder):
            volumes = CryodrgnVolume(decoder, coords, side + 1, extent).volumes(
                torch.tensor(latents, device=self.device), (norm[0], norm[1])
            )
        else:
            volumes = (decoder.eval_volume(coords, side + 1, extent, norm, z) for z in latents)
        for volume in volumes:
            yield np.asarray(volume.cpu().numpy(), dtype=np.float32)


def fresh_network(config: CryodrgnConfig, seed: int, device: torch.device | None = None) -> tuple[Any, Any]:
    """Return the network and the lattice as cryoDRGN builds them from the config, with weights drawn from a seed.

    They are the weights that `cryodrgn train_vae --seed` starts from.
    """
    from cryodrgn.models import HetOnlyVAE

    settings = _loadable(config)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed % 2**63)  # torch takes no more bits
            model, lattice = HetOnlyVAE.load(settings, weights=None, device=device)
    except (RuntimeError, ValueError, TypeError, AssertionError, MemoryError, KeyError) as error:
        raise InputError(
            f"{config.path or 'The config'} describes no network that cryoDRGN can build ({type(error).__name__}: "
            f"{one_line(error)}). Give the run's own config with --config PATH."
        ) from error
    return model, lattice


def _loadable(config: CryodrgnConfig) -> dict[str, Any]:
    settings = config.for_cryodrgn()
    model = settings["model_args"]
    if model["enc_mask"] is None:
        model["enc_mask"] = config.box // 2  # cryoDRGN's default when none was asked for
    if model["encode_mode"] == "conv":
        model["enc_mask"] = -1  # it sees pixels, not masked Fourier coefficients
        if config.box != CONV_BOX:
            raise InputError(
                f"The config says encode_mode conv and a box of {config.box}; "
                f"cryoDRGN's convolutional encoder takes {CONV_BOX}."
            )
    if model["enc_mask"] > config.box // 2:
        raise InputError(f"The config's enc_mask {model['enc_mask']} exceeds half the box of {config.box} pixels.")
    if model["pe_type"] == "gaussian" and model["feat_sigma"] is None:
        raise InputError("The config says pe_type gaussian but gives no feat_sigma: is it another run's config?")
    return settings


def _load_state(model: torch.nn.Module, state: Mapping[str, Tensor], config: CryodrgnConfig) -> None:
    if wrong := unusable_weight(state):
        raise InputError(
            f"The checkpoint holds no weights of a network: {wrong}; expected dense tensors of real numbers. "
            "Copy it again, or name another checkpoint."
        )
    own = model.state_dict()
    for name, tensor in state.items():
        if name in own and own[name].shape != tensor.shape:
            raise InputError(
                f"The config disagrees with the weights: {name} is {tuple(tensor.shape)} in the checkpoint, "
                f"but {tuple(own[name].shape)} by the config (box {config.box}, enc_mask {config.model_args.enc_mask}, "
                f"enc {config.model_args.qlayers}x{config.model_args.qdim}, zdim {config.model_args.zdim}). "
                "It is probably another run's config; give the right one with --config PATH."
            )
    missing = sorted(set(own) - set(state))
    extra = sorted(set(state) - set(own))
    if missing or extra:
        raise InputError(
            f"The config disagrees with the weights: {len(missing)} parameters are missing"
            f"{f' (first: {missing[0]})' if missing else ''} and {len(extra)} are not in the model"
            f"{f' (first: {extra[0]})' if extra else ''}. Give the run's own config with --config PATH."
        )
    model.load_state_dict(dict(state))
