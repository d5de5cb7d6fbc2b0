"""What a comparison of audits found: numbers and words, of which page, JSON and pictures are made."""

from dataclasses import dataclass
from typing import Any, Literal

from encaudit.orientation import Better
from encaudit.results import Finding

SCHEMA = 1
Verdict = Literal["better", "worse", "larger", "smaller", "undecided"]


@dataclass(frozen=True)
class Row:
    """One metric under one transform (None: of the encoder alone) in two audits.

    ``change`` is ``other`` - ``one``, with its 95 % interval; ``n`` images stand behind it, ``paired`` or not.
    ``better``: which way is; None where there is no better. ``scale``: what the change is seen in proportion to, None
    where it has no measure. ``verdict`` is on ``other``; None for a control, which has none. ``slight``: the change is
    below the least that is worth deciding. ``more_images``: about how many more would decide it, None where none would
    or where it is decided. ``because``: why it is undecided, in words.
    """

    metric: str
    transform: str | None
    unit: str
    one: float
    other: float
    change: float
    low: float | None
    high: float | None
    n: int
    paired: bool
    better: Better | None
    scale: float | None
    verdict: Verdict | None = None
    slight: bool = False
    more_images: int | None = None
    because: str = ""

    @property
    def is_control(self) -> bool:
        """Whether it is a control, on which there is no verdict."""
        return self.verdict is None

    def gain(self, change: float) -> float | None:
        """Return a change in proportion: positive is better (or larger, where there is no better)."""
        if self.scale is None:
            return None
        return (-change if self.better == "lower" else change) / self.scale


@dataclass(frozen=True)
class LeftOut:
    """A metric that was not compared under these transforms (None: of the encoder alone), and why."""

    metric: str
    transforms: tuple[str | None, ...]
    reason: str


@dataclass(frozen=True)
class Pair:
    """Two audits: what differs, on how many common images, and what could not be compared."""

    one: str
    other: str
    images: int
    rows: list[Row]
    left_out: list[LeftOut]

    def transforms(self) -> list[str | None]:
        """Return what verdicts were given on, in the order of the audits; None, the encoder alone, last."""
        found = dict.fromkeys(row.transform for row in self.rows if not row.is_control)
        return [*(spec for spec in found if spec is not None), *([None] if None in found else [])]

    def counts(self, transform: str | None) -> dict[str, int]:
        """Return how many metrics under a transform have each verdict."""
        counted = dict.fromkeys(("better", "worse", "larger", "smaller", "undecided"), 0)
        for row in self.rows:
            if row.transform == transform and row.verdict is not None:
                counted[row.verdict] += 1
        return counted


@dataclass(frozen=True)
class ArchitectureComparison:
    """Everything that was found: each audit against the first."""

    provenance: dict[str, Any]
    pairs: list[Pair]
    findings: list[Finding]
