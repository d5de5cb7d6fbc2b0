"""What a rule finds of a metric: kept or broken, or nothing to decide by, in one sentence."""

from dataclasses import dataclass
from math import isclose

from encaudit.errors import InputError
from encaudit.gate.baseline import Baseline, seed_of
from encaudit.gate.outcome import Kind, Outcome
from encaudit.gate.rules import Allowance, key_of
from encaudit.paired import PARTICLES, Difference, Particles, paired_difference, unpaired_difference
from encaudit.results import Measurement, Skipped, Summary

HEADLINE = "displacement_ratio"
GROWING = ("max", "max_increase")


@dataclass(frozen=True)
class Judged:
    """What a rule found; ``limit`` in the units of the metric."""

    outcome: Outcome
    limit: float
    said: str
    difference: Difference | None = None


def judge(
    kind: Kind,
    limit: float | Allowance,
    one: Measurement | None,
    other: Measurement | None,
    particles: Particles | None,
    baseline: Baseline | None,
) -> Judged:
    """Hold a metric of the report, ``one``, to a limit, beside that of the baseline, ``other``.

    Raises InputError for images that are of another audit than the report.
    """
    was = None if other is None else other.value
    bound = limit if isinstance(limit, float) else limit.of(was.median) if isinstance(was, Summary) else limit.amount
    if one is None or isinstance(one.value, Skipped):
        reason = one.value.skipped if one is not None and isinstance(one.value, Skipped) else "not measured"
        if isinstance(was, Skipped):
            return Judged("skipped", bound, f"Not measured, in the baseline neither: {reason}.")
        return Judged("failed", bound, f"Not measured: {reason}. What is not measured cannot be within its limit.")
    if not isinstance(limit, Allowance):
        return _within(kind, one.value.median, limit)
    if not isinstance(was, Summary):
        reason = was.skipped if isinstance(was, Skipped) else "it is new"
        return Judged("skipped", bound, f"The baseline has nothing to compare with: {reason}.")
    assert other is not None and baseline is not None
    if not limit.by_interval:
        return _moved(kind, one.value.median - was.median, bound, f"from {was.median:.4g} to {one.value.median:.4g}")
    return _surely_moved(kind, bound, _difference(one, other, particles, baseline))


def _within(kind: Kind, found: float, limit: float) -> Judged:
    broken = found > limit if kind in GROWING else found < limit
    side = ("above" if kind in GROWING else "below") if broken else ("at most" if kind in GROWING else "at least")
    return Judged("failed" if broken else "passed", limit, f"{found:.4g} is {side} {limit:.4g}.")


def _moved(kind: Kind, change: float, allowed: float, how: str) -> Judged:
    worse = change if kind in GROWING else -change
    verb = "rise" if kind in GROWING else "fall"
    if _beyond(worse, allowed):
        return Judged(
            "failed", allowed, f"It went {how}: a {verb} of {worse:.4g}, more than the {allowed:.4g} allowed."
        )
    return Judged("passed", allowed, f"It went {how}; a {verb} of {allowed:.4g} is allowed.")


def _surely_moved(kind: Kind, allowed: float, found: Difference) -> Judged:
    verb = "rise" if kind in GROWING else "fall"
    on = f"on {found.n:,} common images" if found.paired else "by the intervals of both reports"
    went = f"It went from {found.one:.4g} to {found.other:.4g} {on}"
    if found.low is None or found.high is None:
        return Judged("skipped", allowed, f"{went}: without an interval (too few images?) nothing is decided.", found)
    interval = f"a change of {found.low:+.3g} to {found.high:+.3g} (95 %)"
    limit = f"a {verb} of more than {allowed:.4g}"
    if _beyond(found.low if kind in GROWING else -found.high, allowed):
        return Judged("failed", allowed, f"{went}: {interval}, surely {limit}.", found)
    return Judged("passed", allowed, f"{went}: {interval}, not surely {limit}.", found)


def _beyond(change: float, allowed: float) -> bool:
    """Whether more than rounding is above: 0.8 - 0.7 is a rise of 0.1."""
    return change > allowed and not isclose(change, allowed, rel_tol=1e-9)


def _difference(one: Measurement, other: Measurement, particles: Particles | None, baseline: Baseline) -> Difference:
    assert isinstance(one.value, Summary) and isinstance(other.value, Summary)
    found = None
    if particles is not None and baseline.particles is not None:
        seed = seed_of(baseline.report)
        found = paired_difference(
            one.metric,
            one.transform,
            baseline.particles,
            particles,
            measured_on=(other.value.n, one.value.n),
            seed=seed,
        )
        if found is not None:
            _refuse_another_audit(one, one.value, found)
    return found or unpaired_difference(one.metric, one.transform, other.value, one.value)


def _refuse_another_audit(one: Measurement, value: Summary, found: Difference) -> None:
    """Where the paired images are all that the report has, they say the same, or are not its own."""
    key, tells = key_of(one.metric, one.transform), one.metric == HEADLINE and found.n == value.n
    if tells and not isclose(found.other, value.median, rel_tol=1e-3, abs_tol=1e-6):
        raise InputError(
            f"report.json and the {PARTICLES} beside it are of different audits: {key} is {value.median:.4g} in the "
            f"one and {found.other:.4g} by the other. Name a folder that encaudit probe wrote, or probe again."
        )
