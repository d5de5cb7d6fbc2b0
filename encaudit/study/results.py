"""What a row of the study measured: a small JSON file each, so that a killed run goes on where it was."""

import math
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict

from encaudit.results import Skipped, Summary


class Measure(BaseModel):
    """A value with its 95 % interval (None where there is none), or why there is no value."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    skipped: str | None = None

    @classmethod
    def of(cls, found: Summary | Skipped) -> Self:
        """Return what a metric found, by its headline value."""
        if isinstance(found, Skipped):
            return cls(value=None, skipped=found.skipped)
        if not math.isfinite(found.median):
            return cls(value=None, skipped="it is not a finite number")
        ends = found.ci_low, found.ci_high
        low, high = ends if all(end is not None and math.isfinite(end) for end in ends) else (None, None)
        return cls(value=found.median, low=low, high=high, n=found.n)


def measures_of(found: Mapping[str, Summary | Skipped], prefix: str = "") -> dict[str, Measure]:
    """Return what several metrics found, by their names behind a prefix."""
    return {prefix + name: Measure.of(value) for name, value in found.items()}


class RowResult(BaseModel):
    """One row: what it measured and what has to be said of it; ``failed``: why there is nothing, None if there is."""

    model_config = ConfigDict(extra="forbid")

    row: str
    seconds: float
    measures: dict[str, Measure]
    notes: list[str] = []
    failed: str | None = None
