"""``encaudit.assert_invariant``: does an encoder stand a transform? One line of a test."""

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from encaudit.errors import InputError
from encaudit.findings import SHARED_LATENT
from encaudit.from_python.audited import AuditReport
from encaudit.from_python.auditing import Images, audit
from encaudit.report.headline import find, interval, number
from encaudit.results import Measurement, Skipped
from encaudit.stats import MIN_GROUPS, MIN_IMAGES
from encaudit.transforms import canonical

METRIC = "displacement_ratio"
# What a test does without, unless it asks: pictures and what is asked of the decoder.
QUICK: dict[str, Any] = {"umap": False, "volumes": 0, "calibration": "none"}


def assert_invariant(
    encoder: Any,
    images: Images | None = None,
    transforms: str | Sequence[str] = "roll1",
    max_ratio: float = 0.1,
    *,
    controls: bool = False,
    **options: Any,
) -> AuditReport:
    """Do latents stay where they are when images are moved? AssertionError, with the measured table, where they do not.

    It fails where the upper end of the 95 % interval of displacement_ratio (how far latents move, in distances of
    unrelated images) is above ``max_ratio`` under any of the transforms: invariance is claimed, so it has to be shown,
    and more images show it more sharply. It fails too where nothing can be claimed, as for an encoder that gives all
    images, or most, one latent; and raises InputError for too few images for an interval.

    ``encoder`` and ``images`` are those of ``encaudit.audit``, whose options these are as well; a report that it
    returned is taken as it is. Controls, UMAP, volumes and calibration are left out unless asked for. Returns the
    report.
    """
    __tracebackhide__ = True
    if not _is_limit(max_ratio):
        raise InputError(f"max_ratio={max_ratio!r}: expected a number of 0 or more, such as 0.1.")
    specs = _specs(transforms)
    if not specs:
        raise InputError("No transform is named; expected one or more, such as 'roll1'.")
    if isinstance(encoder, AuditReport):
        if images is not None or controls or options:
            raise InputError("A report was measured already. Leave out images and options, or give the encoder.")
        report = encoder
    else:
        report = audit(encoder, images, specs, controls=controls, **(QUICK | options))
    if any(one.code == SHARED_LATENT for one in report.findings):
        raise AssertionError(next(one.text for one in report.findings if one.code == SHARED_LATENT))
    measured = {spec: _measured(report, spec) for spec in specs}
    failing = [spec for spec, one in measured.items() if _fails(one, max_ratio)]
    if failing:
        raise AssertionError(_told(measured, failing, max_ratio))
    return report


def _is_limit(value: object) -> bool:
    return isinstance(value, Real) and 0 <= float(value) < float("inf")


def _specs(transforms: object) -> list[str]:
    told = (
        [transforms] if isinstance(transforms, str) else list(transforms) if isinstance(transforms, Iterable) else None
    )
    if told is None or not all(isinstance(spec, str) for spec in told):
        raise InputError(f"transforms={transforms!r}: expected one or more specs, such as 'roll1'.")
    return [canonical(spec) for spec in told]


def _measured(report: AuditReport, spec: str) -> Measurement:
    one = find(report, METRIC, spec)
    if one is None:
        asked = report.provenance["transforms"]
        raise InputError(f"The report has no {METRIC} under {spec}; it has {', '.join(asked)}. Audit with {spec} too.")
    if not isinstance(one.value, Skipped) and one.value.ci_high is None:
        raise _too_few(one.value.n, report, spec)
    return one


def _too_few(n: int, report: AuditReport, spec: str) -> InputError:
    what = f"for an interval of {METRIC} under {spec}: nothing can be asserted."
    groups = report.audit.groups
    if n < MIN_IMAGES or groups is None:
        return InputError(f"{n} images are too few {what} Give {MIN_IMAGES} or more.")
    named = "groups" if report.provenance["groups"] == "given" else "micrographs"
    count = len(np.unique(groups[report.audit.encodings.rows(spec)]))
    return InputError(f"The {n} images are of {count} {named}, too few {what} Give {MIN_GROUPS} {named} or more.")


def _fails(one: Measurement, max_ratio: float) -> bool:
    return isinstance(one.value, Skipped) or one.value.ci_high is None or one.value.ci_high > max_ratio


def _told(measured: dict[str, Measurement], failing: list[str], max_ratio: float) -> str:
    heads = ("transform", METRIC, "95 % interval", "floor", "ceiling", "allowed")
    rows = [heads, *(_cells(spec, one, max_ratio, spec in failing) for spec, one in measured.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    skips = [f"{spec}: {one.value.skipped}" for spec, one in measured.items() if isinstance(one.value, Skipped)]
    n = max((one.value.n for one in measured.values() if not isinstance(one.value, Skipped)), default=0)
    on = f" (measured on {n:,} images)" if n else ""
    return "\n".join(
        [
            f"Not shown to be invariant under {', '.join(failing)}: the upper end of the interval has to be at most "
            f"{max_ratio:g}{on}.",
            "",
            *lines,
            "",
            *skips,
            "0: latents stay where they are; 1: a moved image lands as far from its own latent as another image's.",
        ]
    )


def _cells(spec: str, one: Measurement, max_ratio: float, failing: bool) -> tuple[str, ...]:
    if isinstance(one.value, Skipped):
        value, bounds = "skipped", ""
    else:
        value, bounds = number(one.value.median), interval(one.value)
    mark = "  <-" if failing else ""
    return spec, value, bounds, number(one.floor), number(one.ceiling), f"{max_ratio:g}{mark}"
