"""Tell the encoder a wrong CTF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from encaudit.transforms.rotation import DFANG
from encaudit.transforms.spec import Deterministic

if TYPE_CHECKING:
    from encaudit.types import ImageBatch

DFU, DFV = 1, 2  # columns of ImageBatch.ctf


@dataclass(frozen=True)
class Ctf(Deterministic):
    """How sensitive is the latent to an error of the CTF fit? The pixels stay; what the encoder is told changes.

    ``defocus`` (angstrom) is added to dfu and dfv, ``angle`` (degrees) to the astigmatism angle.

    Raises InputError when the images have no CTF.

    Source: ours. Reads zero too when sign(CTF) does not vary inside the encoder's mask (coarse pixels).
    """

    name = "ctf"
    example = "ctf:defocus=300 or ctf:defocus=300,angle=10"
    strengths = ("defocus", "angle")

    defocus: float = 0.0
    angle: float = 0.0

    @property
    def needs(self) -> frozenset[str]:
        """A CTF to be wrong about."""
        return frozenset({"ctf"})

    def moved(self, batch: ImageBatch) -> ImageBatch:
        """Return the observations with another CTF told."""
        assert batch.ctf is not None
        ctf = batch.ctf.clone()
        ctf[..., [DFU, DFV]] += self.defocus
        ctf[..., DFANG] += self.angle
        return batch.with_(ctf=ctf)
