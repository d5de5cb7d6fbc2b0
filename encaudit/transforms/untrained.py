"""The untrained encoder: a control of the encoder, listed with the transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from encaudit.transforms.spec import Deterministic

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Untrained(Deterministic):
    """How would the same architecture answer before it learned anything?

    The observation stays as it is; the pass encodes it with fresh weights (``split_chain`` tells it so). In a chain
    it comes first: ``untrained+roll1`` is the answer of the untrained encoder to roll1.
    """

    name = "untrained"
    example = "untrained"
    acts_on = "encoder"

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the observations as they are."""
        return batch
