"""encaudit's own image VAE: the fully connected network of the paper's MNIST experiments, and its checkpoint."""

import io
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

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
    """An ``ImageVAE`` as the rest of encaudit sees it: an Encoder that can also start over untrained."""

    def __init__(self, model: ImageVAE, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()
        self.latent_dim = model.architecture.latent_dim
        self.image_shape = model.architecture.image_shape

    @torch.inference_mode()
    def encode(self, batch: ImageBatch) -> Posterior:
        """Return the posterior of each image, ``b d``; raises InputError when the images have another size."""
        shape = tuple(batch.images.shape[1:])
        if shape != self.image_shape:
            raise InputError(
                f"The images are {_times(shape)} pixels, but this VAE was trained on {_times(self.image_shape)}. "
                "Give --images a stack of the size it was trained on."
            )
        return self.model.posterior(batch.images.to(self.device))

    @torch.inference_mode()
    def decode(self, z: Tensor) -> Tensor:
        """Return the images ``b y x`` in [0, 1] at latents ``z``, ``b d``."""
        return self.model.decode(z.to(self.device))

    def untrained(self, seed: int) -> Self:
        """Return the same architecture, on the same device, with weights drawn from a seed."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            fresh = ImageVAE(self.model.architecture)
        return type(self)(fresh, self.device)


def save_vae(path: str | Path, model: ImageVAE, training: Mapping[str, Any] | None = None) -> None:
    """Write a checkpoint: whole or not at all; ``training`` takes plain values that say how it was made."""
    architecture = asdict(model.architecture)
    content = {
        "encaudit": {"kind": KIND, "version": VERSION},
        "image_shape": architecture.pop("image_shape"),
        "architecture": architecture,
        "model_state_dict": {name: value.detach().cpu() for name, value in model.state_dict().items()},
        "training": dict(training or {}),
    }
    buffer = io.BytesIO()  # torch.save writes a file's name into it: through a buffer, equal content gives equal bytes
    torch.save(content, buffer)
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
    header = checkpoint.get("encaudit")
    if not isinstance(header, Mapping) or header.get("kind") != KIND:
        raise InputError(f"This is not a checkpoint of encaudit's VAE: its header is {header!r}, not kind {KIND!r}.")
    if header.get("version") != VERSION:
        raise InputError(
            f"This VAE checkpoint has version {header.get('version')!r}; this encaudit reads version {VERSION}. "
            "Update encaudit."
        )
    try:
        sizes = checkpoint["architecture"]
        architecture = VaeArchitecture(
            tuple(checkpoint["image_shape"]),
            sizes["latent_dim"],
            tuple(sizes["encoder_layers"]),
            tuple(sizes["decoder_layers"]),
        )
        model = ImageVAE(architecture)
        model.load_state_dict(checkpoint["model_state_dict"])
    except (AttributeError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(
            f"This VAE checkpoint is damaged: its weights do not fit its architecture ({_in_short(error)}). "
            "Write it again with encaudit, or copy it again."
        ) from error
    return VaeEncoder(model, device)


def _relu_layers(widths: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for wide, narrow in pairwise(widths):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return nn.Sequential(*layers)


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
