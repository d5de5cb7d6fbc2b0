"""Several transforms, one after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from encaudit.draws import repeat_seed
from encaudit.errors import InputError
from encaudit.transforms.identity import Identity
from encaudit.transforms.spec import SpecTransform

if TYPE_CHECKING:
    from encaudit.types import ImageBatch


@dataclass(frozen=True)
class Chain(SpecTransform):
    """Apply two or more transforms from left to right (``roll1+rot90``); chains inside it are flattened.

    At most one permutation, which the pass carries out last wherever it stands, and at most one ``untrained``,
    which comes first. What takes the place of the image (``renoise``) comes once, before all other transforms of it.
    Raises InputError otherwise.
    """

    parts: tuple[SpecTransform, ...]

    def __post_init__(self) -> None:
        """Flatten, and refuse what cannot be carried out."""
        parts = tuple(part for outer in self.parts for part in (outer.parts if isinstance(outer, Chain) else (outer,)))
        object.__setattr__(self, "parts", parts)
        if len(parts) < 2:
            raise InputError(
                f"A chain joins at least two transforms; found {len(parts)}. Type for example roll1+rot90."
            )
        for acts_on in ("run", "encoder"):
            alike = [str(part) for part in parts if part.acts_on == acts_on]
            if len(alike) > 1:
                raise InputError(f"{self} has {len(alike)} times {alike[0]}, which a chain may hold once. Leave one.")
        replacing = [part for part in parts if part.comes_first]
        if len(replacing) > 1:
            twice = replacing[0].name
            raise InputError(f"{self} has {len(replacing)} times {twice}, which a chain may hold once. Leave one.")
        in_order = "+".join(map(str, sorted(parts, key=lambda part: (part.acts_on != "encoder", not part.comes_first))))
        if any(part.acts_on == "encoder" for part in parts[1:]):
            raise InputError(f"untrained comes first in a chain; found {self}. Type {in_order}.")
        of_images = [part for part in parts if part.acts_on == "image"]
        if replacing and replacing[0] is not of_images[0]:
            raise InputError(
                f"{replacing[0].name} takes the place of the image, so it comes before what moves it; found {self}. "
                f"Type {in_order}."
            )

    def __call__(self, batch: ImageBatch, *, seed: int) -> ImageBatch:
        """Return the observations after all parts."""
        seen: Counter[type[SpecTransform]] = Counter()
        for part in self.parts:
            batch = part(batch, seed=repeat_seed(seed, seen[type(part)]))
            seen[type(part)] += 1
        return batch

    @property
    def needs(self) -> frozenset[str]:
        """What any part needs."""
        return frozenset().union(*(part.needs for part in self.parts))

    def covers(self, index: np.ndarray) -> np.ndarray:
        """Which of these stack rows do all parts cover?"""
        covered = np.ones(len(index), dtype=bool)
        for part in self.parts:
            covered &= part.covers(index)
        return covered

    def check(self, batch: ImageBatch) -> None:
        """Refuse images that lack something a part needs (InputError, naming the part)."""
        for part in self.parts:
            part.check(batch)

    def __str__(self) -> str:
        """Return the canonical specs of the parts, joined."""
        return "+".join(map(str, self.parts))


class Split(NamedTuple):
    """A transform, sorted by who carries it out."""

    per_image: SpecTransform
    permutes: bool
    untrained: bool


def join(*parts: SpecTransform) -> SpecTransform:
    """Return one transform for any number of them: none is the identity, one is itself.

    The identity does nothing among others and is dropped: ``identity+roll1`` would be no name of a probe.
    """
    kept = tuple(part for part in parts if not isinstance(part, Identity))
    if len(kept) > 1:
        return Chain(kept)
    return kept[0] if kept else Identity()


def split_chain(transform: SpecTransform) -> Split:
    """What must the pass do beside transforming images? Take ``permutation`` and ``untrained`` out of a transform.

    ``per_image`` is what is left (Identity if nothing). ``permutes``: gather the latents by ``derangement`` afterwards;
    ``untrained``: encode with fresh weights.
    """
    parts = transform.parts if isinstance(transform, Chain) else (transform,)
    acts_on = {part.acts_on for part in parts}
    per_image = join(*(part for part in parts if part.acts_on == "image"))
    return Split(per_image, "run" in acts_on, "encoder" in acts_on)
