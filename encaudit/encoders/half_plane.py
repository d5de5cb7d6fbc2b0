"""The way to cryoDRGN's first layer in a fraction of the time: window, Fourier transform, centring, phases.

The same numbers as ``CryodrgnFrame.coefficients`` followed by the first linear layer, up to rounding. A real image says
the same at k and at -k, so only the half of the masked coefficients that are independent is transformed and moved: with
F the centred Fourier transform, the two Hartley coefficients are Re F - Im F and Re F + Im F, and the two columns of
the first layer that they meet become one for Re F and one for Im F. The norm, and the origin at pixel D/2, go into
these columns once and for all; the phases of the translation and the sign of the CTF are one complex factor for each
image, which all probes that leave translation and CTF alone share.

An observation that is turned or mirrored with all its metadata has the same coefficients at other places, so that the
layer says of it what the layer with its columns exchanged says of the observation itself. Half a turn only changes the
sign of Im F, so what Re F and what Im F give, added and subtracted, serves two symmetries.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.symmetry import Symmetry
from encaudit.types import ImageBatch

PIXELS_AT_ONCE = 2**18  # 1 MiB, and as much again for the spectrum: both stay in the second-level cache


class HalfPlane:
    """A linear first layer on the masked Hartley coefficients of an even box, and the factors of the last batch.

    Buffers are used again from batch to batch, so one thread at a time.
    """

    def __init__(self, frame: CryodrgnFrame, mask: Tensor, first: nn.Linear) -> None:
        self._frame = frame
        box, side = frame.box, frame.box + 1
        points = mask.nonzero()[:, 0]
        y, x = points // side - box // 2, points % side - box // 2
        half = ((x > 0) | ((x == 0) & (y >= 0))).nonzero()[:, 0]
        self._y, self._x = y[half], x[half]
        self._column = (self._y % box) * (box // 2 + 1) + self._x  # in the output of rfft2, flattened
        self._points = torch.zeros_like(mask)
        self._points[points[half]] = True

        place = torch.zeros(side**2, dtype=torch.long, device=mask.device)
        place[points] = torch.arange(len(points), device=mask.device)
        mirrored = place[side**2 - 1 - points[half]]
        weight = first.weight.detach().double()
        at, opposite = weight[:, half], weight[:, mirrored]
        origin = mirrored == half
        real, imaginary = torch.where(origin, at, at + opposite), torch.where(origin, 0.0, opposite - at)
        # The image's origin is pixel D/2, that of the transform pixel 0.
        sign = 1.0 - 2.0 * ((self._x + self._y) % 2)
        self._columns = (torch.stack([real, imaginary], dim=1) * (sign / frame.std)).to(first.weight.dtype)
        self._weight = self._columns.flatten(1)
        self._bias = first.bias.detach()
        self._exchanged: dict[tuple[Symmetry, ...], Tensor] = {}
        self._known: tuple[Tensor | None, Tensor | None, Tensor | None] = (None, None, None)
        self._known_sign: tuple[Tensor, Tensor] | None = None
        self._seen: tuple[Tensor, Tensor | None, Tensor | None] | None = None  # whose coefficients were found last
        self._found = self._bias
        self._buffers: dict[str, Tensor] = {}

    def first_layer(self, batch: ImageBatch) -> Tensor:
        """Return what the first layer makes of images ``b y x``, before its activation: ``b h``."""
        return linear(self._independent(batch), self._weight, self._bias)

    def first_layer_symmetric(self, batch: ImageBatch, symmetries: Sequence[Symmetry]) -> list[Tensor]:
        """Return what it would make of the whole observations after each symmetry: each ``b h``."""
        seen = (batch.images, batch.shift_px, batch.ctf)
        known = self._seen is not None and all(one is other for one, other in zip(seen, self._seen, strict=True))
        found = self._found if known else self._independent(batch)
        up_to_half_turns = tuple(dict.fromkeys(Symmetry(one.quarters % 2, one.mirrored) for one in symmetries))
        if up_to_half_turns not in self._exchanged:
            columns = torch.cat([self._columns_under(one) for one in up_to_half_turns])
            self._exchanged = {up_to_half_turns: columns.transpose(0, 1).contiguous()}
        weight = self._exchanged[up_to_half_turns]
        real, imaginary = found.chunk(2, dim=1)
        of_real, of_imaginary = (
            torch.split(linear(part, columns), len(self._bias), dim=1)
            for part, columns in ((real, weight[0]), (imaginary, weight[1]))
        )
        outputs = []
        for one in symmetries:
            place = up_to_half_turns.index(Symmetry(one.quarters % 2, one.mirrored))
            sign = -1 if one.quarters % 4 >= 2 else 1
            outputs.append(torch.add(of_real[place] + self._bias, of_imaginary[place], alpha=sign))
        return outputs

    def _independent(self, batch: ImageBatch) -> Tensor:
        """Return the independent coefficients, centred and phase-flipped, all real parts first: ``b 2m``."""
        self._found = self._coefficients(batch)
        self._seen = (batch.images, batch.shift_px, batch.ctf)
        return self._found

    def _coefficients(self, batch: ImageBatch) -> Tensor:
        factor = self._factor(batch)
        if batch.images.device.type != "cpu" or factor is None:
            spectrum = torch.fft.rfft2(self._frame.windowed(batch.images)).flatten(1)[:, self._column]
            centred = spectrum if factor is None else spectrum * factor
            return torch.cat([centred.real, centred.imag], dim=1)

        from encaudit.encoders.half_plane_kernels import gathered

        _share_threads()
        n, box = len(batch), self._frame.box
        found = self._buffer("found", (n, 2 * len(self._x)))
        at_once = max(1, PIXELS_AT_ONCE // box**2)
        for start in range(0, n, at_once):
            images = batch.images[start : start + at_once]
            windowed = self._frame.windowed(images, out=self._buffer("windowed", tuple(images.shape)))
            spectrum = torch.fft.rfft2(windowed)  # with out=, torch would compute elsewhere and copy
            rows = slice(start, start + len(images))
            gathered(spectrum.flatten(1).numpy(), self._column.numpy(), factor[rows].numpy(), found[rows].numpy())
        return found

    def _factor(self, batch: ImageBatch) -> Tensor | None:
        """Return phase x sign(CTF) ``b m``; the last one is kept for batches with the very same metadata."""
        shift, ctf, known = self._known
        if known is not None and shift is batch.shift_px and ctf is batch.ctf:
            return known
        sign = None if batch.ctf is None else self._sign(batch.ctf)
        if batch.shift_px is None:
            factor = None if sign is None else sign.to(torch.complex64)
        else:
            factor = self._phase(batch.shift_px, sign)
        self._known = (batch.shift_px, batch.ctf, factor)
        return factor

    def _phase(self, shift_px: Tensor, sign: Tensor | None) -> Tensor:
        """Return exp(-2 pi i k t / D) times the sign ``b m``: the product of a factor for each x and one for each y."""
        box = self._frame.box
        frequency = torch.arange(-(box // 2), box // 2 + 1, device=shift_px.device) * (-2 * torch.pi / box)
        angle = shift_px[:, :, None] * frequency
        along = torch.polar(torch.ones_like(angle), angle)
        along_x, along_y, x, y = along[:, 0], along[:, 1], self._x + box // 2, self._y + box // 2
        if shift_px.device.type != "cpu" or sign is None:
            phase = along_x[:, x] * along_y[:, y]
            return phase if sign is None else phase * sign

        from encaudit.encoders.half_plane_kernels import phase_and_sign

        _share_threads()
        factor = torch.empty(len(shift_px), len(self._x), dtype=torch.complex64)
        phase_and_sign(*(table.numpy() for table in (along_x, along_y, x, y, sign, factor)))
        return factor

    def _sign(self, ctf: Tensor) -> Tensor:
        """Return the sign of the CTF ``b m``; the last one is kept."""
        if self._known_sign is None or self._known_sign[0] is not ctf:
            self._known_sign = (ctf, self._frame.ctf(ctf, self._points).sign())
        return self._known_sign[1]

    def _columns_under(self, symmetry: Symmetry) -> Tensor:
        """Return the columns ``h 2 m`` exchanged: what a point holds after the symmetry, another one holds before it.

        A point whose origin lies in the other half holds the complex conjugate of that one's mirror image.
        """
        box = self._frame.box
        table = torch.zeros(box + 1, box + 1, dtype=torch.long, device=self._x.device)
        table[self._y + box // 2, self._x + box // 2] = torch.arange(len(self._x), device=self._x.device)
        x, y = self._x, self._y
        for _ in range(symmetry.quarters % 4):
            x, y = y, -x  # clockwise with row 0 on top is from x towards y; back, from y towards x
        if symmetry.mirrored:
            x = -x
        other_half = (x < 0) | ((x == 0) & (y < 0))
        x, y = torch.where(other_half, -x, x), torch.where(other_half, -y, y)
        exchanged = self._columns * torch.stack([torch.ones_like(x), 1 - 2 * other_half.long()])
        columns = torch.empty_like(self._columns)
        columns[:, :, table[y + box // 2, x + box // 2]] = exchanged
        return columns

    def _buffer(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Return memory that was used before: what is new, the system has to fill with zeros first."""
        held = self._buffers.get(name)
        if held is None or len(held) < shape[0]:
            held = self._buffers[name] = torch.empty(shape)
        return held[: shape[0]]


def half_plane_of(frame: CryodrgnFrame, mask: Tensor, encoder: nn.Module) -> tuple[HalfPlane, nn.Sequential] | None:
    """Return the fast front of an encoder and the layers behind it; None where its first layer is not a linear one.

    Nor where the norm has a mean, which the translation would turn with the image.
    """
    main: Any = getattr(encoder, "main", None)
    if not isinstance(main, nn.Sequential) or not isinstance(main[0], nn.Linear) or frame.mean != 0 or frame.box % 2:
        return None
    symmetric = torch.equal(mask, mask.flip(0))
    return (HalfPlane(frame, mask, main[0]), nn.Sequential(*list(main)[1:])) if symmetric else None


def _share_threads() -> None:
    """Let numba take as many threads as torch does: under torchrun there are several of us."""
    import numba

    config: Any = numba.config  # its settings are made at run time, so no type knows them
    numba.set_num_threads(min(torch.get_num_threads(), config.NUMBA_NUM_THREADS))
