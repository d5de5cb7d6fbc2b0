"""Every metric of one pair of clouds, and the floor and the ceiling that belong to one reference."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import numpy as np

from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.metric import PerImage, Result, WholeSet
from encaudit.metrics.registered import METRICS
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Latents, Skipped
from encaudit.stats import group_codes

T = TypeVar("T")
R = TypeVar("R")

NO_COMMON_FRAME = Skipped("two encoders' latent spaces have no common frame")
FEWEST_IMAGES = 3  # with two, every image's random partner is the only other one


class Scale:
    """Floor and ceiling of every metric, for one reference."""

    def __init__(self, cloud: Cloud, identity: Latents | None, report: Callable[[str], None]) -> None:
        self.cloud = cloud
        self._identity = cloud.latents if identity is None else identity
        self._report = report

    @cached_property
    def floor(self) -> dict[str, Result]:
        """Results for the images encoded again, as they are."""
        return evaluate_all(Pair(self.cloud, self._identity), IDENTITY, self._report)

    @cached_property
    def ceiling(self) -> dict[str, float | None]:
        """Headlines for shuffled pairs, or the chance level of metrics to which these say nothing."""
        if len(self.cloud) < FEWEST_IMAGES:
            return dict.fromkeys(METRICS)
        shuffled, n = self.cloud.shuffled(), len(self.cloud)
        headlines: dict[str, float | None] = {}
        for name in METRICS:
            chosen = METRICS.get(name)
            if chosen.shuffled:
                self._report(f"shuffled pairs: {name}")
                headlines[name] = headline(finite(chosen.evaluate, shuffled))
            else:
                headlines[name] = None if chosen.chance is None else chosen.chance(n)
        return headlines


class Scales:
    """The scale of each transform: its reference is the encoder's, or the untrained one's, on the images it covers."""

    def __init__(self, encodings: Encodings, images: Cloud, report: Callable[[str], None]) -> None:
        self._encodings, self._images, self._report = encodings, images, report
        self._known: dict[tuple[str | None, bytes], Scale] = {}

    def of(self, spec: str) -> Scale:
        """Return the scale of a transform; transforms with the same reference on the same images share one."""
        reference, _ = self._encodings.pair(spec)
        other, rows = self._encodings.other_reference(spec), self._encodings.rows(spec)
        key = (other, rows.tobytes())
        if key not in self._known:
            identity = None if other is not None else self._identity(rows)
            self._known[key] = Scale(self._cloud(reference, rows), identity, self._report)
        return self._known[key]

    def _cloud(self, reference: Latents, rows: np.ndarray) -> Cloud:
        images = self._images
        if reference is images.latents:
            return images
        groups = None if images.groups is None else group_codes(images.groups[rows])
        return Cloud(reference, groups, images.seed)

    def _identity(self, rows: np.ndarray) -> Latents | None:
        identity = self._encodings.moved.get(IDENTITY)
        if identity is None or len(identity) != len(self._encodings.reference):
            return None
        return identity if len(rows) == len(identity) else identity.take(rows)


def evaluate_all(pair: Pair, spec: str, report: Callable[[str], None]) -> dict[str, Result]:
    """Return the result of every metric, by name, for latents moved by a transform."""
    if len(pair) < FEWEST_IMAGES:
        few = Skipped(f"{len(pair)} images are too few to compare with each other")
        return dict.fromkeys(METRICS, few)
    results: dict[str, Result] = {}
    for name in METRICS:
        chosen = METRICS.get(name)
        if spec == UNTRAINED and not chosen.across_encoders:
            results[name] = NO_COMMON_FRAME
        else:
            report(f"{spec}: {name}")
            results[name] = finite(chosen.evaluate, pair)
    return results


def finite(evaluate: Callable[[T], R], of: T) -> R | Skipped:
    """Evaluate, and turn numbers beyond float64 into a skip; they come from extreme logvars."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        result = evaluate(of)
        values = getattr(result, "values", getattr(result, "value", 0))
        if np.isfinite(np.abs(values).sum()):  # the sum, so that the mean is finite too
            return result
    return Skipped("the numbers leave the range of float64: the encoder's mu or logvar is extreme")


def headline(result: Result) -> float | None:
    """Return the median of a per-image quantity, the value of a quantity of the data set, None for a skip."""
    if isinstance(result, PerImage):
        return float(np.median(result.values))
    return result.value if isinstance(result, WholeSet) else None
