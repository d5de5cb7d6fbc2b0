"""How many images are encoded at once, when nobody says?"""

import math

import torch

# On the CPU 8 MiB of float32: enough rows for a matrix product near full speed, and not far beyond the cache.
PIXELS_PER_BATCH = 2**21
MOST_IMAGES_CPU = 1024

# On a GPU what fits with room to spare: a quarter of the memory that is free, at 32 float32 copies of each image.
# The pass holds about 15 (two batches, the moved images, their transforms); networks of convolutions hold more.
SHARE_OF_FREE = 4
COPIES_OF_AN_IMAGE = 32
MOST_IMAGES_CUDA = 4096  # beyond this a GPU gains nothing


def images_at_once(image_shape: tuple[int, ...], device: torch.device | str) -> int:
    """Return how many images of this shape to encode at once on a device; on CUDA by its free memory, a power of two.

    A power of two, so that a little more or less of free memory gives the same batches, and with them the same bits.
    """
    pixels = math.prod(image_shape)
    if torch.device(device).type != "cuda":
        return max(1, min(MOST_IMAGES_CPU, PIXELS_PER_BATCH // pixels))
    free, _ = torch.cuda.mem_get_info(device)
    fitting = free // SHARE_OF_FREE // (4 * COPIES_OF_AN_IMAGE * pixels)
    return 1 << (max(1, min(MOST_IMAGES_CUDA, fitting)).bit_length() - 1)
