"""Mirror the images: left becomes right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from encaudit.symmetry import Symmetry
from encaudit.transforms.rotation import DFANG
from encaudit.transforms.spec import Deterministic

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Mirror(Deterministic):
    """Does the encoder know left from right? The x axis reversed.

    - ``covariant``: about pixel D/2, with tx -> -tx and astigmatism angle -> -angle where they are known.
    - ``centred``: the pixels alone, about pixel D/2.
    - ``array``: the pixels alone, about the middle of the array: one pixel further left in even boxes.

    The pose stays: the mirror image of a chiral particle is no projection of it from any side, so no pose is right.
    Do not read the decoder's loss of a mirrored image as the encoder's fault. Images without any metadata are
    mirrored about the middle of the array in all frames.

    Source: ours.
    """

    name = "mirror"
    example = "mirror or mirror:frame=array"

    frame: Literal["covariant", "centred", "array"] = "covariant"

    @property
    def symmetry(self) -> Symmetry | None:
        """The mirror, in the covariant frame."""
        return Symmetry(0, mirrored=True) if self.frame == "covariant" else None

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the mirrored observations."""
        images = batch.images.flip(-1)
        if batch.is_particle and self.frame != "array" and images.shape[-1] % 2 == 0:
            images = images.roll(1, -1)
        shift_px, ctf = batch.shift_px, batch.ctf
        if self.frame == "covariant" and shift_px is not None:
            shift_px = shift_px * shift_px.new_tensor([-1, 1])
        if self.frame == "covariant" and ctf is not None:
            ctf = ctf.clone()
            ctf[..., DFANG] *= -1
        return batch.with_(images=images, shift_px=shift_px, ctf=ctf)
