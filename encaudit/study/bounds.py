"""When does a measurement support a claim, and when does it refute it?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from encaudit.study.results import Measure, RowResult

Judgement = Literal["supported", "refuted", "undecided", "not measured"]


@dataclass(frozen=True)
class Bound:
    """A bound that a claim sets to one measure of its row.

    ``at_least``: the claim is supported where the whole 95 % interval is at or above ``value``, refuted where it lies
    below ``refuted`` (by default the same value); with ``at_least`` False, the other way round. ``row``: the value is
    what another row measured; then the claim is supported where the estimate lies within that row's interval or beyond,
    refuted where the whole interval misses it. ``strict``: the value itself is not enough.
    """

    measure: str
    title: str
    at_least: bool
    value: float | None = None
    refuted: float | None = None
    row: str | None = None
    strict: bool = False

    def __str__(self) -> str:
        """Say the bound in a few words."""
        side = "above" if self.strict else "at least" if self.at_least else "at most"
        if self.row is not None:
            return f"not {'below' if self.at_least else 'above'} {self.row}"
        words = f"{side} {self.value:g}"
        if self.refuted is not None:
            words += f"; refuted {'below' if self.at_least else 'above'} {self.refuted:g}"
        return words

    def judge(self, results: Mapping[str, RowResult], key: str) -> Judgement:
        """Judge one measure of the row ``key``."""
        own = _measure(results, key, self.measure)
        if own is None or own.value is None:
            return "not measured"
        low, high, value = self._upwards(own)
        if self.row is not None:
            other = _measure(results, self.row, self.measure)
            if other is None or other.value is None:
                return "not measured"
            floor = self._upwards(other)[0]
            return "supported" if value >= floor else "refuted" if high < floor else "undecided"
        assert self.value is not None
        sign = 1 if self.at_least else -1
        bound = sign * self.value
        if self.strict:
            return "supported" if low > bound else "refuted" if high <= bound else "undecided"
        refuted = bound if self.refuted is None else sign * self.refuted
        return "supported" if low >= bound else "refuted" if high < refuted else "undecided"

    def _upwards(self, measure: Measure) -> tuple[float, float, float]:
        """Return low, high and estimate on a scale where more is in favour of the claim."""
        assert measure.value is not None
        low = measure.value if measure.low is None else measure.low
        high = measure.value if measure.high is None else measure.high
        return (low, high, measure.value) if self.at_least else (-high, -low, -measure.value)


def at_least(measure: str, title: str, value: float, *, refuted_below: float | None = None) -> Bound:
    """Ask for a measure that is not below a value."""
    return Bound(measure, title, True, value, refuted_below)


def above(measure: str, title: str, value: float) -> Bound:
    """Ask for a measure that is above a value, and not equal to it."""
    return Bound(measure, title, True, value, strict=True)


def at_most(measure: str, title: str, value: float, *, refuted_above: float | None = None) -> Bound:
    """Ask for a measure that is not above a value."""
    return Bound(measure, title, False, value, refuted_above)


def as_high_as(measure: str, title: str, row: str) -> Bound:
    """Ask for a measure that is not below that of another row."""
    return Bound(measure, title, True, row=row)


def as_low_as(measure: str, title: str, row: str) -> Bound:
    """Ask for a measure that is not above that of another row."""
    return Bound(measure, title, False, row=row)


def overall(judgements: Iterable[Judgement]) -> Judgement:
    """Join the judgements on all bounds of a claim: one that is refuted refutes it, all are needed to support it."""
    found = set(judgements)
    for word in ("refuted", "not measured", "undecided"):
        if word in found:
            return word
    return "supported" if found else "not measured"


def _measure(results: Mapping[str, RowResult], key: str, measure: str) -> Measure | None:
    return results[key].measures.get(measure) if key in results else None
