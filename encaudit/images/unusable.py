"""Which images cannot be encoded, and why?"""

import torch
from torch import Tensor


def unusable(images: Tensor) -> list[tuple[int, str]]:
    """Return (position in the batch, reason) of images with pixels that are not finite, and of constant images.

    ``images``: ``b ...``; for tilt series and colour, all of one observation counts as its image.
    """
    if not len(images):
        return []
    flat = images.flatten(1)
    lowest, highest = torch.aminmax(flat, dim=1)  # NaN and infinity show in the extremes
    suspect = ~(torch.isfinite(lowest) & torch.isfinite(highest) & (lowest < highest))
    return [(int(position), _reason(flat[position])) for position in suspect.nonzero().flatten()]


def _reason(pixels: Tensor) -> str:
    bad = int((~torch.isfinite(pixels)).sum())
    if bad:
        return "1 pixel is not finite" if bad == 1 else f"{bad} pixels are not finite"
    return f"all pixels are {float(pixels[0]):g}"
