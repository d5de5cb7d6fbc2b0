"""The identity: the floor of every measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from encaudit.transforms.spec import SpecTransform

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Identity(SpecTransform):
    """Does the audit itself move anything? The observation as it is; every displacement has to be exactly 0."""

    name = "identity"
    example = "identity"

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:  # noqa: ARG002 (the protocol has a seed)
        """Return the observations as they are."""
        return batch
