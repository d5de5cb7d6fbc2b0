"""The untrained encoder: a control of the encoder, listed with the transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from encaudit.transforms.spec import SpecTransform

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Untrained(SpecTransform):
    """How would the same architecture answer before it learned anything?

    The observation stays as it is; the pass encodes it with fresh weights (``split_chain`` tells it so). In a chain
    it comes first: ``untrained+roll1`` is the answer of the untrained encoder to roll1.
    """

    name = "untrained"
    example = "untrained"
    acts_on = "encoder"

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:  # noqa: ARG002 (the protocol has a seed)
        """Return the observations as they are."""
        return batch
