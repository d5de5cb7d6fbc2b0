"""One transform of one batch; what a plug-in's does wrong is one sentence."""

from encaudit.encoders.their_code import their_code
from encaudit.errors import EncauditError, InputError
from encaudit.transforms import Chain, SpecTransform
from encaudit.types import ImageBatch

OURS = "encaudit.transforms."


def moved_by(transform: SpecTransform, batch: ImageBatch, seed: int) -> ImageBatch:
    """Return the moved observations; InputError where the transform of a plug-in raises, or loses images."""
    parts = transform.parts if isinstance(transform, Chain) else (transform,)
    if all(type(part).__module__.startswith(OURS) for part in parts):
        return transform(batch, seed=seed)
    with their_code(f"The transform {transform}", passing=EncauditError):
        moved = transform(batch, seed=seed)
    if not isinstance(moved, ImageBatch) or moved.images.shape != batch.images.shape:
        found = _times(moved) if isinstance(moved, ImageBatch) else f"a {type(moved).__name__}"
        raise InputError(f"The transform {transform} returned {found} for {_times(batch)}; expected one for each.")
    return moved


def _times(batch: ImageBatch) -> str:
    return f"images of shape {' x '.join(map(str, batch.images.shape))}"
