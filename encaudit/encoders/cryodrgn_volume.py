"""cryoDRGN's volumes in less than half the time: each independent point once, its encoding shared by all latents.

A real volume says the same at k and at -k. cryoDRGN's Fourier decoder F makes it so by asking the network only at
z <= 0, but `eval_volume` asks it for both: the two Hartley coefficients Re F - Im F (at k) and Re F + Im F (at -k) come
from one answer. The first layer is affine in [encoded point; latent], so its part that depends on the point is computed
once for all latents, which each add a constant; and where each axis is encoded by itself, it is a sum of three rows of
a table.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

CHUNK = 2048  # points decoded at once: their activations stay in the processor's cache
TOGETHER = 8  # volumes that share their encoding: more would save little, and say nothing for longer
MOST_BYTES = 2**28  # of the volumes decoded together
EACH_AXIS_BY_ITSELF = ("geom_ft", "geom_full", "geom_lowf", "geom_nohighf", "linear_lowf")


@dataclass(frozen=True)
class HalfSlice:
    """Points at which the network is asked, and where its answers go in the flattened volume.

    ``points`` are ``n 3`` (x, y, z with z <= 0), in cycles per voxel of the full box; ``at`` (``n``) gets
    Re F - Im F and ``opposite`` (``n``) gets Re F + Im F. None where nothing is to be written.
    """

    points: Tensor
    at: Tensor | None
    opposite: Tensor | None

    def chunks(self, size: int) -> Iterator["HalfSlice"]:
        """Return the same, a few points at a time."""
        for start in range(0, len(self.points), size):
            few = slice(start, start + size)
            at, opposite = (None if into is None else into[few] for into in (self.at, self.opposite))
            yield replace(self, points=self.points[few], at=at, opposite=opposite)


class CryodrgnVolume:
    """Volumes of a Fourier decoder with positional encoding, on the lattice of one box.

    ``coords`` are the in-plane points ``side^2 3`` of cryoDRGN's lattice (``side`` is odd, the box + 1), which reach
    from -extent to extent. Equal to `eval_volume` up to the order of the sums in the first layer.
    """

    @torch.no_grad()
    def __init__(self, decoder: nn.Module, coords: Tensor, side: int, extent: float, *, chunk: int = CHUNK) -> None:
        held: Any = decoder
        self._decoder, self._coords, self._side, self._extent, self._chunk = held, coords, side, extent, chunk
        self._heights = np.linspace(-extent, extent, side, endpoint=True, dtype=np.float32)
        # The first layer is small: in float64 its tables are as good as exact.
        self._affine = _in_float64(held.decoder.main[0])
        self._rest: nn.Sequential = held.decoder.main[1:]
        self._of_points = self._by_table() if held.enc_type in EACH_AXIS_BY_ITSELF else self._by_encoding

    @torch.no_grad()
    def volumes(self, zs: Tensor, norm: tuple[float, float]) -> Iterator[Tensor]:
        """Yield the volume ``z y x`` at each latent of ``zs`` (``m d``), scaled by ``norm`` (mean, std) of the images.

        Those that are decoded together take no more than 256 MB, or are one.
        """
        from cryodrgn.fft import ihtn_center

        together = min(TOGETHER, max(1, MOST_BYTES // (4 * self._side**3)))
        for some in torch.split(zs, together):
            for hartley in self._hartley(some):
                yield ihtn_center((hartley * norm[1] + norm[0])[:-1, :-1, :-1])

    def _hartley(self, zs: Tensor) -> Tensor:
        """Return the Hartley coefficients ``m z y x``, zero outside the sphere."""
        found = torch.zeros(len(zs), self._side**3, device=zs.device)
        constants = [self._of_latent(z) for z in zs]  # one by one, so that no bit depends on the others
        for half in self._half_slices():
            for some in half.chunks(self._chunk):
                shared = self._of_points(some.points)
                for volume, constant in zip(found, constants, strict=True):
                    real, imaginary = self._rest(shared + constant).unbind(dim=1)
                    # The origin is its own opposite; cryoDRGN gives it Re F - Im F, so this is written last.
                    if some.opposite is not None:
                        volume[some.opposite] = real + imaginary
                    if some.at is not None:
                        volume[some.at] = real - imaginary
        return found.reshape(-1, self._side, self._side, self._side)

    def _half_slices(self) -> Iterator[HalfSlice]:
        """Yield the independent points within the sphere, from the lowest slice to the middle one."""
        side, middle = self._side, self._side // 2
        for number, height in enumerate(self._heights[: middle + 1]):
            points = self._coords + torch.tensor([0, 0, height], device=self._coords.device)
            kept = (points.pow(2).sum(dim=1) <= self._extent**2).nonzero()[:, 0]
            at = kept + number * side**2
            if number == middle and height != 0:
                # Rounding left the middle of some lattices a little off zero, and there cryoDRGN asks for every point.
                yield HalfSlice(-points[kept], None, at) if height > 0 else HalfSlice(points[kept], at, None)
                continue
            if number == middle:
                kept, at = kept[: len(kept) // 2 + 1], at[: len(kept) // 2 + 1]
            yield HalfSlice(points[kept], at, side**3 - 1 - at)

    def _of_latent(self, z: Tensor) -> Tensor:
        """Return what a latent ``d`` adds to the output of the first layer, ``h``."""
        inputs = torch.zeros(2, self._decoder.in_dim, device=z.device)
        inputs[1, self._decoder.in_dim - self._decoder.zdim :] = z
        outputs = self._affine(inputs)
        return (outputs[1] - outputs[0]).float()

    def _by_encoding(self, points: Tensor) -> Tensor:
        """Return the output of the first layer at points ``n 3`` and the latent 0, ``n h``."""
        first: nn.Module = self._decoder.decoder.main[0]
        output: Tensor = first(self._encoded(points))
        return output

    def _by_table(self) -> Callable[[Tensor], Tensor]:
        """Return the same, as a function that adds up one row for x, one for y and one for z."""
        nowhere = self._affine(self._encoded(torch.zeros(1, 3, device=self._coords.device)))
        heights = torch.tensor(self._heights, device=self._coords.device)
        tables = []
        for axis, line in enumerate((self._coords[: self._side, 0], self._coords[:: self._side, 1], heights)):
            points = torch.zeros(self._side, 3, device=line.device)
            points[:, axis] = line
            rows = self._affine(self._encoded(points)) - (nowhere if axis else 0)
            tables.append(rows.float())
        middle = self._side // 2

        def first_layer(points: Tensor) -> Tensor:
            x, y, z = (points * (middle / self._extent)).round().long().add(middle).unbind(dim=1)
            return tables[0][x].add_(tables[1][y]).add_(tables[2][z])

        return first_layer

    def _encoded(self, points: Tensor) -> Tensor:
        """Return cryoDRGN's encoding of points ``n 3`` beside the latent 0, ``n in_dim``."""
        beside = torch.zeros(len(points), self._decoder.zdim, device=points.device)
        encoded: Tensor = self._decoder.positional_encoding_geom(torch.cat([points, beside], dim=1))
        return encoded


def _in_float64(layer: nn.Module) -> Callable[[Tensor], Tensor]:
    exact = deepcopy(layer).double()
    return lambda values: exact(values.double())
