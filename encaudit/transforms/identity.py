"""The identity: the floor of every measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from encaudit.transforms.spec import Deterministic

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Identity(Deterministic):
    """Does the audit itself move anything? The observation as it is; every displacement has to be exactly 0."""

    name = "identity"
    example = "identity"

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the observations as they are."""
        return batch
