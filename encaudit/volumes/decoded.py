"""Decoded volumes: checked, and kept where there is room."""

import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from encaudit.errors import InputError

if TYPE_CHECKING:
    from encaudit.types import Decoder

LEAST_BOX = 6


class DecodedVolumes:
    """Volumes by their latent, each decoded once and kept on disk: a hundred of them would not fit in memory."""

    def __init__(self, decoder: "Decoder", box: int | None, on_decoded: Callable[[int], None]) -> None:
        self.box = 0
        self._decoder, self._asked, self._on_decoded = decoder, box, on_decoded
        self._kept: dict[bytes, np.ndarray] = {}

    def of(self, z: np.ndarray) -> np.ndarray:
        """Return the volume ``z y x`` (float32, read-only) at a latent ``d``."""
        if z.tobytes() not in self._kept:
            self._keep(z, self.fresh(z))
        return self._kept[z.tobytes()]

    def prepare(self, zs: np.ndarray) -> None:
        """Decode the volumes at latents ``m d`` that are not kept yet: together, if the decoder gains from it."""
        from encaudit.types import BatchDecoder  # imports torch

        missing = {z.tobytes(): z for z in zs if z.tobytes() not in self._kept}
        if missing and isinstance(self._decoder, BatchDecoder):
            latents = np.stack([*missing.values()])
            for z, volume in zip(latents, self._decoder.decode_volumes(latents, self._asked), strict=True):
                self._keep(z, self._checked(volume, z))
        for z in missing.values():
            self.of(z)

    def fresh(self, z: np.ndarray) -> np.ndarray:
        """Return the volume at a latent, decoded now."""
        return self._checked(self._decoder.decode_volume(z, self._asked), z)

    def _keep(self, z: np.ndarray, volume: np.ndarray) -> None:
        self._kept[z.tobytes()] = _on_disk(volume)
        self._on_decoded(len(self._kept))

    def _checked(self, returned: np.ndarray, z: np.ndarray) -> np.ndarray:
        volume = np.asarray(returned, dtype=np.float32)
        side = volume.shape[0]
        if volume.shape != (side, side, side) or side % 2 or side < LEAST_BOX:
            raise InputError(
                f"The decoder returned a volume of shape {volume.shape}; Fourier shell correlation needs a cube with "
                f"an even side of at least {LEAST_BOX}. Choose another --volume-box, or skip them with --volumes 0."
            )
        if not np.isfinite(volume).all() or np.ptp(volume) == 0:
            raise InputError(
                f"The decoder returned a constant or non-finite volume at z = {np.array2string(z, precision=3)}; "
                "expected a density. Skip the volumes with --volumes 0."
            )
        self.box = side
        return volume


def _on_disk(volume: np.ndarray) -> np.ndarray:
    # The mapping outlives the file handle, and the space is given back with the mapping.
    with tempfile.TemporaryFile() as file:
        kept = np.memmap(file, dtype=np.float32, mode="w+", shape=volume.shape)
    kept[:] = volume
    kept.flags.writeable = False
    return kept
