"""A lookup table of images of digits, beside the decoder of encaudit's own VAE."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from encaudit.encoders.table import RenderingTable, table_of
from encaudit.encoders.vae import KIND, VERSION, VaeEncoder, vae_from_checkpoint


class ImageTable(RenderingTable):
    """A table beside an ``ImageVAE``, whose encoder was not trained and is not asked."""

    def __init__(self, path: Path, content: Mapping[str, Any], device: torch.device | str = "cpu") -> None:
        """Build it from a loaded checkpoint; InputError for a damaged one."""
        of_network = {**content, "encaudit": {"kind": KIND, "version": VERSION}}
        self._vae: VaeEncoder = vae_from_checkpoint(of_network, device=device)
        super().__init__(table_of(path, content), self._vae, device)

    def decode(self, z: Tensor) -> Tensor:
        """Return the images ``b y x`` in [0, 1] at latents ``z``, ``b d``."""
        return self._vae.decode(z)
