"""One transform of one batch; what a plug-in's does wrong is one sentence."""

from encaudit.encoders.their_code import their_code
from encaudit.errors import EncauditError, InputError
from encaudit.transforms import TRANSFORMS, Chain, SpecTransform
from encaudit.types import ImageBatch

OURS = "encaudit.transforms."


def moved_by(transform: SpecTransform, batch: ImageBatch, seed: int) -> ImageBatch:
    """Return the moved observations; InputError where the transform of a plug-in raises, or loses images."""
    parts = transform.parts if isinstance(transform, Chain) else (transform,)
    if all(type(part).__module__.startswith(OURS) for part in parts):
        return transform(batch, seed=seed)
    whose = _whose(transform, parts)
    with their_code(whose, passing=EncauditError):
        moved = transform(batch, seed=seed)
    if not isinstance(moved, ImageBatch) or moved.images.shape != batch.images.shape:
        found = _times(moved) if isinstance(moved, ImageBatch) else f"a {type(moved).__name__}"
        raise InputError(f"{whose} returned {found} for {_times(batch)}; expected one for each.")
    return moved


def _whose(transform: SpecTransform, parts: tuple[SpecTransform, ...]) -> str:
    """Name the transform, and the distributions that its parts come from."""
    theirs = [(part.name, origin) for part in parts if (origin := TRANSFORMS.origin(part.name))]
    if len(parts) == 1:
        return " ".join([f"The transform {transform}", *(origin for _, origin in theirs)])
    return f"The transform {transform}, with {' and '.join(f'{name} {origin}' for name, origin in theirs)},"


def _times(batch: ImageBatch) -> str:
    return f"images of shape {' x '.join(map(str, batch.images.shape))}"
