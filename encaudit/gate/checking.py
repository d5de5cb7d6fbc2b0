"""Is this report as good as the accepted one? Each rule on each quantity, one outcome and one sentence."""

from datetime import date
from typing import Any

from encaudit.circumstances import differing
from encaudit.errors import InputError
from encaudit.gate.baseline import Baseline, quantities, refuse_incomparable
from encaudit.gate.config import Config
from encaudit.gate.judging import Judged, judge
from encaudit.gate.outcome import Check, Gate, Kind
from encaudit.gate.remarks import remarks_on
from encaudit.gate.rules import Allowance, Applied, apply_rules, key_of
from encaudit.gate.waivers import waive
from encaudit.paired import Particles
from encaudit.results import Measurement, Report, Summary


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
        _refuse_other_circumstances(applied, one, other, report, baseline)
        if not applied.named and not _is_measured(one) and not _is_measured(other):
            continue  # an encoder without logvar, say, then and now
        for kind, limit in applied.rule.limits():
            judged = judge(kind, limit, one, other, particles, baseline)
            checks.append(_check(applied, kind, judged, one, other))
    if not checks:
        raise InputError(
            f"No rule applies to anything in the report (preset {config.preset}, {len(config.rules)} own rules): a "
            "gate without checks would always pass. Add a rule, or choose a preset."
        )
    _refuse_undecided(checks)
    checks, of_waivers = waive(checks, config.waivers, today)
    told = remarks_on(checks, report, particles, baseline, config, rules)
    return Gate(provenance, checks, [*told, *of_waivers])


def _refuse_undecided(checks: list[Check]) -> None:
    """A gate that decides next to nothing would pass a broken encoder as well.

    What only one side has, or neither, is not counted: more images would not decide it.
    """
    blocking = [check for check in checks if check.level == "error"]
    decided = [check for check in blocking if check.outcome != "skipped"]
    undecided = [
        check for check in blocking if check.outcome == "skipped" and None not in (check.found, check.baseline)
    ]
    if len(undecided) > len(decided):
        raise InputError(
            f"{len(undecided)} of {len(undecided) + len(decided)} checks of level error that both reports have values "
            f"for cannot be decided: {undecided[0].id}: "
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


def _refuse_other_circumstances(
    applied: Applied, one: Measurement | None, other: Measurement | None, report: Report, baseline: Baseline | None
) -> None:
    """The worst of 8 rolls is no worst of 24."""
    if baseline is None or not _is_measured(one) or not _is_measured(other):
        return
    if not any(isinstance(limit, Allowance) for _, limit in applied.rule.limits()):
        return
    pairs = differing(applied.metric, applied.transform, baseline.report.provenance, report.provenance)
    if pairs:
        key = key_of(applied.metric, applied.transform)
        told = "; ".join(f"{was.name}: {was.value} in the baseline, {now.value} in the report" for was, now in pairs)
        again = ", ".join(was.again for was, _ in pairs)
        raise InputError(
            f"{key} depends on what is not the same ({told}). Probe again with what the baseline has ({again}), or "
            f'switch the rule off: "{key}" = {{ level = "off" }}.'
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


def _value(one: Measurement | None) -> float | None:
    return one.value.median if one is not None and isinstance(one.value, Summary) else None


def _is_measured(one: Measurement | None) -> bool:
    return _value(one) is not None
