"""Change the contrast and the brightness of the images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from encaudit.transforms.spec import SpecTransform

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Contrast(SpecTransform):
    """Does the encoder mistake ice thickness or dose for structure? gain x image + offset x std(image).

    ``gain`` multiplies; ``offset`` is in units of the standard deviation of each image (each tilt, each colour).
    Defaults are the neutral 1 and 0; the bare ``contrast`` stands for gain 1.1.

    Source: ours; amplitude spread of 10 % is common between the particles of one data set.
    """

    name = "contrast"
    example = "contrast:gain=1.1,offset=0"
    strengths = ("gain", "offset")
    bare = {"gain": 1.1}  # noqa: RUF012 (declared ClassVar[Mapping] by SpecTransform)

    gain: float = 1.0
    offset: float = 0.0

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:  # noqa: ARG002 (the protocol has a seed)
        """Return the observations with changed contrast."""
        images = batch.images * self.gain
        if self.offset:
            images = images + self.offset * batch.images.std((-2, -1), correction=0, keepdim=True)
        return batch.with_(images=images)
