"""What has to be known beside the checks: of the reports, of how they were compared, and of rules that do nothing."""

from collections.abc import Iterable, Iterator

from encaudit.circumstances import metadata
from encaudit.gate.baseline import Baseline
from encaudit.gate.config import Config
from encaudit.gate.outcome import Check
from encaudit.gate.rules import EVERY, KINDS, Applied, limitless, quantity_of
from encaudit.paired import PARTICLES, Particles
from encaudit.results import Finding, Report

# findings that make an encoder no measure for others
WORTHLESS = ("constant-encoder", "collapsed-posterior", "shared-latent")


def remarks_on(
    checks: list[Check],
    report: Report,
    particles: Particles | None,
    baseline: Baseline | None,
    config: Config,
    rules: Iterable[Applied],
) -> Iterator[Finding]:
    """Iterate over what a reader has to know before trusting the outcome."""
    yield from _of_the_reports(report, baseline)
    yield from _of_the_precision(report, baseline)
    yield from _of_the_norm(report, baseline)
    yield from _of_the_metadata(report, baseline)
    yield from _of_the_columns(particles, baseline)
    yield from _of_the_comparison(checks, particles, baseline)
    yield from _of_idle_rules(config, rules)


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


def _of_the_metadata(report: Report, baseline: Baseline | None) -> Iterator[Finding]:
    was = None if baseline is None else metadata(baseline.report.provenance)
    now = metadata(report.provenance)
    grouped = [one.provenance.get("groups") for one in (report, *([] if baseline is None else [baseline.report]))]
    if was is not None and now is not None and was.value != now.value and any(grouped):
        yield Finding(
            "metadata-differs",
            "warning",
            f"{was.name} is {was.value} of the baseline and {now.value} of the report: intervals, and the noise of "
            "renoise, may be by other micrographs.",
        )


def _norm(report: Report) -> object:
    checkpoint = report.provenance.get("checkpoint")
    return checkpoint.get("norm") if isinstance(checkpoint, dict) else None


def _of_idle_rules(config: Config, rules: Iterable[Applied]) -> Iterator[Finding]:
    active = {applied.metric for applied in rules}
    for key, rule in config.rules.items():
        metric, transform = quantity_of(key)
        if transform == EVERY and metric not in active and next(rule.limits(), None) is not None:
            yield Finding("rule-idle", "warning", f"The rule {key!r} applies to nothing that was measured.")
    for key in limitless(config.preset_rules, config.rules):
        yield Finding(
            "rule-without-limit",
            "warning",
            f"The rule {key!r} has no limit, its own or of the preset {config.preset}, and asks for nothing. Give it "
            f"{', '.join(KINDS[:-1])} or {KINDS[-1]}, or remove it.",
        )


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
