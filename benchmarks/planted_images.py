"""Images of known patterns and noise, planted encoders for them, and the verdict that is true of each by construction.

A pattern has independent Gaussian Fourier coefficients in the band that ``Mixture`` looks at, and pixel variance 1; an
image is a pattern and white noise of variance 1 / snr. What is true of a mixture follows from its shares and from how
much of each part fresh noise leaves, which is one number a part and an snr; no metric and no threshold enters.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from encaudit.encoders.planted import Mixture, Planted
from encaudit.findings import of_the_latents
from encaudit.metrics import measure, measure_against_renoise
from encaudit.probe import encode_stack
from encaudit.results import Encodings, Verdict
from encaudit.stats import MIN_IMAGES
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch
from encaudit.verdicts import judge

BOX = 16
BAND_Y, BAND_X = 6, 2  # periods: those that a Mixture of up to 8 latents looks at
PROBE = "roll1"
RENOISE = "renoise"
MANY = 20_000
DOUBTS_ALL = 4.0  # a logvar: error bars of 7.4 for latents of variance 1


class Images:
    """A stack in memory."""

    apix = None
    files: tuple[str, ...] = ()

    def __init__(self, images: Tensor) -> None:
        self.images = images
        self.index = np.arange(len(images))
        self.image_shape = tuple(images.shape[1:])

    def read(self, positions: np.ndarray) -> ImageBatch:
        rows = torch.from_numpy(positions)
        return ImageBatch(self.images[rows], rows)


def patterns(n: int, generator: torch.Generator) -> Tensor:
    """Draw ``n`` patterns, ``n BOX BOX``: white noise, of which the band is kept."""
    frequency = torch.fft.fftfreq(BOX, 1 / BOX).abs()
    band = (frequency[:, None] <= BAND_Y) & (frequency[None] <= BAND_X)
    white = torch.randn(n, BOX, BOX, generator=generator)
    kept = torch.fft.ifft2(torch.fft.fft2(white) * band).real
    return kept / (band.double().mean().sqrt().float())


def noise(n: int, snr: float, generator: torch.Generator) -> Tensor:
    return torch.randn(n, BOX, BOX, generator=generator) / snr**0.5


@cache
def survives(part: str, snr: float) -> float:
    """How much of a part of a mixture does fresh noise leave: the correlation of its values under two draws of it."""
    shares = {"invariant": 0.0, part: 1.0}
    encoder, generator = Mixture(2, **shares), torch.Generator().manual_seed(0)
    clean = patterns(MANY, generator)
    one, other = (encoder.encode(clean + noise(MANY, snr, generator)) for _ in range(2))
    assert isinstance(one, tuple) and isinstance(other, tuple)
    return float((one[0] * other[0]).mean())


@dataclass(frozen=True)
class Case:
    """One encoder, on images of one noise level, and how many of them."""

    encoder: Mixture
    snr: float
    n: int
    seed: int

    @property
    def kept(self) -> float:
        """The correlation of the latents of an image and of its rolled copy."""
        return self.encoder.invariant

    @property
    def explained(self) -> float:
        """The share of the rolled latent's variance that an affine map of the latent explains."""
        return self.encoder.invariant**2 + self.encoder.lawful**2

    @property
    def survives_noise(self) -> float:
        """The correlation of the latents of an image and of the same pattern with fresh noise."""
        parts = ("invariant", "lawful", "scattering")
        return sum(
            getattr(self.encoder, part) * survives(part, self.snr) for part in parts if getattr(self.encoder, part)
        )

    @property
    def right(self) -> frozenset[str]:
        """The verdicts that are right: one where the construction is clear, more in the zones between.

        Inconclusive is right alone where the roll surely takes no more than fresh noise does, and beside others in
        the zones. Sure .. impossible, in between the zone:

        - invariant: kept 0.95 .. 0.85
        - equivariant: explained 0.95 .. 0.85
        - memorizes-noise: survives_noise 0.1 .. 0.3
        - scatters: explained 0.6 .. 0.75, and survives_noise above kept by 0.3 .. 0.1

        An encoder that doubts every latent by far more than they spread has collapsed, and fewer than 20 images are
        too few for anything.
        """
        if self.n < MIN_IMAGES:
            return frozenset({"too-few-images"})
        if self.encoder.logvar is not None and self.encoder.logvar >= DOUBTS_ALL:
            return frozenset({"collapsed"})
        further = self.survives_noise - self.kept
        degrees = (
            ("invariant", _degree(self.kept, 0.85, 0.95)),
            ("equivariant", _degree(self.explained, 0.85, 0.95)),
            ("memorizes-noise", _degree(self.survives_noise, 0.3, 0.1)),
            ("scatters", min(_degree(self.explained, 0.75, 0.6), _degree(further, 0.1, 0.3))),
        )
        right = set()
        for code, degree in degrees:
            if degree > 0:
                right.add(code)
            if degree >= 1:
                return frozenset(right if len(right) == 1 else right | {"inconclusive"})
        return frozenset(right | {"inconclusive"})

    @property
    def truth(self) -> str:
        """The one right verdict, or ``between``."""
        return next(iter(self.right)) if len(self.right) == 1 else "between"


def _degree(value: float, impossible: float, sure: float) -> float:
    """Return 0 where a verdict is impossible, 1 where it is sure, and something between in the zone."""
    return min(max((value - impossible) / (sure - impossible), 0.0), 1.0)


def encoded(encoder: Planted, n: int, snr: float, seed: int) -> Encodings:
    """Encode images, their rolled copies, and the same patterns with fresh noise."""
    generator = torch.Generator().manual_seed(seed)
    clean = patterns(n, generator)
    images, renoised = (Images(clean + noise(n, snr, generator)) for _ in range(2))
    found = encode_stack(encoder, images, [parse_transform(PROBE)], seed=seed)
    again = encode_stack(encoder, renoised, [], seed=seed).reference
    return Encodings(found.reference, found.moved | {RENOISE: again})


def verdict(case: Case) -> Verdict:
    """Measure and judge a case as an audit does."""
    encodings = encoded(case.encoder, case.n, case.snr, case.seed)
    measurements = [
        *measure(encodings, seed=case.seed).measurements,
        *measure_against_renoise(encodings, RENOISE, seed=case.seed),
    ]
    (only,) = judge(measurements, of_the_latents(encodings, measurements))
    return only
