"""What the encoder sees: the image itself, the image moved, or an evil twin in its place."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from encaudit.draws import generator
from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.errors import InputError
from encaudit.train.objective import Step
from encaudit.train.particles import Particles, scattered
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch

ROLL_PX = 2  # either way, in x and in y
AUGMENTATIONS = ("roll", "rotate")


class View(Protocol):
    """What stands before the encoder for each image, ready for it: centred, and its phases flipped.

    ``twins``: whether that is something else than the image, the same in every epoch.
    """

    twins: bool

    def seen(self, positions: Tensor, whose: Tensor, step: Step | None) -> Tensor | None:
        """Return what the encoder is given for the images at ``positions``, ``b y x``; None for the images themselves.

        ``whose`` are the positions whose view it is: the same, but where twins are exchanged to see what that does.
        ``step`` is None outside of training, where nothing is moved.
        """
        ...


class CtfSign(Protocol):
    """The sign of the CTF on the lattice."""

    def __call__(self, parameters: Tensor) -> Tensor:
        """Return -1 and 1, ``b y x``, for CTF parameters ``b 8``."""
        ...


class OwnImage:
    """The encoder sees the image: a VAE. cryoDRGN's own function then flips the phases."""

    twins = False

    def seen(self, positions: Tensor, whose: Tensor, step: Step | None) -> None:
        """Return nothing: the image is what is compared."""


class TwinImage:
    """The encoder sees another image, or noise: ``twin_of[i]`` is the place among the images of ``shown`` of i's twin.

    The twin is centred by its own translation. ``ctf`` says by which CTF its phases are flipped: its "own", that of the
    "target" in whose place it stands (as in the paper, where that told the encoder something of the target), or "none".
    """

    twins = True

    def __init__(self, shown: Particles, twin_of: np.ndarray, sign: CtfSign, ctf: str) -> None:
        self._shown, self._twin_of, self._of_target = shown, torch.from_numpy(twin_of), ctf == "target"
        # Signs are kept, a byte a coefficient: working them out again would cost as much as the rest of the encoder.
        self._signs = None if ctf == "none" else shown.signs(sign)

    def seen(self, positions: Tensor, whose: Tensor, step: Step | None) -> Tensor:  # noqa: ARG002 (its twins are the same in every epoch)
        """Return the twins of ``whose``."""
        twins = self._twin_of[whose]
        flips = None if self._signs is None else self._signs[positions if self._of_target else twins]
        return self._shown.on_lattice(twins, flips)


class MovedImage:
    """The encoder sees the image moved, in each batch in another way, while the loss stays one against the image.

    The moves are those that `encaudit probe` asks about, and the pose that the decoder is given stays: what the encoder
    shall learn is to give the moved image the latent that explains the image.

    - ``roll``: by up to ROLL_PX whole pixels, stored translation unchanged (the probe's frame raw): the particle is off
      its centre, as after a small error of alignment.
    - ``rotate``: by any angle, with translation and astigmatism (the probe's frame covariant): the encoder sees the
      particle well centred and its phases rightly flipped, only turned.

    One draw for a batch, keyed by (seed, epoch, batch).
    """

    twins = False

    def __init__(
        self, raw: ImageBatch, frame: CryodrgnFrame, mask: Tensor, sign: CtfSign, names: tuple[str, ...], seed: int
    ) -> None:
        self._raw, self._frame, self._mask, self._sign = raw, frame, mask, sign
        self._names, self._seed = names, seed

    def seen(self, positions: Tensor, whose: Tensor, step: Step | None) -> Tensor | None:  # noqa: ARG002 (it moves the image itself, whosever twin was asked for)
        """Return the moved images; the images themselves outside of training."""
        if step is None:
            return None
        move = parse_transform(drawn_move(self._names, self._seed, step.epoch, step.batch))
        moved = move(self._raw.select(positions).to(self._mask.device), seed=self._seed)
        images = scattered(self._frame.coefficients(moved, self._mask), self._mask, self._frame.lattice.D)
        return images if moved.ctf is None else images * self._sign(moved.ctf)


def drawn_move(names: tuple[str, ...], seed: int, epoch: int, batch: int) -> str:
    """Return how the images of a batch are moved, as a transform's spec."""
    stream = generator(seed, f"moves of epoch {epoch}", batch)
    degrees = stream.uniform(0, 360)
    right, down = stream.integers(-ROLL_PX, ROLL_PX, endpoint=True, size=2)
    drawn = {"rotate": f"rotate:deg={degrees:.4f}", "roll": f"roll:dx={right},dy={down}"}
    return "+".join(drawn[name] for name in AUGMENTATIONS[::-1] if name in names)


def augmentations(text: str | None) -> tuple[str, ...] | None:
    """Return the moves of "roll,rotate"; None for None. InputError for others."""
    if text is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in AUGMENTATIONS:
            raise InputError(f"--augment {text}: expected {' or '.join(AUGMENTATIONS)}, or both with a comma.")
    return names
