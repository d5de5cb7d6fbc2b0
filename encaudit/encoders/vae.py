"""encaudit's own image VAE: the fully connected network of the paper's MNIST experiments, and its checkpoint."""

import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from encaudit.draws import uniform_like
from encaudit.encoders.evidence import evidence_bound, on_device
from encaudit.encoders.weights import unusable_weight
from encaudit.errors import InputError
from encaudit.types import ImageBatch, Posterior

KIND = "vae"
VERSION = 1


@dataclass(frozen=True)
class VaeArchitecture:
    """The sizes that define the network: enough to build it again.

    The default is the paper's released code (two hidden layers in the encoder); its text says three.
    """

    image_shape: tuple[int, ...]
    latent_dim: int = 2
    encoder_layers: tuple[int, ...] = (256, 256)
    decoder_layers: tuple[int, ...] = (256, 256)


class ImageVAE(nn.Module):
    """Images in [0, 1] -> ReLU layers -> (mu, logvar) -> z -> ReLU layers -> sigmoid -> images in [0, 1].

    Source: Kingma & Welling 2013, with the layers of Edelberg & Lederman 2025.
    """

    def __init__(self, architecture: VaeArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        pixels = prod(architecture.image_shape)
        encoder_widths = (pixels, *architecture.encoder_layers)
        decoder_widths = (architecture.latent_dim, *architecture.decoder_layers)
        self.encoder = _relu_layers(encoder_widths)
        self.mu = nn.Linear(encoder_widths[-1], architecture.latent_dim)
        self.logvar = nn.Linear(encoder_widths[-1], architecture.latent_dim)
        self.decoder = nn.Sequential(_relu_layers(decoder_widths), nn.Linear(decoder_widths[-1], pixels), nn.Sigmoid())

    def posterior(self, images: Tensor) -> Posterior:
        """Return mu and logvar, each ``b d``, of images ``b y x`` (or ``b c y x``)."""
        hidden = self.encoder(images.flatten(1))
        return Posterior(self.mu(hidden), self.logvar(hidden))

    def decode(self, z: Tensor) -> Tensor:
        """Return the images ``b y x`` in [0, 1] at latents ``z``, ``b d``."""
        images: Tensor = self.decoder(z)
        return images.view(-1, *self.architecture.image_shape)


class VaeEncoder:
    """An ``ImageVAE`` as the rest of encaudit sees it: an Encoder that also renders, and can start over untrained."""

    noise_model = "black and white pixels (Bernoulli), each white with the probability that the decoder gives it"

    def __init__(self, model: ImageVAE, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()
        self.latent_dim = model.architecture.latent_dim
        self.image_shape = model.architecture.image_shape

    @torch.inference_mode()
    def encode(self, batch: ImageBatch) -> Posterior:
        """Return the posterior of each image, ``b d``; raises InputError when the images have another size."""
        self._check(batch)
        return self.model.posterior(batch.images.to(self.device))

    @torch.inference_mode()
    def decode(self, z: Tensor) -> Tensor:
        """Return the images ``b y x`` in [0, 1] at latents ``z``, ``b d``."""
        return self.model.decode(z.to(self.device))

    def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
        """Return the images ``b y x`` that the decoder expects at ``z``; nothing of the batch but its size matters."""
        self._check(batch)
        return self.decode(z)

    def simulate(self, batch: ImageBatch, z: Tensor, *, seed: int) -> Tensor:
        """Return black and white images, each pixel white with the probability that ``render`` gives it."""
        shades = self.render(batch, z)
        return (uniform_like(batch, seed, "decoder noise").to(shades) < shades).to(shades.dtype)

    @torch.inference_mode()
    def elbo(self, batch: ImageBatch, q: Posterior, *, seed: int) -> Tensor:
        """Return the evidence lower bound of each image, ``b`` nats: minus summed cross-entropy, minus KL.

        Raises InputError for images beyond [0, 1].
        """
        self._check(batch)
        seen = batch.images.to(self.device)
        if len(seen) and not (seen.min() >= 0 and seen.max() <= 1):
            raise InputError(
                f"The images reach from {float(seen.min()):.3g} to {float(seen.max()):.3g}; the likelihood of this VAE "
                "is one of pixels in [0, 1]. Scale them as it was trained on."
            )

        def log_likelihood(z: Tensor) -> Tensor:
            cross_entropy = nn.functional.binary_cross_entropy(self.model.decode(z), seen, reduction="none")
            return -cross_entropy.flatten(1).sum(dim=1)

        return evidence_bound(on_device(q, self.device), batch.index, seed, log_likelihood)

    def _check(self, batch: ImageBatch) -> None:
        shape = tuple(batch.images.shape[1:])
        if shape != self.image_shape:
            raise InputError(
                f"The images are {_times(shape)} pixels, but this VAE was trained on {_times(self.image_shape)}. "
                "Give --images a stack of the size it was trained on."
            )

    def untrained(self, seed: int) -> Self:
        """Return the same architecture, on the same device, with weights drawn from a seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed % 2**63)  # torch takes no more bits
            fresh = ImageVAE(self.model.architecture)
        return type(self)(fresh, self.device)


def vae_checkpoint(model: ImageVAE, training: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the content of a checkpoint; ``training`` takes plain values that say how it was made."""
    architecture = asdict(model.architecture)
    return {
        "encaudit": {"kind": KIND, "version": VERSION},
        "image_shape": architecture.pop("image_shape"),
        "architecture": architecture,
        "model_state_dict": {name: value.detach().cpu() for name, value in model.state_dict().items()},
        "training": dict(training or {}),
    }


def save_vae(path: str | Path, model: ImageVAE, training: Mapping[str, Any] | None = None) -> None:
    """Write a checkpoint: whole or not at all."""
    buffer = io.BytesIO()  # torch.save writes a file's name into it: through a buffer, equal content gives equal bytes
    torch.save(vae_checkpoint(model, training), buffer)
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(buffer.getvalue())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def vae_from_checkpoint(checkpoint: Mapping[str, Any], device: torch.device | str = "cpu") -> VaeEncoder:
    """Build the encoder of a checkpoint that ``save_vae`` wrote, as ``torch.load(..., weights_only=True)`` returns it.

    Raises InputError for a checkpoint of another kind or a newer version, and for weights that do not fit the
    architecture stated beside them.
    """
    if not isinstance(checkpoint, Mapping):
        raise InputError(f"This is not a checkpoint of encaudit's VAE: it holds a {type(checkpoint).__name__}.")
    header = checkpoint.get("encaudit")
    kind, version = (header.get("kind"), header.get("version")) if isinstance(header, Mapping) else (None, None)
    if not isinstance(kind, str) or kind != KIND:
        found = " ".join(repr(header).split())[:100]
        raise InputError(f"This is not a checkpoint of encaudit's VAE: its header is {found}, not kind {KIND!r}.")
    if not isinstance(version, int) or version != VERSION:
        raise InputError(
            f"This VAE checkpoint has version {version!r}; this encaudit reads version {VERSION}. Update encaudit."
        )
    try:
        sizes = checkpoint["architecture"]
        architecture = VaeArchitecture(
            _positive(checkpoint["image_shape"]),
            _positive([sizes["latent_dim"]])[0],
            _positive(sizes["encoder_layers"]),
            _positive(sizes["decoder_layers"]),
        )
        state = checkpoint["model_state_dict"]
        _check_fit(architecture, state)
        model = ImageVAE(architecture)
        model.load_state_dict(state)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as error:
        raise InputError(
            f"This VAE checkpoint is damaged: its weights do not fit its architecture ({_in_short(error)}). "
            "Write it again with encaudit, or copy it again."
        ) from error
    return VaeEncoder(model, device)


def _positive(sizes: Iterable[Any]) -> tuple[int, ...]:
    found = tuple(sizes)
    for size in found:
        if type(size) is not int or size < 1:
            raise ValueError(f"a size is {size!r}, expected a positive whole number")
    return found


def _check_fit(architecture: VaeArchitecture, state: Mapping[str, Tensor]) -> None:
    """Compare sizes before any memory is taken: those of a damaged file may be enormous."""
    if wrong := unusable_weight(state):
        raise ValueError(wrong)
    if len(architecture.image_shape) not in (2, 3):
        raise ValueError(f"its images have {len(architecture.image_shape)} axes")
    with torch.device("meta"):
        expected = ImageVAE(architecture).state_dict()
    for name, value in expected.items():
        if name in state and state[name].shape != value.shape:
            raise ValueError(f"{name} is {tuple(state[name].shape)}, expected {tuple(value.shape)}")
    if missing := expected.keys() - state.keys():
        raise ValueError(f"the model_state_dict lacks {min(missing)}")


def _relu_layers(widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return nn.Sequential(*layers)


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
