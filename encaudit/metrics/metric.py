"""What a metric is, and the list of all of them."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from encaudit.metrics.cloud import Cloud, Pair
from encaudit.results import Skipped
from encaudit.stats import NO_INTERVAL, Interval


@dataclass(frozen=True, eq=False)
class PerImage:
    """A quantity that each image has, ``values`` (``n``), and the 95 % interval of its median, if it has its own."""

    values: np.ndarray
    interval: Interval | None = None


@dataclass(frozen=True)
class WholeSet:
    """A quantity that only the data set as a whole has, and its 95 % interval, where it has one."""

    value: float
    interval: Interval = NO_INTERVAL


@dataclass(frozen=True, eq=False)
class PerDimension:
    """A quantity that each image has in each latent dimension: ``values`` (``n d``)."""

    values: np.ndarray


Result = PerImage | WholeSet | Skipped
EncoderResult = PerImage | PerDimension | WholeSet | Skipped


@dataclass(frozen=True)
class Metric:
    """A number that says how latents answer to a transform.

    ``across_encoders``: has a meaning between the latents of two different encoders, that is, needs no common frame.
    ``column``: the name of its per-image values in particles.csv.
    ``shuffled``: its ceiling is measured on shuffled pairs. If not, it is ``chance``, the expectation for unrelated
    latents as a function of n, where that is known exactly; or there is none.
    ``version`` is raised when its number changes for the same latents, or the scheme of its interval.
    """

    name: str
    version: int
    unit: str
    evaluate: Callable[[Pair], Result]
    across_encoders: bool
    column: str | None
    shuffled: bool
    chance: Callable[[int], float] | None

    @property
    def explanation(self) -> str:
        """What the metric asks, its formula, what else makes it large, its source."""
        return inspect.getdoc(self.evaluate) or ""


@dataclass(frozen=True)
class EncoderMetric:
    """A number that says something of the encoder alone, from its latents of the images as they are.

    ``ceiling`` is the largest value that it can take, as a function of the cloud, where there is one; the floor is 0.
    ``column``: the name of its per-image values in particles.csv.
    """

    name: str
    version: int
    unit: str
    evaluate: Callable[[Cloud], EncoderResult]
    ceiling: Callable[[Cloud], float] | None
    column: str | None

    @property
    def explanation(self) -> str:
        """What the metric asks, its formula, what else makes it large, its source."""
        return inspect.getdoc(self.evaluate) or ""


def metric(
    name: str,
    *,
    unit: str,
    version: int = 1,
    across_encoders: bool = False,
    column: str | None = None,
    shuffled: bool = True,
    chance: Callable[[int], float] | None = None,
) -> Callable[[Callable[[Pair], Result]], Metric]:
    """Make a function of a pair of clouds into a metric; its docstring is the metric's explanation."""

    def make(evaluate: Callable[[Pair], Result]) -> Metric:
        return Metric(name, version, unit, evaluate, across_encoders, column, shuffled, chance)

    return make


def encoder_metric(
    name: str,
    *,
    unit: str,
    version: int = 1,
    ceiling: Callable[[Cloud], float] | None = None,
    column: str | None = None,
) -> Callable[[Callable[[Cloud], EncoderResult]], EncoderMetric]:
    """Make a function of a cloud into a metric of the encoder alone; its docstring is the metric's explanation."""

    def make(evaluate: Callable[[Cloud], EncoderResult]) -> EncoderMetric:
        return EncoderMetric(name, version, unit, evaluate, ceiling, column)

    return make
