"""Turn the images in their plane, clockwise with row 0 on top: exactly by quarters, or by any angle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from encaudit.errors import InputError
from encaudit.symmetry import Symmetry
from encaudit.transforms.spec import Deterministic
from encaudit.transforms.subpixel import shift_lines

if TYPE_CHECKING:
    from torch import Tensor

    from encaudit.types import ImageBatch

DFANG = 3  # column of ImageBatch.ctf


@dataclass(frozen=True)
class QuarterTurn(Deterministic):
    """Does the encoder know a particle by its orientation in the plane? Turned by quarters, without interpolation.

    - ``covariant``: the whole observation turns, about the origin of cryo-EM software (pixel D/2): pixels, the
      translation, the astigmatism angle and the pose, whichever are known. The honest question.
    - ``centred``: the pixels alone, about pixel D/2.
    - ``array``: ``torch.rot90``, about (D - 1)/2: in even boxes a turn *and* a shift by one pixel. What the paper did.

    Odd boxes have one middle, so there centred is array. Images without any metadata (MNIST) have no other origin than
    the middle of the array: all frames are the array rotation. Raises InputError for quarter turns of oblong images.

    Source: Edelberg & Lederman 2025, figure 11 (rot90, array); the frames are ours.
    """

    quarters: ClassVar[int]  # clockwise

    frame: Literal["covariant", "centred", "array"] = "covariant"

    @property
    def symmetry(self) -> Symmetry | None:
        """A turn, in the covariant frame."""
        return Symmetry(self.quarters) if self.frame == "covariant" else None

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the turned observations."""
        images = quarter_turned(batch.images, self.quarters, batch.is_particle and self.frame != "array")
        turned = batch.with_(images=images)
        return turned_metadata(turned, 90.0 * self.quarters) if self.frame == "covariant" else turned


@dataclass(frozen=True)
class Rot90(QuarterTurn):
    """A quarter turn clockwise (row 0 on top; ``k=-1`` of ``numpy.rot90``). See QuarterTurn for the frames."""

    name = "rot90"
    example = "rot90 or rot90:frame=array"
    quarters = 1


@dataclass(frozen=True)
class Rot180(QuarterTurn):
    """Half a turn. See QuarterTurn for the frames."""

    name = "rot180"
    example = "rot180 or rot180:frame=array"
    quarters = 2


@dataclass(frozen=True)
class Rot270(QuarterTurn):
    """A quarter turn anticlockwise (row 0 on top; ``k=1`` of ``numpy.rot90``). See QuarterTurn for the frames."""

    name = "rot270"
    example = "rot270 or rot270:frame=array"
    quarters = 3


@dataclass(frozen=True)
class Rotate(Deterministic):
    """How far may the particle turn before the encoder notices? As a quarter turn, by ``deg`` degrees clockwise.

    The nearest quarter turn is exact; the rest, at most 45 degrees, is made of three Fourier shears, which keep the
    power of every frequency instead of blurring as interpolation does, and are undone by the opposite angle. The box
    wraps: what lies outside the circle of radius cos(deg/2) D/2 (0.92 of the half box at worst) is other corners.

    Frames ``covariant`` and ``centred`` as for QuarterTurn. Raises InputError for oblong images.

    Source: Paeth 1986 (three shears); Larkin, Oldfield & Klemm 1997 (in Fourier space).
    """

    name = "rotate"
    example = "rotate:deg=10"
    strengths = ("deg",)

    deg: float
    frame: Literal["covariant", "centred"] = "covariant"

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the turned observations."""
        rest = math.remainder(self.deg, 90.0)
        images = quarter_turned(batch.images, round((self.deg - rest) / 90.0), batch.is_particle)
        if rest:
            images = _sheared(images, math.radians(rest), batch.is_particle)
        turned = batch.with_(images=images)
        return turned_metadata(turned, self.deg) if self.frame == "covariant" else turned


def quarter_turned(images: Tensor, quarters: int, about_pixel: bool) -> Tensor:
    """Turn images ``... y x`` clockwise by quarters, about pixel D/2 or about the middle of the array."""
    rows, columns = images.shape[-2:]
    if rows != columns and quarters % 2:
        raise InputError(f"A quarter turn needs square images; found {rows} x {columns} pixels. Crop them first.")
    turned = images.rot90(-quarters, (-2, -1))
    if about_pixel:
        # Of an even box, an axis that the array rotation reverses ends one pixel before its mirror image about D/2.
        reversed_y, reversed_x = {0: (0, 0), 1: (0, 1), 2: (1, 1), 3: (1, 0)}[quarters % 4]
        turned = turned.roll((reversed_y * (rows % 2 == 0), reversed_x * (columns % 2 == 0)), (-2, -1))
    return turned.contiguous()


def turned_metadata(batch: ImageBatch, deg: float) -> ImageBatch:
    """Turn whichever of translation, astigmatism and pose are known by ``deg`` clockwise.

    Clockwise with row 0 on top is from x towards y: (tx, ty) -> (c tx - s ty, s tx + c ty). Likewise the first two rows
    of the pose, as cryoDRGN's slice of the volume lies at ``coords @ pose``; dfang is counted from x towards y too.
    """
    cosine, sine = _exact_at_quarters(deg)
    shift_px, ctf, pose = batch.shift_px, batch.ctf, batch.pose
    if ctf is not None:
        ctf = ctf.clone()
        ctf[..., DFANG] += math.remainder(deg, 180.0)  # astigmatism repeats every half turn
    return batch.with_(
        shift_px=None if shift_px is None else _turned_xy(shift_px, cosine, sine, -1),
        ctf=ctf,
        pose=None if pose is None else _turned_xy(pose, cosine, sine, -2),
    )


def _turned_xy(vectors: Tensor, cosine: float, sine: float, axis: int) -> Tensor:
    """Turn the first two components along ``axis``; elementwise, so that no GPU rounds as its matmuls may."""
    x, y = vectors.select(axis, 0), vectors.select(axis, 1)
    turned = vectors.clone()
    turned.select(axis, 0).copy_(cosine * x - sine * y)
    turned.select(axis, 1).copy_(sine * x + cosine * y)
    return turned


def _exact_at_quarters(deg: float) -> tuple[float, float]:
    """Return cosine and sine of an angle, exactly 0 and 1 where they should be."""
    rest = math.remainder(deg, 90.0)
    cosine, sine = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    for _ in range(round((deg - rest) / 90.0) % 4):
        cosine, sine = -sine, cosine
    return cosine, sine


def _sheared(images: Tensor, angle: float, about_pixel: bool) -> Tensor:
    """Turn square images clockwise by at most an eighth of a turn (radians): x by y, y by x, x by y."""
    box = images.shape[-1]
    if images.shape[-2] != box:
        raise InputError(f"A rotation needs square images; found {images.shape[-2]} x {box} pixels. Crop them first.")
    from_origin = np.arange(box) - (box // 2 if about_pixel else (box - 1) / 2)
    along_x, along_y = -math.tan(angle / 2) * from_origin, math.sin(angle) * from_origin
    return shift_lines(shift_lines(shift_lines(images, along_x, -1), along_y, -2), along_x, -1)
