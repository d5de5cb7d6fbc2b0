"""From encodings to measurements: every metric, under every transform, between its floor and its ceiling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from encaudit.errors import InputError
from encaudit.metrics.cloud import Cloud, Pair
from encaudit.metrics.encoder_alone import measure_encoder
from encaudit.metrics.metric import Metric, PerImage, Result, WholeSet
from encaudit.metrics.registered import METRICS
from encaudit.metrics.scale import FEWEST_IMAGES, NO_COMMON_FRAME, Scale, Scales, evaluate_all, headline
from encaudit.pairs import Neighbours
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Measurement, Skipped, Summary
from encaudit.stats import group_codes, summarize_dataset, summarize_images


@dataclass(frozen=True)
class Measured:
    """What was measured: a measurement for each metric and transform, and columns of per-image values.

    ``particles[spec][column]`` (in the order of ``encodings.rows(spec)``, the images that the transform covers):
    random_distance, displacement, rank, and sigma and kl where a logvar is stated; no column for the bare
    ``untrained``, which has another frame, nor for fewer than 3 images. ``of_encoder``: columns that no transform has a
    part in, of all images. ``neighbours`` are those of the images as they
    are, among all of them: of all images, or of the sample that the measures ask.
    """

    measurements: list[Measurement]
    particles: dict[str, dict[str, np.ndarray]]
    of_encoder: dict[str, np.ndarray]
    neighbours: Neighbours


def measure(
    encodings: Encodings,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Measured:
    """Measure everything that is registered, under every transform that was encoded, and of the encoder alone.

    ``groups`` (``n``, any dtype) says which images were sampled together, such as their micrographs. A transform
    that covers only a part of the images is measured on that part: its reference, floor, ceiling and groups are too.
    ``on_progress`` is told, in a few words, what comes next. The same seed gives the same numbers.

    Raises InputError for latents that are not finite, and for fewer than 3 images.
    """
    _check(encodings)
    report = on_progress or (lambda _: None)
    codes = None if groups is None else group_codes(groups)
    images = Cloud(encodings.reference, codes, seed)
    scales = Scales(encodings, images, report)
    measured = Measured([], {}, {}, images.neighbours)
    for spec, moved in encodings.moved.items():
        scale = scales.of(spec)
        results = scale.floor if spec == IDENTITY else evaluate_all(Pair(scale.cloud, moved), spec, report)
        measured.measurements.extend(_measurement(METRICS.get(name), spec, results[name], scale) for name in METRICS)
        measured.particles[spec] = _columns(results, scale.cloud) if spec != UNTRAINED else {}
    of_encoder, columns = measure_encoder(images, report)
    measured.measurements.extend(of_encoder)
    measured.of_encoder.update(columns)
    return measured


def _measurement(of: Metric, spec: str, result: Result, scale: Scale) -> Measurement:
    floor, ceiling = headline(scale.floor[of.name]), scale.ceiling[of.name]
    if result is NO_COMMON_FRAME:
        floor, ceiling = None, None
    return Measurement(of.name, of.version, spec, of.unit, summary(result, scale.cloud), floor, ceiling)


def summary(result: Result, cloud: Cloud) -> Summary | Skipped:
    """Return what is reported of a result: quantiles over images, or the one value, with its interval."""
    if isinstance(result, PerImage):
        return summarize_images(result.values, cloud.groups, result.interval)
    if isinstance(result, WholeSet):
        return summarize_dataset(result.value, result.interval, len(cloud))
    return result


def _columns(results: dict[str, Result], cloud: Cloud) -> dict[str, np.ndarray]:
    if len(cloud) < FEWEST_IMAGES:
        return {}
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
                f"The encoder gave latents that are not finite numbers for {len(rows)} of {len(latents)} images "
                f"under {spec} (stack rows {named}): look for constant images or bad CTF rows, or leave them out with "
                "--ind."
            )
