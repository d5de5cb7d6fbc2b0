"""What was measured of a transform, with its interval: all that a verdict may stand on."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from encaudit.results import Measurement, Skipped, Summary


@dataclass(frozen=True)
class Quantity:
    """A value, its 95 % interval (None where there are too few images for one), and the number of images."""

    name: str
    transform: str | None
    value: float
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        """Return name, value and interval in words."""
        interval = "" if self.low is None or self.high is None else f" ({_short(self.low)} to {_short(self.high)})"
        return f"{self.name} of {self.transform or 'the encoder'} is {_short(self.value)}{interval}"


class Evidence:
    """The measurements of a report, by metric and transform, and what follows from two of them."""

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        self._found = {(one.metric, one.transform): one for one in measurements}

    @property
    def transforms(self) -> list[str]:
        """The transforms, in the order of the report."""
        return list(dict.fromkeys(transform for _, transform in self._found if transform is not None))

    def of(self, name: str, transform: str | None) -> Quantity | None:
        """Return a quantity of a transform; None where it was not measured, or skipped."""
        if name == "left_over":
            return self._left_over(transform)
        if name == "neighbours_kept":
            return self._neighbours_kept(transform)
        summary = self._summary(name, transform)
        if summary is None:
            return None
        return Quantity(name, transform, summary.median, summary.ci_low, summary.ci_high, summary.n)

    def why_not(self, name: str, transform: str | None) -> str:
        """Say why a quantity is missing."""
        one = self._found.get((name, transform))
        return one.value.skipped if one is not None and isinstance(one.value, Skipped) else "it was not measured"

    def ceiling(self, name: str) -> float | None:
        """Return what shuffled pairs give, from any transform of the encoder that states it."""
        stated = (one.ceiling for (metric, _), one in self._found.items() if metric == name)
        return next((ceiling for ceiling in stated if ceiling is not None), None)

    def times(self, transform: str, control: str) -> Quantity | None:
        """How many times as far as under a control does the median image go? The two displacements' intervals, divided.

        Displacements, not ratios: the second draw of renoise has random pairs of its own, and so another ratio.
        """
        own, other = self.of("displacement", transform), self.of("displacement", control)
        if own is None or other is None:
            return None
        low, high = (
            _quotient(a, b) if a is not None and b is not None else None
            for a, b in ((own.low, other.high), (own.high, other.low))
        )
        return Quantity("times_renoise", transform, _quotient(own.value, other.value), low, high, other.n)

    def _summary(self, name: str, transform: str | None) -> Summary | None:
        one = self._found.get((name, transform))
        return one.value if one is not None and isinstance(one.value, Summary) else None

    def _left_over(self, transform: str | None) -> Quantity | None:
        """What is left of the displacement without the motion that all images share: ratio x sqrt(1 - alignment).

        The ends of the interval are the worst of both; the ratio itself where the alignment was not measured.
        """
        ratio, alignment = self.of("displacement_ratio", transform), self.of("alignment", transform)
        if ratio is None:
            return None
        if alignment is None:
            return Quantity("left_over", transform, ratio.value, ratio.low, ratio.high, ratio.n)

        def left(of: float | None, shared: float | None) -> float | None:
            return None if of is None or shared is None else of * math.sqrt(max(1 - shared, 0.0))

        value = ratio.value * math.sqrt(max(1 - alignment.value, 0.0))
        return Quantity(
            "left_over", transform, value, left(ratio.low, alignment.high), left(ratio.high, alignment.low), ratio.n
        )

    def _neighbours_kept(self, transform: str | None) -> Quantity | None:
        """The neighbour overlap beyond chance: 0 as chance has it, 1 where all neighbours are kept."""
        overlap, one = self.of("neighbour_overlap", transform), self._found.get(("neighbour_overlap", transform))
        if overlap is None or one is None or one.ceiling is None or one.ceiling >= 1:
            return None
        chance = one.ceiling

        def beyond(share: float | None) -> float | None:
            return None if share is None else (share - chance) / (1 - chance)

        value = (overlap.value - chance) / (1 - chance)
        return Quantity("neighbours_kept", transform, value, beyond(overlap.low), beyond(overlap.high), overlap.n)


def _quotient(above: float, below: float) -> float:
    return above / below if below > 0 else math.inf if above > 0 else 1.0


def _short(value: float) -> str:
    """Write three digits that count, four near 1, and no more than there is below a ten-thousandth."""
    if 0.99 <= value < 1:
        return f"{value:.4f}"
    return f"{value:.3g}" if value == 0 or abs(value) >= 1e-4 else f"{value:.0e}"
