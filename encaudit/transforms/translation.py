"""Move the content of the images: by whole pixels (roll) or by parts of one (shift); both wrap at the borders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from encaudit.transforms.spec import Deterministic
from encaudit.transforms.subpixel import shift_image

if TYPE_CHECKING:
    from torch import Tensor

    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Roll(Deterministic):
    """Is the encoder blind to where the particle lies? Content moved by whole pixels, wrapping.

    ``dx`` pixels to the right and ``dy`` pixels down (row 0 on top). Frame ``raw`` leaves the stored translation, so
    the particle is off centre for the encoder: the question of the paper. Frame ``covariant`` moves the translation
    along (what lies one pixel further right needs one pixel less), which has to be almost a no-op for an encoder that
    centres its input: the positive control of the whole audit.

    Raises InputError when frame is covariant and the images have no ``shift_px``.

    Source: Edelberg & Lederman 2025, figure 10 (roll1, raw).
    """

    name = "roll"
    example = "roll1, roll:dx=1,dy=-2, or shift:dx=0.5 for parts of a pixel"
    strengths = ("dx", "dy")
    glued = "dx"

    dx: int = 0
    dy: int = 0
    frame: Literal["raw", "covariant"] = "raw"

    @property
    def needs(self) -> frozenset[str]:
        """Translations, when they have to move along."""
        return frozenset({"shift_px"} if self.frame == "covariant" else ())

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the rolled observations."""
        rows, columns = batch.images.shape[-2:]
        images = batch.images.roll((self.dy % rows, self.dx % columns), (-2, -1))
        return batch.with_(images=images, shift_px=_centring(batch, self.dx, self.dy, self.frame))


@dataclass(frozen=True)
class Shift(Deterministic):
    """How far may the particle move before the encoder notices? As Roll, by any number of pixels.

    The shift is made in Fourier space, so it blurs nothing; whole pixels give exactly what Roll gives.

    Raises InputError when frame is covariant and the images have no ``shift_px``.

    Source: the shift theorem; see ``subpixel`` for the Nyquist frequency.
    """

    name = "shift"
    example = "shift:dx=0.5"
    strengths = ("dx", "dy")

    dx: float = 0.0
    dy: float = 0.0
    frame: Literal["raw", "covariant"] = "raw"

    @property
    def needs(self) -> frozenset[str]:
        """Translations, when they have to move along."""
        return frozenset({"shift_px"} if self.frame == "covariant" else ())

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the shifted observations."""
        images = shift_image(shift_image(batch.images, self.dy, -2), self.dx, -1)
        return batch.with_(images=images, shift_px=_centring(batch, self.dx, self.dy, self.frame))


def _centring(batch: ImageBatch, dx: float, dy: float, frame: str) -> Tensor | None:
    """Return the translation that centres the moved images, or the stored one in the raw frame."""
    if frame == "raw" or batch.shift_px is None:
        return batch.shift_px
    return batch.shift_px - batch.shift_px.new_tensor([dx, dy])
