"""What comes out: latents, and what was measured on them (numpy and JSON; no torch)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

SCHEMA = 1
IDENTITY = "identity"
UNTRAINED = "untrained"
RENOISE, RENOISE_AGAIN = "renoise", "renoise:draw=1"  # two draws of noise on the image that the decoder expects
OTHER_SEED = "other-seed"  # the latents of another training run, turned into the frame of this one


@dataclass(frozen=True)
class Latents:
    """Latents of n images: mu ``n d``, logvar ``n d`` or None, and their stack rows ``index`` ``n``; float32."""

    mu: np.ndarray
    logvar: np.ndarray | None
    index: np.ndarray

    def __post_init__(self) -> None:
        """Hold the shapes together."""
        assert self.mu.ndim == 2 and self.index.shape == (self.mu.shape[0],)
        assert self.logvar is None or self.logvar.shape == self.mu.shape

    def __len__(self) -> int:
        """Return the number of images."""
        return int(self.mu.shape[0])

    def take(self, rows: np.ndarray) -> "Latents":
        """Return the latents at these positions."""
        logvar = None if self.logvar is None else self.logvar[rows]
        return Latents(self.mu[rows], logvar, self.index[rows])


@dataclass(frozen=True)
class Encodings:
    """The latents of the images as they are, and of the images under each transform.

    ``moved`` is keyed by the transform's canonical spec; an entry has the rows of ``reference``, in its order, or, for
    a control that is too costly for all of them, a part of these rows (see ``rows``).
    ``left_out`` names the images without latents (stack row -> reason); ``contrast`` (``n``) is the standard deviation
    of the pixels of each image.
    """

    reference: Latents
    moved: dict[str, Latents]
    left_out: dict[int, str] = field(default_factory=dict)
    contrast: np.ndarray | None = None

    def pair(self, spec: str) -> tuple[Latents, Latents]:
        """Return (reference, moved) for a transform, on the images that it covers.

        The reference is the latent of the unmoved image, but for the transforms of ``other_reference``.
        """
        other, moved = self.other_reference(spec), self.moved[spec]
        reference = self.reference if other is None else self.moved[other]
        if len(moved) == len(reference):
            return reference, moved
        return reference.take(np.flatnonzero(np.isin(reference.index, moved.index))), moved

    def other_reference(self, spec: str) -> str | None:
        """Return the transform whose latents are the reference of another one; None for the usual reference.

        ``untrained+roll1`` asks how the *untrained* encoder answers to roll1, so its reference is what that encoder
        says of the unmoved image. The second draw of renoise is compared with the first: both show the image that the
        decoder expects, so that what the decoder has not learned of the true one cancels, and noise alone is left.
        """
        if spec.startswith(UNTRAINED + "+"):
            return UNTRAINED
        return RENOISE if spec == RENOISE_AGAIN and RENOISE in self.moved else None

    def rows(self, spec: str) -> np.ndarray:
        """Return which positions of the reference a transform was applied to (ascending)."""
        moved = self.moved[spec]
        if len(moved) == len(self.reference):
            return np.arange(len(moved))
        return np.flatnonzero(np.isin(self.reference.index, moved.index))


@dataclass(frozen=True)
class Summary:
    """One measured quantity: quantiles over images, and a 95 % interval of its headline value.

    The headline is the median for a quantity that each image has; a quantity of the data set as a whole gives its one
    value as median, mean and all quantiles.
    """

    median: float
    mean: float
    q05: float
    q25: float
    q75: float
    q95: float
    ci_low: float | None
    ci_high: float | None
    n: int


@dataclass(frozen=True)
class Skipped:
    """A quantity that was not measured, and why. Never a number."""

    skipped: str


@dataclass(frozen=True)
class Measurement:
    """One metric under one transform, between its floor (identity) and its ceiling (shuffled pairs).

    ``floor`` and ``ceiling`` are headline values (medians for per-image metrics); None where they have no meaning.
    ``transform`` is None for a property of the encoder alone.
    """

    metric: str
    version: int
    transform: str | None
    unit: str
    value: Summary | Skipped
    floor: float | None
    ceiling: float | None


@dataclass(frozen=True)
class Finding:
    """Something a reader of the report has to know: ``level`` is note, warning or error."""

    code: str
    level: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """What the measurements say of one transform, in words, and on which numbers and thresholds it stands."""

    code: str
    transform: str
    text: str
    because: list[str]


@dataclass(frozen=True)
class Report:
    """Everything that was found; the only thing that is written, read, gated and rendered."""

    provenance: dict[str, Any]
    measurements: list[Measurement]
    findings: list[Finding]
    verdicts: list[Verdict] = field(default_factory=list)
    schema: int = SCHEMA
