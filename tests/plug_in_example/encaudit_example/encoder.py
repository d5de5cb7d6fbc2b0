"""`encaudit probe moments:3 --images images.npy`, or `--encoder moments FILE` for one whose settings are in a file."""

from collections.abc import Callable

from torch import Tensor


def open_moments(told: str) -> Callable[[Tensor], Tensor]:
    """Return an encoder whose latents are the means of so many bands of rows; it is any function of images."""
    bands = int(told)

    def encode(images: Tensor) -> Tensor:
        return images.flatten(1).unflatten(1, (bands, -1)).mean(dim=2)

    return encode
