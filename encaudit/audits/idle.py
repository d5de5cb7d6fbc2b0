"""Does each transform do something to these images? One that does not would be judged invariant."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from encaudit.errors import InputError
from encaudit.images import unusable
from encaudit.images.unusable import spread
from encaudit.probe.moving import moved_by
from encaudit.transforms import Chain, SpecTransform, split_chain
from encaudit.transforms.identity import Identity
from encaudit.transforms.rotation import DFANG
from encaudit.transforms.translation import Roll, Shift
from encaudit.types import ImageBatch, PixelMoments, Stack

LOOKED_AT = 8  # images
ROUNDING = 1e-5  # of the spread of an image, or of what is told of it
FLOAT_ROUNDING = 1e-6  # of the largest pixel: what float32 does to a bright, flat image
HALF_A_TURN = 180.0  # after which astigmatism repeats


def refuse_idle(transforms: Sequence[SpecTransform], stack: Stack, seed: int) -> None:
    """Raise ``InputError`` for a transform that gives the first usable images back as they are, with all metadata.

    And for a roll or shift by the whole box or more, by which content comes back. Not asked are the identity, what
    changes who is compared (permutation, ``untrained``), and what puts another image in the place of each (renoise).
    """
    for transform in transforms:
        _refuse_beyond_the_box(transform, stack.image_shape)
    acting = [one for one in transforms if _acts_on_images(one)]
    batch = _first_usable(stack) if acting else None
    if batch is None:
        return  # none can be used, which the pass says in its own words
    for transform in acting:
        alone = split_chain(transform).per_image
        alone.check(batch)
        if _alike(batch, moved_by(alone, batch, seed)):
            raise InputError(
                f"{transform} does nothing to these images of {_times(stack.image_shape)} pixels: each comes out as it "
                "went in, and its latent would stay where it is whatever the encoder has learned. Leave it out, or "
                "choose another strength."
            )


def _acts_on_images(transform: SpecTransform) -> bool:
    split = split_chain(transform)
    replaces = any(part.comes_first or {"clean", "noise_power"} & part.needs for part in _parts(transform))
    return not (split.permutes or replaces or isinstance(split.per_image, Identity))


def _parts(transform: SpecTransform) -> tuple[SpecTransform, ...]:
    return transform.parts if isinstance(transform, Chain) else (transform,)


def _refuse_beyond_the_box(transform: SpecTransform, shape: Sequence[int]) -> None:
    rows, columns = shape[-2:]
    for part in _parts(transform):
        if not isinstance(part, Roll | Shift):
            continue
        for axis, pixels, box in (("dx", part.dx, columns), ("dy", part.dy, rows)):
            if abs(pixels) >= box:
                short = float(np.fmod(pixels, box)) + 0.0  # without the sign of -0
                raise InputError(
                    f"{part} moves images of {_times(shape)} pixels by {abs(pixels):g}: content comes back, and a "
                    f"{part.name} by {pixels:g} of {box} pixels is one by {short:g}. Give {axis} less than {box}."
                )


def _first_usable(stack: Stack) -> ImageBatch | None:
    """Return the first images that are neither constant nor broken, None where there are none."""
    found: list[int] = []
    for start in range(0, len(stack.index), LOOKED_AT):
        positions = np.arange(start, min(start + LOOKED_AT, len(stack.index)))
        bad = {position for position, _ in unusable(stack.read(positions).images)}
        found += [int(positions[row]) for row in range(len(positions)) if row not in bad]
        if len(found) >= LOOKED_AT:
            break
    if not found:
        return None
    return stack.read(np.array(found[:LOOKED_AT])).with_(moments=PixelMoments(0.0, 1.0))


def _alike(before: ImageBatch, after: ImageBatch) -> bool:
    """Whether pixels and all metadata are the same, but for rounding."""
    size = before.images.abs().flatten(1).amax(dim=1)
    tolerance = torch.maximum(ROUNDING * spread(before.images), FLOAT_ROUNDING * size)
    largest = (after.images - before.images).abs().flatten(1).amax(dim=1)
    if not bool((largest <= tolerance).all()):
        return False
    if not (_same(before.shift_px, after.shift_px) and _same(before.pose, after.pose)):
        return False
    if before.ctf is None or after.ctf is None:
        return before.ctf is after.ctf
    turned = torch.remainder(after.ctf[..., DFANG] - before.ctf[..., DFANG] + HALF_A_TURN / 2, HALF_A_TURN)
    rest = [column for column in range(before.ctf.shape[-1]) if column != DFANG]
    at_rest = bool(((turned - HALF_A_TURN / 2).abs() <= ROUNDING * HALF_A_TURN).all())
    return at_rest and _same(before.ctf[..., rest], after.ctf[..., rest], relative=1e-6)


def _same(before: Tensor | None, after: Tensor | None, relative: float = ROUNDING) -> bool:
    if before is None or after is None:
        return before is after
    return torch.allclose(before, after, rtol=relative, atol=ROUNDING)


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape[-2:]))
