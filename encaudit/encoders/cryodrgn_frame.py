"""Between raw pixels and the centred, normalized Hartley coefficients in which cryoDRGN compares images; both ways."""

from typing import Any

import torch
from torch import Tensor

from encaudit.encoders.cryodrgn_config import CryodrgnConfig
from encaudit.types import ImageBatch


class CryodrgnFrame:
    """The preparation of images that a config states: window, contrast, norm, and the lattice of D+1 points a side.

    ``mask`` is which points of the lattice are meant, ``D+1 squared`` booleans, symmetric about the origin.
    """

    def __init__(self, config: CryodrgnConfig, lattice: Any, device: torch.device) -> None:
        from cryodrgn.masking import spherical_window_mask

        args = config.dataset_args
        self.box = config.box
        self.lattice = lattice
        window = spherical_window_mask(D=self.box, in_rad=args.window_r, out_rad=0.99) if args.window else None
        self.sign = -1.0 if args.invert_data else 1.0
        self.window = (torch.ones(self.box, self.box) if window is None else window).to(device)
        self.mean, self.std = args.norm
        self._signed_window = self.sign * self.window
        from_centre = torch.arange(self.box, device=device) - self.box // 2
        self._background = from_centre[:, None] ** 2 + from_centre**2 >= (self.box / 2) ** 2

    def windowed(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        """Return pixels as cryoDRGN takes them up: windowed, and inverted where the config says so."""
        return torch.mul(images, self._signed_window, out=out)

    def coefficients(self, batch: ImageBatch, mask: Tensor) -> Tensor:
        """Return what the images say at these points, ``b*t m``: normalized, and centred by the stored translation."""
        from cryodrgn import fft

        images = batch.images.reshape(-1, self.box, self.box)
        hartley = fft.symmetrize_ht(fft.ht2_center(self.windowed(images)))
        hartley = hartley.reshape(len(images), -1)[:, mask]  # reshape: symmetrize_ht drops a batch of one
        hartley = (hartley - self.mean) / self.std
        return self._translated(hartley, mask, None if batch.shift_px is None else batch.shift_px.reshape(-1, 1, 2))

    def pixels(self, coefficients: Tensor, mask: Tensor, shift_px: Tensor | None) -> Tensor:
        """Return the raw images ``b y x`` that say this, ``b m``, at these points, and nothing at others.

        The translations ``b 2`` are undone, so are norm and inversion; the window cannot be. The coefficient at the
        origin is in nobody's mask: it is set so that the pixels outside the inscribed circle, where the window left
        nothing in the images that the decoder learned from, are zero on average.
        """
        from cryodrgn import fft

        side = self.box + 1
        placed = self._translated(coefficients, mask, None if shift_px is None else -shift_px.reshape(-1, 1, 2))
        lattice = coefficients.new_zeros(len(coefficients), side**2)
        lattice[:, mask] = placed * self.std + self.mean
        grid = lattice.view(-1, side, side)
        # An even box has one coefficient for both sides of the Nyquist frequency.
        grid[:, 0] = (grid[:, 0] + grid[:, -1]) / 2
        grid[:, :, 0] = (grid[:, :, 0] + grid[:, :, -1]) / 2
        images: Tensor = self.sign * fft.iht2_center(grid[:, :-1, :-1])
        return images - images[:, self._background].mean(dim=1)[:, None, None]

    def ctf(self, parameters: Tensor, mask: Tensor) -> Tensor:
        """Return the CTF at these points, ``b m``, for parameters ``b 8``."""
        from cryodrgn.ctf import compute_ctf

        apix = parameters[:, 0]
        if len(apix) and bool((apix == apix[0]).all()):
            apix = apix[:1]  # what follows from the frequencies alone, such as their angles, is then computed once
        freqs = self.lattice.freqs2d[mask].unsqueeze(0) / apix.reshape(-1, 1, 1)
        ctf: Tensor = compute_ctf(freqs, *torch.split(parameters[:, 1:], 1, 1))
        return ctf

    def _translated(self, hartley: Tensor, mask: Tensor, shift_px: Tensor | None) -> Tensor:
        if shift_px is None:
            return hartley
        # The mask is symmetric, so the partner -k of a masked coefficient is again its mirror in the list.
        moved: Tensor = self.lattice.translate_ht(hartley, shift_px, mask)
        return moved.reshape(len(hartley), -1)
