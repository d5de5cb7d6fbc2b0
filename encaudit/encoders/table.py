"""A lookup table as an encoder: the latents of an image are those stored for its stack row, whatever its pixels.

So no transform of pixels moves them: 0 by construction, which says nothing of what was learned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.weights import unusable_weight
from encaudit.errors import InputError
from encaudit.types import BatchDecoder, ImageBatch, Posterior, Renderer

TABLE = "table"
VERSION = 1


@dataclass(frozen=True)
class Table:
    """mu and logvar (``n d`` float32) of the images in stack rows ``index`` (``n`` int64)."""

    index: Tensor
    mu: Tensor
    logvar: Tensor

    def checkpoint(self) -> dict[str, Any]:
        """Return what makes a checkpoint one of a table, beside its decoder."""
        parts = {"index": self.index, "mu": self.mu, "logvar": self.logvar}
        return {
            "encaudit": {"kind": TABLE, "version": VERSION},
            "table": {name: part.detach().cpu() for name, part in parts.items()},
        }


def table_of(path: Path, content: Mapping[str, Any]) -> Table:
    """Return the table in a loaded checkpoint; InputError for one that is damaged or of another version."""
    version = content["encaudit"].get("version")
    if version != VERSION:
        raise InputError(f"{path}: a table of version {version!r}; this encaudit reads {VERSION}. Update encaudit.")
    parts = content.get("table")
    names = ("index", "mu", "logvar")
    if not isinstance(parts, Mapping) or set(names) - set(parts) or unusable_weight({n: parts[n] for n in names}):
        raise InputError(f"{path} says that it holds a table, and has none. Copy it again, or name another checkpoint.")
    index, mu, logvar = (parts[name] for name in names)
    whole = not index.is_floating_point() and index.ndim == 1 and len(index.unique()) == len(index)
    if not whole or mu.ndim != 2 or mu.shape != logvar.shape or len(mu) != len(index) or not mu.numel():
        raise InputError(
            f"{path} holds a damaged table: mu {tuple(mu.shape)}, logvar {tuple(logvar.shape)} and index "
            f"{tuple(index.shape)} do not belong together. Copy it again, or name another checkpoint."
        )
    return Table(index.long(), mu.float(), logvar.float())


class TableEncoder:
    """A table without a decoder."""

    def __init__(self, table: Table, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.latent_dim = table.mu.shape[1]
        self._mu, self._logvar = table.mu.to(self.device), table.logvar.to(self.device)
        self._place = {row: place for place, row in enumerate(table.index.tolist())}

    def encode(self, batch: ImageBatch) -> Posterior:
        """Return the rows of these images; InputError for an image that the table does not have."""
        rows = batch.index.tolist()
        unknown = [row for row in rows if row not in self._place]
        if unknown:
            raise InputError(
                f"The table has no latents of image {unknown[0]}: it was trained on {len(self._place)} others. Audit "
                "it on those, with --ind."
            )
        places = torch.tensor([self._place[row] for row in rows], dtype=torch.long, device=self.device)
        return Posterior(self._mu[places], self._logvar[places])


class RenderingTable(TableEncoder):
    """A table beside the network whose decoder was trained with it."""

    def __init__(self, table: Table, network: Renderer, device: torch.device | str = "cpu") -> None:
        super().__init__(table, device)
        self._network = network
        self.noise_model = network.noise_model

    def render(self, batch: ImageBatch, z: Tensor) -> Tensor:
        """Return what the decoder expects of each image at ``z``, ``b y x``."""
        return self._network.render(batch, z)

    def simulate(self, batch: ImageBatch, z: Tensor, *, seed: int) -> Tensor:
        """Return ``render`` plus the noise of the decoder's likelihood."""
        return self._network.simulate(batch, z, seed=seed)

    def elbo(self, batch: ImageBatch, q: Posterior, *, seed: int) -> Tensor:
        """Return the evidence lower bound of each image under ``q``, ``b`` nats, but for a constant."""
        return self._network.elbo(batch, q, seed=seed)


class VolumeTable(RenderingTable):
    """A table beside a decoder of volumes."""

    def __init__(self, table: Table, network: Renderer, volumes: BatchDecoder, device: torch.device | str) -> None:
        super().__init__(table, network, device)
        self._volumes = volumes

    def decode_volume(self, z: np.ndarray, box: int | None = None) -> np.ndarray:
        """Return the volume at one latent ``z`` (``d``), ``z y x`` float32."""
        return self._volumes.decode_volume(z, box)

    def decode_volumes(self, zs: np.ndarray, box: int | None = None) -> Iterator[np.ndarray]:
        """Yield the volume at each latent of ``zs`` (``m d``)."""
        return self._volumes.decode_volumes(zs, box)
