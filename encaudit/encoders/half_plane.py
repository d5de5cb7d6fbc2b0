"""The way to cryoDRGN's first layer in a quarter of the time: window, Fourier transform, centring, phases.

The same numbers as ``CryodrgnFrame.coefficients`` followed by the first linear layer, up to rounding. A real image says
the same at k and at -k, so only the half of the masked coefficients that are independent is transformed and moved: with
F the centred Fourier transform, the two Hartley coefficients are Re F - Im F and Re F + Im F, and the two columns of
the first layer that they meet become one for Re F and one for Im F. The norm, and the origin at pixel D/2, go into
these columns once and for all; the phases of the translation and the sign of the CTF are one complex factor for each
image, which all probes that leave translation and CTF alone share.
"""

from typing import Any

import torch
from torch import Tensor, nn

from encaudit.encoders.cryodrgn_frame import CryodrgnFrame
from encaudit.types import ImageBatch

ANGLE = 3  # of the astigmatism in ImageBatch.ctf, degrees
SAME_ANGLE_DEG = 1e-4  # float32 angles of up to 360 degrees are rounded to less


class HalfPlane:
    """A linear first layer on the masked Hartley coefficients of an even box, and the factors of the last batch."""

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
        self._turned = self._places_after_turns()

        place = torch.zeros(side**2, dtype=torch.long, device=mask.device)
        place[points] = torch.arange(len(points), device=mask.device)
        mirrored = place[side**2 - 1 - points[half]]
        weight = first.weight.detach().double()
        at, opposite = weight[:, half], weight[:, mirrored]
        origin = mirrored == half
        real, imaginary = torch.where(origin, at, at + opposite), torch.where(origin, 0.0, opposite - at)
        # The image's origin is pixel D/2, that of the transform pixel 0.
        sign = 1.0 - 2.0 * ((self._x + self._y) % 2)
        columns = torch.stack([real, imaginary], dim=2) * (sign[:, None] / frame.std)
        self._weight = columns.reshape(len(weight), -1).to(first.weight.dtype).T.contiguous()
        self._bias = first.bias.detach()
        self._known: tuple[Tensor | None, Tensor | None, Tensor | None] = (None, None, None)
        self._known_sign: tuple[Tensor, Tensor] | None = None

    def first_layer(self, batch: ImageBatch) -> Tensor:
        """Return what the first layer makes of images ``b y x``, before its activation."""
        spectrum = torch.fft.rfft2(self._frame.windowed(batch.images)).reshape(len(batch), -1)
        independent = spectrum[:, self._column]
        factor = self._factor(batch)
        if factor is not None:
            independent = independent * factor
        return torch.addmm(self._bias, torch.view_as_real(independent).reshape(len(batch), -1), self._weight)

    def _factor(self, batch: ImageBatch) -> Tensor | None:
        """Return phase x sign(CTF) ``b m``; the last one is kept for batches with the very same metadata."""
        shift, ctf, known = self._known
        if shift is batch.shift_px and ctf is batch.ctf:
            return known
        phase = None if batch.shift_px is None else self._phase(batch.shift_px)
        sign = None if batch.ctf is None else self._sign(batch.ctf)
        factor = sign if phase is None else phase if sign is None else phase * sign
        self._known = (batch.shift_px, batch.ctf, factor)
        return factor

    def _phase(self, shift_px: Tensor) -> Tensor:
        """Return exp(-2 pi i k t / D) ``b m``: the product of a factor for each x and one for each y."""
        box = self._frame.box
        frequency = torch.arange(-(box // 2), box // 2 + 1, device=shift_px.device) * (-2 * torch.pi / box)
        angle = shift_px[:, :, None] * frequency
        along = torch.polar(torch.ones_like(angle), angle)
        return along[:, 0][:, self._x + box // 2] * along[:, 1][:, self._y + box // 2]

    def _sign(self, ctf: Tensor) -> Tensor:
        """Return the sign of the CTF ``b m``; that of the last CTF turned by 90 degrees is the last one, elsewhere."""
        if self._known_sign is not None and len(self._known_sign[0]) == len(ctf):
            other, sign = self._known_sign
            if other is ctf:
                return sign
            turns = _quarter_turns(other, ctf)
            if turns is not None:
                return sign[:, self._turned[turns]]
        sign = self._frame.ctf(ctf, self._points).sign()
        self._known_sign = (ctf, sign)
        return sign

    def _places_after_turns(self) -> dict[int, Tensor]:
        """Return where each point is after an image is turned by a quarter, as places in the half-plane.

        The CTF is even, so a point in the other half has the value of its mirror image.
        """
        box = self._frame.box
        table = torch.zeros(box + 1, box + 1, dtype=torch.long, device=self._x.device)
        table[self._y + box // 2, self._x + box // 2] = torch.arange(len(self._x), device=self._x.device)
        places = {0: torch.arange(len(self._x), device=self._x.device)}
        for turns in (1, -1):
            # An angle grown by 90 degrees: what the turned CTF says at k, the other says at k turned back.
            y, x = (-self._x, self._y) if turns == 1 else (self._x, -self._y)
            other_half = (x < 0) | ((x == 0) & (y < 0))
            y, x = torch.where(other_half, -y, y), torch.where(other_half, -x, x)
            places[turns] = table[y + box // 2, x + box // 2]
        return places


def half_plane_of(frame: CryodrgnFrame, mask: Tensor, encoder: nn.Module) -> tuple[HalfPlane, nn.Sequential] | None:
    """Return the fast front of an encoder and the layers behind it; None where its first layer is not a linear one.

    Nor where the norm has a mean, which the translation would turn with the image.
    """
    main: Any = getattr(encoder, "main", None)
    if not isinstance(main, nn.Sequential) or not isinstance(main[0], nn.Linear) or frame.mean != 0 or frame.box % 2:
        return None
    symmetric = torch.equal(mask, mask.flip(0))
    return (HalfPlane(frame, mask, main[0]), nn.Sequential(*list(main)[1:])) if symmetric else None


def _quarter_turns(one: Tensor, other: Tensor) -> int | None:
    """Return by how many quarters the astigmatism was turned between two tables, if that is all the difference."""
    difference = other - one
    turns = float((difference[:, ANGLE] / 90).round().mean())
    rest = difference.clone()
    rest[:, ANGLE] -= 90 * turns
    if turns not in (-1, 0, 1) or float(rest.abs().max()) > SAME_ANGLE_DEG:
        return None
    return int(turns)
