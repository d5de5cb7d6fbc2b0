"""Particles without stored translations, for an encoder that has an origin all the same."""

import numpy as np
import torch

from encaudit.types import ImageBatch, Stack


class CentredStack:
    """A stack whose images are taken to be centred: translations of zero where it states none.

    For cryoDRGN "no translations" and "zero translations" are the same input, about the same origin, pixel D/2. Saying
    so lets rotations turn about that origin, and covariant rolls undo themselves.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.index = stack.index
        self.image_shape = stack.image_shape
        self.apix = stack.apix
        self.files = stack.files

    def read(self, positions: np.ndarray) -> ImageBatch:
        """Read the observations at these positions, each with a translation."""
        batch = self._stack.read(positions)
        if batch.shift_px is not None:
            return batch
        return batch.with_(shift_px=torch.zeros(*batch.images.shape[:-2], 2))
