"""Which images cannot be encoded, and why?"""

import math

import torch
from torch import Tensor


def spread(images: Tensor) -> Tensor:
    """Return the standard deviation of the pixels of each image ``b ...``: ``b``; not finite where a pixel is not.

    A norm of what is centred: several times faster than torch's std, and as exact.
    """
    flat = images.flatten(1)
    norms: Tensor = torch.linalg.vector_norm(flat - flat.mean(dim=1, keepdim=True), dim=1)
    return norms / math.sqrt(flat.shape[1])


def unusable(images: Tensor, spreads: Tensor | None = None) -> list[tuple[int, str]]:
    """Return (position in the batch, reason) of images with pixels that are not finite, and of constant images.

    ``images``: ``b ...``; for tilt series and colour, all of one observation counts as its image. ``spreads`` (``b``)
    are their ``spread``, if it is known already.
    """
    if not len(images):
        return []
    flat = images.flatten(1)
    spreads = spread(images) if spreads is None else spreads
    # Rounding leaves constant images a little spread, and the squares of huge pixels are infinite: these are looked at.
    usual = torch.isfinite(spreads) & (spreads > 1e-4 * flat[:, 0].abs())
    suspects = (~usual).nonzero().flatten()
    return [(int(position), reason) for position in suspects if (reason := _reason(flat[position])) is not None]


def _reason(pixels: Tensor) -> str | None:
    bad = int((~torch.isfinite(pixels)).sum())
    if bad:
        return "1 pixel is not finite" if bad == 1 else f"{bad} pixels are not finite"
    return f"all pixels are {float(pixels[0]):g}" if bool((pixels == pixels[0]).all()) else None
