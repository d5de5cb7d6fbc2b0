"""What a row of the study does, and what it claims."""

from dataclasses import dataclass, field
from typing import Any, Literal

from encaudit.study.bounds import Bound

# Rows that others are measured by.
NULL, BASE, SEED, DIGITS, DIGITS_TABLE = "fig22", "fig3", "fig3-seed", "fig13", "fig19"


@dataclass(frozen=True)
class Trained:
    """A training run on particles: ``{KEY}`` in options stands for the folder of another row's run.

    ``size``: base, large or small networks of the scale; ``over``: the row whose reconstruction error this one's is
    subtracted from; ``real``: the row that was trained on real images in this architecture, where a twin was not.
    """

    kind: Literal["vae", "vlt", "twin"]
    options: dict[str, Any] = field(default_factory=dict)
    size: Literal["base", "large", "small"] = "base"
    seed_offset: int = 0
    over: str | None = None
    real: str = BASE


@dataclass(frozen=True)
class Probed:
    """An audit of the base run under transforms of its particles."""

    transforms: tuple[str, ...]


@dataclass(frozen=True)
class TrainedDigits:
    """A training run on digits; ``over`` as in ``Trained``."""

    kind: Literal["vae", "vlt"]
    over: str | None = None


@dataclass(frozen=True)
class ProbedDigits:
    """An audit of the digits' VAE under shifts; the last is what the row is about, compared with the first."""

    transforms: tuple[str, ...]


@dataclass(frozen=True)
class Timed:
    """Seconds for an epoch of five systems, in turn; (title, what is trained) each, the first is the measure."""

    systems: tuple[tuple[str, Trained], ...]


Task = Trained | Probed | TrainedDigits | ProbedDigits | Timed


@dataclass(frozen=True)
class Row:
    """A figure (or several) of the paper."""

    key: str
    figures: str
    system: str
    task: Task
    claim: str
    bounds: tuple[Bound, ...]

    @property
    def name(self) -> str:
        """Say which figure, or figures, or table."""
        if not self.figures[0].isdigit():
            return self.figures
        return f"figure{'s' if ',' in self.figures else ''} {self.figures}"
