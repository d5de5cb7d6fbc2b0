"""What the encoder sees: the image itself, or an evil twin in its place, fixed for the whole run."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from encaudit.train.particles import Particles


class View(Protocol):
    """What stands before the encoder for each image, ready for it: centred, and its phases flipped."""

    def seen(self, positions: Tensor, whose: Tensor) -> Tensor | None:
        """Return what the encoder is given for the images at ``positions``, ``b y x``; None for the images themselves.

        ``whose`` are the positions whose view it is: the same, but where twins are exchanged to see what that does.
        """
        ...


class OwnImage:
    """The encoder sees the image: a VAE. cryoDRGN's own function then flips the phases."""

    def seen(self, positions: Tensor, whose: Tensor) -> Tensor | None:  # noqa: ARG002 (that is what an own image is)
        """Return nothing: the image is what is compared."""
        return None


class TwinImage:
    """The encoder sees another image, or noise: ``twins`` are n images, ``twin_of[i]`` is whose turn it is at place i.

    The twin is centred by its own translation. ``ctf`` says by which CTF its phases are flipped: its "own", that of the
    "target" in whose place it stands (as in the paper, where that told the encoder something of the target), or "none".
    """

    def __init__(self, twins: Particles, twin_of: np.ndarray, sign: "Sign", ctf: str) -> None:
        self._twins, self._twin_of = twins, torch.from_numpy(twin_of)
        self._sign, self._ctf = sign, ctf

    def seen(self, positions: Tensor, whose: Tensor) -> Tensor | None:
        """Return the twins of ``whose``."""
        twins = self._twin_of[whose]
        images = self._twins.on_lattice(twins)
        if self._ctf == "none":
            return images
        _, parameters = self._twins.acquired(twins if self._ctf == "own" else positions)
        return images if parameters is None else images * self._sign(parameters)


class Sign(Protocol):
    """The sign of the CTF on the lattice."""

    def __call__(self, parameters: Tensor) -> Tensor:
        """Return -1 and 1, ``b y x``, for CTF parameters ``b 8``."""
        ...
