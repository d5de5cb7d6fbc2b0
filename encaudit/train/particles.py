"""The images of a run as cryoDRGN compares them, prepared once and kept in memory with their poses and CTFs."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.errors import InputError
from encaudit.types import ImageBatch, Stack

IMAGES_AT_ONCE = 500
NAMED = 10

OnProgress = Callable[[int, int], None]


class Particles:
    """n images as centred, normalized Hartley coefficients at the points of a mask (``n m`` float32, on the CPU).

    Only points that somebody looks at are kept, so that this is less than the pixels. ``side`` is that of the lattice,
    the box plus one.
    """

    def __init__(
        self, coefficients: Tensor, mask: Tensor, index: np.ndarray, ctf: Tensor | None, rotation: Tensor, side: int
    ) -> None:
        self._coefficients, self._mask = coefficients, mask
        self.index = index
        self.ctf, self.rotation = ctf, rotation
        self.side = side
        self.device = mask.device

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.index)

    def on_lattice(self, positions: Tensor) -> Tensor:
        """Return images as the D+1 x D+1 coefficients that cryoDRGN's functions take, ``b y x``; 0 off the mask."""
        return scattered(self._coefficients[positions].to(self.device), self._mask, self.side)

    def acquired(self, positions: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the rotations ``b 3 3`` and the CTF parameters ``b 8`` (None without) of images."""
        here = positions.to(self.device)
        return self.rotation[here], None if self.ctf is None else self.ctf[here]


def scattered(coefficients: Tensor, mask: Tensor, side: int) -> Tensor:
    """Return coefficients ``b m`` in their places on the lattice, ``b y x``."""
    lattice = coefficients.new_zeros(len(coefficients), side**2)
    lattice[:, mask] = coefficients
    return lattice.view(-1, side, side)


def prepare(stack: Stack, frame: CryodrgnFrame, mask: Tensor, on_progress: OnProgress = lambda *_: None) -> Particles:
    """Read and prepare every image of a stack; InputError without poses, and for images that are not finite numbers."""
    n, box = len(stack.index), frame.box
    if tuple(stack.image_shape) != (box, box):
        raise InputError(f"The images are {' x '.join(map(str, stack.image_shape))}; expected {box} x {box} pixels.")
    first = stack.read(np.arange(1))
    if first.pose is None:
        raise InputError("The decoder needs to know from where each particle is seen. Give its poses with --poses.")
    coefficients = torch.empty(n, int(mask.sum()))
    rotation = torch.empty(n, 3, 3)
    ctf = None if first.ctf is None else torch.empty(n, 8)
    for start in range(0, n, IMAGES_AT_ONCE):
        batch = stack.read(np.arange(start, min(start + IMAGES_AT_ONCE, n)))
        rows = slice(start, start + len(batch))
        coefficients[rows] = _finite(frame.coefficients(batch.to(mask.device), mask), batch).cpu()
        assert batch.pose is not None
        rotation[rows] = batch.pose
        if ctf is not None and batch.ctf is not None:
            ctf[rows] = batch.ctf
        on_progress(start + len(batch), n)
    device = mask.device
    return Particles(
        coefficients, mask, stack.index, None if ctf is None else ctf.to(device), rotation.to(device), frame.lattice.D
    )


def _finite(coefficients: Tensor, batch: ImageBatch) -> Tensor:
    finite = torch.isfinite(coefficients).all(dim=1).cpu()
    if not finite.all():
        bad = batch.index[~finite].tolist()
        named = ", ".join(map(str, bad[:NAMED]))
        raise InputError(
            f"{len(bad)} images have pixels that are not finite numbers, in rows {named} of the stack: one of them "
            "would spoil the network. Leave them out with --ind."
        )
    return coefficients
