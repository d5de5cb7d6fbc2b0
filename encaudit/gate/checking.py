"""Is this report as good as the accepted one? Each rule on each quantity, one outcome and one sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import isclose
from typing import Any

from encaudit.errors import InputError
from encaudit.gate.baseline import Baseline, quantities, refuse_incomparable, seed_of
from encaudit.gate.config import Config
from encaudit.gate.outcome import Check, Gate, Kind, Outcome
from encaudit.gate.rules import EVERY, Allowance, Applied, apply_rules, key_of, quantity_of
from encaudit.gate.waivers import waive
from encaudit.paired import PARTICLES, Difference, Particles, paired_difference, unpaired_difference
from encaudit.results import Finding, Measurement, Report, Skipped, Summary

WORTHLESS = (
    "constant-encoder",
    "collapsed-posterior",
    "shared-latent",
)  # findings that make an encoder no measure for others
HEADLINE = "displacement_ratio"
GROWING = ("max", "max_increase")


@dataclass(frozen=True)
class Judged:
    """What a rule found; ``limit`` in the units of the metric."""

    outcome: Outcome
    limit: float
    said: str
    difference: Difference | None = None


def check_report(
    report: Report,
    particles: Particles | None,
    baseline: Baseline | None,
    config: Config,
    *,
    today: date,
    provenance: dict[str, Any],
) -> Gate:
    """Hold a report to its rules; ``today`` (UTC) decides on waivers.

    Raises InputError for a baseline of other data, seed, transforms or metric versions, for a rule that needs a
    baseline where there is none, and where no rule applies.
    """
    measured = quantities(report)
    accepted = {} if baseline is None else quantities(baseline.report)
    everything = list(dict.fromkeys([*measured, *accepted]))
    config.refuse_unknown(everything)
    rules = apply_rules(config.preset_rules, config.rules, everything)
    if baseline is None:
        _refuse_without_baseline(rules, config)
    else:
        refuse_incomparable(baseline, report, particles)
    checks = []
    for applied in rules:
        one = measured.get((applied.metric, applied.transform))
        other = accepted.get((applied.metric, applied.transform))
        _refuse_unmeasured(applied, one, other, baseline)
        _refuse_another_sample(applied, one, other)
        if not applied.named and not _is_measured(one) and not _is_measured(other):
            continue  # an encoder without logvar, say, then and now
        for kind, limit in applied.rule.limits():
            judged = _judged(kind, limit, one, other, particles, baseline)
            checks.append(_check(applied, kind, judged, one, other))
    if not checks:
        raise InputError(
            f"No rule applies to anything in the report (preset {config.preset}, {len(config.rules)} own rules): a "
            "gate without checks would always pass. Add a rule, or choose a preset."
        )
    _refuse_undecided(checks)
    checks, remarks = waive(checks, config.waivers, today)
    return Gate(
        provenance,
        checks,
        [
            *_of_the_reports(report, baseline),
            *_of_the_precision(report, baseline),
            *_of_the_norm(report, baseline),
            *_of_the_columns(particles, baseline),
            *_of_the_comparison(checks, particles, baseline),
            *_of_idle_rules(config, rules),
            *remarks,
        ],
    )


def _refuse_undecided(checks: list[Check]) -> None:
    """A gate that decides next to nothing would pass a broken encoder as well."""
    blocking = [check for check in checks if check.level == "error"]
    undecided = [check for check in blocking if check.outcome == "skipped" and check.found is not None]
    if len(undecided) * 2 > len(blocking) and all(check.baseline is not None for check in undecided):
        raise InputError(
            f"{len(undecided)} of {len(blocking)} checks of level error cannot be decided: {undecided[0].id}: "
            f"{undecided[0].text} Audit more images (20 or more, of 5 micrographs or more where these are known), and "
            "accept that as the baseline."
        )
    if blocking and all(check.outcome == "skipped" for check in blocking):
        raise InputError(
            f"No check of level error could be carried out ({len(blocking)} were asked for): {blocking[0].id}: "
            f"{blocking[0].text} Such a gate would always pass. Accept a report that measures them, or choose other "
            "rules."
        )


def _refuse_without_baseline(rules: list[Applied], config: Config) -> None:
    for applied in rules:
        for kind, limit in applied.rule.limits():
            if isinstance(limit, Allowance):
                raise InputError(
                    f"{key_of(applied.metric, applied.transform)}/{kind} is measured from a baseline, and there is "
                    "none. Name it with --baseline FILE (encaudit baseline REPORT -o FILE makes one), or have rules of "
                    f'max and min alone: preset = "none" in {config.path or "encaudit.toml"}.'
                )


def _refuse_unmeasured(
    applied: Applied, one: Measurement | None, other: Measurement | None, baseline: Baseline | None
) -> None:
    key = key_of(applied.metric, applied.transform)
    off = f'Probe with the options of the baseline, or switch the rule off: "{key}" = {{ level = "off" }}.'
    if one is None and other is None:
        raise InputError(f"Nobody measured {key}, which a rule names. {off}")
    if one is None and other is not None and isinstance(other.value, Summary):
        raise InputError(f"The report has no {key}, which the baseline has and a rule asks for. {off}")
    if one is not None and other is not None and one.version != other.version:
        assert baseline is not None
        raise InputError(
            f"{key} is of version {one.version} in the report and {other.version} in {baseline.source}: the same "
            "latents have other numbers. Make both with one encaudit, or accept the new one: encaudit baseline REPORT "
            "-o FILE --update."
        )


def _refuse_another_sample(applied: Applied, one: Measurement | None, other: Measurement | None) -> None:
    """Places among 25 images are no places among 1,000."""
    if one is None or other is None or not isinstance(one.value, Summary) or not isinstance(other.value, Summary):
        return
    compared = any(isinstance(limit, Allowance) for _, limit in applied.rule.limits())
    if compared and one.value.n != other.value.n:
        key = key_of(applied.metric, applied.transform)
        raise InputError(
            f"{key} is of {one.value.n:,} images in the report and of {other.value.n:,} in the baseline. Probe with "
            "the options of the baseline (--sample-n, --volumes), or switch the rule off: "
            f'"{key}" = {{ level = "off" }}.'
        )


def _judged(
    kind: Kind,
    limit: float | Allowance,
    one: Measurement | None,
    other: Measurement | None,
    particles: Particles | None,
    baseline: Baseline | None,
) -> Judged:
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


def _check(applied: Applied, kind: Kind, judged: Judged, one: Measurement | None, other: Measurement | None) -> Check:
    key = key_of(applied.metric, applied.transform)
    found, baseline = _value(one), _value(other)
    change = None if found is None or baseline is None else found - baseline
    difference = judged.difference
    return Check(
        id=f"{key}/{kind}",
        metric=applied.metric,
        transform=applied.transform,
        kind=kind,
        level="warn" if applied.rule.level == "warn" else "error",
        limit=judged.limit,
        found=found,
        baseline=baseline,
        change=change if difference is None else difference.change,
        low=None if difference is None else difference.low,
        high=None if difference is None else difference.high,
        outcome=judged.outcome,
        text=judged.said,
    )


def _of_the_reports(report: Report, baseline: Baseline | None) -> Iterator[Finding]:
    """Hand on what the report itself warns of, where the baseline was without it, and what ails the baseline."""
    accepted = [] if baseline is None else baseline.report.findings
    known = {one.code for one in accepted}
    for one in report.findings:
        if one.level != "note" and one.code not in known:
            yield Finding(one.code, "warning", f"The report: {one.text}")
    for one in accepted:
        if one.code in WORTHLESS:
            yield Finding(
                f"baseline-{one.code}",
                "warning",
                f"The baseline was accepted in spite of this: {one.text} An encoder that works may fail beside it. "
                "Accept a report of one that does.",
            )


def _of_the_precision(report: Report, baseline: Baseline | None) -> Iterator[Finding]:
    now = report.provenance.get("precision")
    was = now if baseline is None else baseline.report.provenance.get("precision")
    if was != now:
        yield Finding(
            "precision-differs",
            "warning",
            f"The report was encoded in {now}, the baseline in {was}: a part of the change may be rounding.",
        )


def _of_the_norm(report: Report, baseline: Baseline | None) -> Iterator[Finding]:
    """Two trainings on the same images have one norm; another one is a mistake, or another way to prepare pixels."""
    now, was = (_norm(one) for one in (report, report if baseline is None else baseline.report))
    if None not in (now, was) and now != was:
        yield Finding(
            "norm-differs",
            "warning",
            f"The config of the checkpoint has norm {now} (mean, standard deviation of pixels), that of the baseline "
            f"{was}: the encoder sees images on another scale, and elbo is in other units, so that a rise of it says "
            "nothing.",
        )


def _norm(report: Report) -> object:
    checkpoint = report.provenance.get("checkpoint")
    return checkpoint.get("norm") if isinstance(checkpoint, dict) else None


def _of_idle_rules(config: Config, rules: list[Applied]) -> Iterator[Finding]:
    active = {applied.metric for applied in rules}
    for key, rule in config.rules.items():
        metric, transform = quantity_of(key)
        if transform == EVERY and metric not in active and next(rule.limits(), None) is not None:
            yield Finding("rule-idle", "warning", f"The rule {key!r} applies to nothing that was measured.")


def _value(one: Measurement | None) -> float | None:
    return one.value.median if one is not None and isinstance(one.value, Summary) else None


def _is_measured(one: Measurement | None) -> bool:
    return _value(one) is not None


def _of_the_columns(particles: Particles | None, baseline: Baseline | None) -> Iterator[Finding]:
    if particles is None or baseline is None or baseline.particles is None:
        return
    missing = sorted(baseline.particles.columns.keys() - particles.columns.keys())
    if missing:
        yield Finding(
            "columns-missing",
            "warning",
            f"{PARTICLES} lacks what the baseline has of each image ({', '.join(missing[:3])}"
            f"{f' and {len(missing) - 3} more' if len(missing) > 3 else ''}), so that this is not compared image by "
            "image.",
        )


def _of_the_comparison(
    checks: list[Check], particles: Particles | None, baseline: Baseline | None
) -> Iterator[Finding]:
    if any(check.low is not None for check in checks) and baseline is not None:
        without = "the baseline" if baseline.particles is None else "the report" if particles is None else None
        if without is not None:
            yield Finding(
                "not-paired",
                "warning",
                f"{without.capitalize()} has no values image by image (particles.csv), so differences stand on the "
                "intervals of both reports as if they were of other images: wider, and small regressions pass.",
            )
    skipped = [check.id for check in checks if check.outcome == "skipped"]
    if skipped:
        yield Finding(
            "checks-skipped",
            "note" if len(skipped) < len(checks) else "warning",
            f"{len(skipped)} of {len(checks)} checks could not be carried out: {', '.join(skipped[:5])}"
            f"{' ...' if len(skipped) > 5 else ''}.",
        )
