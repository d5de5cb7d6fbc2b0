"""Change the contrast and the brightness of the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from encaudit.transforms.spec import Deterministic

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Contrast(Deterministic):
    """Does the encoder mistake ice thickness or dose for structure? gain x image + offset x std(image).

    ``gain`` multiplies; ``offset`` is in units of the standard deviation of each image (each tilt, each colour).
    Defaults are the neutral 1 and 0; the bare ``contrast`` stands for gain 1.1.

    Source: ours.
    """

    name = "contrast"
    example = "contrast:gain=1.1,offset=0"
    strengths = ("gain", "offset")
    bare: ClassVar[Mapping[str, float]] = {"gain": 1.1}

    gain: float = 1.0
    offset: float = 0.0

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the observations with changed contrast."""
        images = batch.images * self.gain
        if self.offset:
            images = images + self.offset * batch.images.std((-2, -1), correction=0, keepdim=True)
        return batch.with_(images=images)
