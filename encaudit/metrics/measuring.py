"""From encodings to measurements: every metric, under every transform, between its floor and its ceiling."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from encaudit.errors import InputError
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.metric import METRICS, Metric, PerImage, Result, WholeSet
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Latents, Measurement, Skipped, Summary
from encaudit.stats import summarize_dataset, summarize_images

NO_COMMON_FRAME = Skipped("two encoders' latent spaces have no common frame")
FEWEST_IMAGES = 3  # with two, every image's random partner is the only other one


@dataclass(frozen=True)
class Measured:
    """What was measured: a measurement for each metric and transform, and columns of per-image values.

    ``particles[spec][column]`` (``n``, in the order of the encodings): random_distance, displacement, rank, and sigma
    and kl where the encoder states a logvar; no column for the bare ``untrained``, which has another frame.
    """

    measurements: list[Measurement]
    particles: dict[str, dict[str, np.ndarray]]


def measure(
    encodings: Encodings,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Measured:
    """Measure everything that is registered, under every transform that was encoded.

    ``groups`` (``n``, any dtype) says which images were sampled together, such as their micrographs.
    ``on_progress`` is told, in a few words, what comes next. The same seed gives the same numbers.

    Raises InputError for latents that are not finite, and for fewer than 3 images.
    """
    _check(encodings)
    report = on_progress or (lambda _: None)
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1].reshape(len(encodings.reference))
    scale = _Scale(Cloud(encodings.reference, codes, seed), encodings.moved.get(IDENTITY), report)
    scale_of_untrained = scale
    if UNTRAINED in encodings.moved:
        scale_of_untrained = _Scale(Cloud(encodings.moved[UNTRAINED], codes, seed), None, report)
    measured = Measured([], {})
    for spec in encodings.moved:
        reference, moved = encodings.pair(spec)
        used = scale if reference is encodings.reference else scale_of_untrained
        results = used.floor if spec == IDENTITY else _evaluate_all(Pair(used.cloud, moved), spec, report)
        measured.measurements.extend(_measurement(METRICS.get(name), spec, results[name], used) for name in METRICS)
        measured.particles[spec] = _columns(results, used.cloud) if spec != UNTRAINED else {}
    return measured


class _Scale:
    """Floor and ceiling of every metric, for one reference."""

    def __init__(self, cloud: Cloud, identity: Latents | None, report: Callable[[str], None]) -> None:
        self.cloud = cloud
        self._identity = cloud.latents if identity is None else identity
        self._report = report

    @cached_property
    def floor(self) -> dict[str, Result]:
        """Results for the images encoded again, as they are."""
        return _evaluate_all(Pair(self.cloud, self._identity), IDENTITY, self._report)

    @cached_property
    def ceiling(self) -> dict[str, float | None]:
        """Headlines for shuffled pairs, or the chance level of metrics to which these say nothing."""
        shuffled, n = self.cloud.shuffled(), len(self.cloud)
        headlines: dict[str, float | None] = {}
        for name in METRICS:
            chosen = METRICS.get(name)
            if chosen.shuffled:
                self._report(f"shuffled pairs: {name}")
                headlines[name] = headline(_evaluate(chosen, shuffled))
            else:
                headlines[name] = None if chosen.chance is None else chosen.chance(n)
        return headlines


def _evaluate_all(pair: Pair, spec: str, report: Callable[[str], None]) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for name in METRICS:
        chosen = METRICS.get(name)
        if spec == UNTRAINED and not chosen.across_encoders:
            results[name] = NO_COMMON_FRAME
        else:
            report(f"{spec}: {name}")
            results[name] = _evaluate(chosen, pair)
    return results


def _evaluate(chosen: Metric, pair: Pair) -> Result:
    with np.errstate(over="ignore", invalid="ignore"):
        return _finite(chosen.evaluate(pair))


def _finite(result: Result) -> Result:
    """Turn numbers beyond float64 into a skip; they come from extreme logvars."""
    values = result.values if isinstance(result, PerImage) else result.value if isinstance(result, WholeSet) else 0
    if np.isfinite(np.abs(values).sum()):  # the sum, so that the mean is finite too
        return result
    return Skipped("the numbers leave the range of float64: the encoder's mu or logvar is extreme")


def headline(result: Result) -> float | None:
    """Return the median of a per-image quantity, the value of a quantity of the data set, None for a skip."""
    if isinstance(result, PerImage):
        return float(np.median(result.values))
    return result.value if isinstance(result, WholeSet) else None


def _measurement(of: Metric, spec: str, result: Result, scale: _Scale) -> Measurement:
    floor, ceiling = headline(scale.floor[of.name]), scale.ceiling[of.name]
    value = _summary(result, scale.cloud)
    if result is NO_COMMON_FRAME:
        floor, ceiling = None, None
    return Measurement(of.name, of.version, spec, of.unit, value, floor, ceiling)


def _summary(result: Result, cloud: Cloud) -> Summary | Skipped:
    if isinstance(result, PerImage):
        return summarize_images(result.values, cloud.groups, cloud.seed)
    if isinstance(result, WholeSet):
        return summarize_dataset(result.value, result.interval, len(cloud))
    return result


def _columns(results: dict[str, Result], cloud: Cloud) -> dict[str, np.ndarray]:
    columns = {"random_distance": cloud.random_distance}
    for name, result in results.items():
        column = METRICS.get(name).column
        if column is not None and isinstance(result, PerImage):
            columns[column] = result.values
    return columns


def _check(encodings: Encodings) -> None:
    n = len(encodings.reference)
    if n < FEWEST_IMAGES:
        raise InputError(
            f"Found {n} image{'' if n == 1 else 's'} with latents, but measures compare images with each other and "
            f"need at least {FEWEST_IMAGES}: choose more with --n or --ind."
        )
    for spec, latents in {"the unmoved images": encodings.reference, **encodings.moved}.items():
        finite = np.isfinite(latents.mu).all(axis=1)
        if latents.logvar is not None:
            finite &= np.isfinite(latents.logvar).all(axis=1)
        if not finite.all():
            rows = latents.index[~finite]
            named = ", ".join(str(row) for row in rows[:10]) + (", ..." if len(rows) > 10 else "")
            raise InputError(
                f"The encoder gave latents that are not finite numbers for {len(rows)} of {n} images under {spec} "
                f"(stack rows {named}): look for constant images or bad CTF rows, or leave them out with --ind."
            )
