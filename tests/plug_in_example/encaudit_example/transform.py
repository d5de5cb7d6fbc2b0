"""`encaudit probe CKPT -t brighten:by=0.5`: a frozen dataclass, whose fields are its specification."""

from dataclasses import dataclass

from encaudit.transforms import Deterministic
from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Brighten(Deterministic):
    """Adds to every pixel."""

    name = "brighten"
    example = "brighten:by=0.5"
    strengths = ("by",)
    by: float = 0.0

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return brighter images; nothing else moves with them."""
        return batch.with_(images=batch.images + self.by)
