"""The images of a run as cryoDRGN compares them, prepared once and kept in memory with their poses and CTFs."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.errors import InputError
from encaudit.types import Stack

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

    def on_lattice(self, positions: Tensor, signs: Tensor | None = None) -> Tensor:
        """Return images as the D+1 x D+1 coefficients that cryoDRGN's functions take, ``b y x``; 0 off the mask.

        ``signs`` (``b m``) are multiplied in.
        """
        coefficients = self._coefficients[positions]
        flipped = coefficients if signs is None else coefficients * signs
        return scattered(flipped.to(self.device), self._mask, self.side)

    def signs(self, sign: Callable[[Tensor], Tensor]) -> Tensor | None:
        """Return the sign of each image's CTF at the points of the mask, ``n m`` int8 on the CPU; None without CTFs.

        ``sign`` gives it on the lattice, ``b y x`` for parameters ``b 8``.
        """
        if self.ctf is None:
            return None
        parts = [
            sign(some).flatten(1)[:, self._mask].to(torch.int8).cpu() for some in torch.split(self.ctf, IMAGES_AT_ONCE)
        ]
        return torch.cat(parts)

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
    finite, constant = True, True
    for start in range(0, n, IMAGES_AT_ONCE):
        batch = stack.read(np.arange(start, min(start + IMAGES_AT_ONCE, n)))
        rows = slice(start, start + len(batch))
        coefficients[rows] = frame.coefficients(batch.to(mask.device), mask).cpu()
        assert batch.pose is not None
        rotation[rows] = batch.pose
        if ctf is not None and batch.ctf is not None:
            ctf[rows] = batch.ctf
        finite &= bool(torch.isfinite(coefficients[rows]).all())
        pixels = batch.images.flatten(1)
        constant &= bool((pixels.amax(dim=1) == pixels.amin(dim=1)).all())
        on_progress(start + len(batch), n)
    if constant:
        raise InputError("Every image is of one single value: there is nothing to learn. Check the path to --images.")
    if not finite:
        refuse_not_finite(stack)
    device = mask.device
    return Particles(
        coefficients, mask, stack.index, None if ctf is None else ctf.to(device), rotation.to(device), frame.lattice.D
    )


def refuse_not_finite(stack: Stack) -> None:
    """Raise InputError naming the images that are not all finite numbers; one of them would spoil the network."""
    n = len(stack.index)
    bad: list[int] = []
    for start in range(0, n, IMAGES_AT_ONCE):
        batch = stack.read(np.arange(start, min(start + IMAGES_AT_ONCE, n)))
        bad += batch.index[~torch.isfinite(batch.images.flatten(1)).all(dim=1)].tolist()
    if bad:
        named = ", ".join(map(str, bad[:NAMED]))
        raise InputError(
            f"{len(bad)} images have pixels that are not finite numbers, in rows {named}"
            f"{' and more' if len(bad) > NAMED else ''} of the stack. Leave them out with --ind."
        )
