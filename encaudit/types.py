"""What goes in: images with everything that moves with them, and the parts that act on them (torch)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from encaudit.quiet import contain_cryodrgn_logging
from encaudit.symmetry import Symmetry

# Everything that reads images or checkpoints imports this module first, so cryoDRGN is tamed before its first use.
contain_cryodrgn_logging()


@dataclass(frozen=True)
class PixelMoments:
    """Mean and standard deviation of the pixels of a whole stack."""

    mean: float
    std: float


@dataclass(frozen=True)
class ImageBatch:
    """Observations: images and all the metadata that a transform has to move with them.

    Shapes, for b images (a tilt series has a tilt axis "t" behind "b" in every field but ``index``):

    - ``images``: ``b y x`` float32 (``b t y x`` for tilt series, ``b c y x`` for colour), row 0 on top.
    - ``index``: ``b`` int64, the row of the stack (for tilt series: the number of the particle).
    - ``shift_px``: ``b 2`` float32 or None: the translation (tx, ty) that *centres* the image, in the pixels
      that cryoDRGN applies (stored fraction x (D + 1)). Content that lies at +s needs a translation of -s.
    - ``ctf``: ``b 8`` float32 or None: apix, dfu, dfv, dfang, volt, cs, w, phase shift
      (angstrom, angstrom, angstrom, degrees, kV, mm, -, degrees), as ``cryodrgn.ctf.load_ctf_for_training``.
    - ``pose``: ``b 3 3`` float32 or None: rotation matrices in cryoDRGN's convention.
    - ``moments``: pixel moments of the stack the batch comes from, for transforms that imitate it.
    - ``clean``: ``b y x`` float32 or None: what the decoder expects of each image, without noise, in the pixels of
      ``images``.
    - ``noise_power``: ``b y x`` float32 or None: the power spectrum of each image's noise, in the layout of
      ``torch.fft.fft2``; white noise of variance v has v everywhere.
    """

    images: Tensor
    index: Tensor
    shift_px: Tensor | None = None
    ctf: Tensor | None = None
    pose: Tensor | None = None
    moments: PixelMoments | None = None
    clean: Tensor | None = None
    noise_power: Tensor | None = None

    def __len__(self) -> int:
        """Return the number of observations."""
        return int(self.index.shape[0])

    @property
    def is_particle(self) -> bool:
        """Whether any cryo-EM metadata is known; then the origin is pixel D/2, else the middle of the array."""
        return self.shift_px is not None or self.ctf is not None or self.pose is not None

    def with_(self, **changes: Any) -> Self:
        """Return a copy in which the named fields are replaced; the original is never changed."""
        return replace(self, **changes)

    def select(self, rows: Tensor) -> Self:
        """Return the observations at the given positions of the batch."""
        return self._mapped(lambda values: values[rows])

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> Self:
        """Return the batch with every tensor on a device; without waiting for it, where tensors are ``pinned``."""
        return self._mapped(lambda values: values.to(device, non_blocking=non_blocking))

    def pinned(self) -> Self:
        """Return a copy in memory that a GPU can fetch by itself."""
        return self._mapped(lambda values: values.pin_memory())

    def _mapped(self, change: Callable[[Tensor], Tensor]) -> Self:
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {name: change(value) for name, value in held.items() if isinstance(value, Tensor)}
        return replace(self, **changed)


@dataclass(frozen=True)
class Posterior:
    """What an encoder says of each image: mu ``b d`` and logvar ``b d``; None for a deterministic encoder."""

    mu: Tensor
    logvar: Tensor | None = None


class Stack(Protocol):
    """A set of observations that is read lazily, by position.

    ``index[i]`` is the stack row of position ``i``; ``image_shape`` is ``(y, x)``, with a leading tilt or colour axis
    where there is one; ``apix`` is in angstrom per pixel, None where unknown; ``files`` are what is
    hashed for provenance.
    """

    index: np.ndarray
    image_shape: tuple[int, ...]
    apix: float | None
    files: tuple[str, ...]

    def read(self, positions: np.ndarray) -> ImageBatch:
        """Read the observations at these positions (0 .. len(index) - 1), as float32, on the CPU."""
        ...


class Encoder(Protocol):
    """Anything that turns observations into latents."""

    latent_dim: int

    def encode(self, batch: ImageBatch) -> Posterior:
        """Return the posterior of each observation, on the batch's device, without gradients."""
        ...


@runtime_checkable
class Decoder(Protocol):
    """A capability some encoders have: from a latent back to a volume."""

    def decode_volume(self, z: np.ndarray, box: int | None = None) -> np.ndarray:
        """Return the volume ``z y x`` (float32) at latent ``z`` (``d``); ``box`` asks for a smaller one."""
        ...


@runtime_checkable
class BatchDecoder(Decoder, Protocol):
    """A decoder that takes less time for several latents together than one after the other."""

    def decode_volumes(self, zs: np.ndarray, box: int | None = None) -> Iterator[np.ndarray]:
        """Yield what ``decode_volume`` returns at each latent of ``zs`` (``m d``), in their order, few in memory."""
        ...


@runtime_checkable
class Renderer(Protocol):
    """A capability some encoders have: from a latent back to the image that the decoder expects, and its likelihood.

    ``noise_model`` says in words which noise the decoder's likelihood assumes, and where its size comes from.
    """

    noise_model: str

    def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
        """Return noise-free images ``b y x`` for latents ``b d``, in the pixels of ``batch.images``.

        Seen from each observation's own pose, at its own translation and under its own CTF.
        """
        ...

    def simulate(self, batch: ImageBatch, z: Tensor, *, seed: int) -> Tensor:
        """Return ``render`` plus the noise of the decoder's own likelihood, drawn by (seed, index): ``b y x``."""
        ...

    def elbo(self, batch: ImageBatch, q: Posterior, *, seed: int) -> Tensor:
        """Return the evidence lower bound of each image under a posterior, ``b`` nats, but for a constant.

        The expectation over z is taken at draws that depend on (seed, index) alone, so that two posteriors of one image
        are compared at the same draws.
        """
        ...


@runtime_checkable
class SymmetricEncoder(Protocol):
    """A capability some encoders have: to say what symmetric copies of observations would get, without making them.

    ``knows_symmetries``: whether this one has it.
    """

    knows_symmetries: bool

    def encode_symmetric(self, batch: ImageBatch, symmetries: Sequence[Symmetry]) -> list[Posterior]:
        """Return, for each symmetry, the posteriors of the whole observations after it: pixels and metadata."""
        ...


@runtime_checkable
class Reinitializable(Protocol):
    """A capability some encoders have: the same architecture with fresh weights."""

    def untrained(self, seed: int) -> Encoder:
        """Return a new encoder of the same architecture with weights drawn from a seed."""
        ...


class Transform(Protocol):
    """A change of the whole observation; a frozen dataclass whose fields are its specification."""

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:
        """Return the moved observations; the input is left as it is."""
        ...

    def __str__(self) -> str:
        """Return the canonical specification: the shortest that parses back to an equal transform."""
        ...
