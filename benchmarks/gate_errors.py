"""How often does the gate cry wolf, and how often does it miss a worse encoder?

``python -m benchmarks.gate_errors -o CACHE`` trains encoders on the fixture's particles where CACHE does not hold them
yet (about an hour on one core), audits them, holds each to the `recommended` preset with another one as the baseline,
on bootstrap resamples of the images, and writes docs/gate_errors.md. ``--trained`` uses what is there.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import permutations, product
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.gate_pages import Case, Outcome, page, told
from benchmarks.gate_runs import (
    CALIBRATED_ON,
    HELD_OUT,
    NORMS,
    STOPPED,
    STOPPED_AT,
    TRUNCATED,
    audit_all,
    names,
    train_all,
    write_wrong_norms,
)
from encaudit.gate import Baseline, Config, check_report
from encaudit.gate.presets import RECOMMENDED
from encaudit.gate.rules import Allowance, Rule, apply_rules, key_of
from encaudit.orientation import is_judged
from encaudit.paired import PAIRED_METRICS, Particles, read_particles
from encaudit.report.document import read_report
from encaudit.results import Measurement, Report, Summary

REPEATS = 200
OF_INTERVAL = 3.92  # a 95 % interval is so many standard errors wide
ERRORS = {key: rule for key, rule in RECOMMENDED.items() if rule.level != "warn"}  # what warns fails no gate
OF_ERRORS = {key.partition("@")[0] for key in ERRORS}
MOST_PAIRS = 20  # of a worsened encoder with its baselines: a seeded choice of more


@dataclass(frozen=True)
class Audit:
    """What a gate reads of an audit: its report and its images."""

    name: str
    report: Report
    particles: Particles


def read(cache: Path, name: str) -> Audit:
    """Return an audit of the cache, with what no rule speaks of left out."""
    folder = cache / "audits" / name
    report = read_report(folder / "report.json")
    metrics = {key.partition("@")[0] for key in RECOMMENDED}
    kept = [one for one in report.measurements if one.metric in metrics and is_judged(one.transform)]
    return Audit(name, replace(report, measurements=kept), read_particles(folder / "particles.csv"))


def resampled(audit: Audit, rows: np.ndarray, rng: np.random.Generator) -> Audit:
    """Return the audit of a resample of its images, each copy an image of its own.

    What is a function of each image's values is computed again. The rest (pair_auc, mutual_information) is drawn around
    its value by its own interval, for each audit by itself: by more than it would vary on the same images.
    """
    drawn = replace(audit.particles.take(rows), index=np.arange(len(rows)), of=len(rows))
    measured = [_again(one, drawn, rng) for one in audit.report.measurements if one.metric in OF_ERRORS]
    return Audit(audit.name, replace(audit.report, measurements=measured), drawn)


def _again(one: Measurement, drawn: Particles, rng: np.random.Generator) -> Measurement:
    if not isinstance(one.value, Summary):
        return one
    value = one.value
    if one.metric in PAIRED_METRICS:
        needed, evaluate = PAIRED_METRICS[one.metric]
        columns = [drawn.column(one.transform, quantity) for quantity in needed]
        known = np.all([np.isfinite(column) for column in columns if column is not None], axis=0)
        some = drawn.take(np.flatnonzero(known))
        again = float(evaluate(some, one.transform, np.ones((1, len(some)), dtype=np.float32))[0])
        return replace(one, value=replace(value, median=again))
    if value.ci_low is None or value.ci_high is None:
        return one
    by = rng.standard_normal() * (value.ci_high - value.ci_low) / OF_INTERVAL
    moved = {name: getattr(value, name) + by for name in ("median", "ci_low", "ci_high")}
    return replace(one, value=replace(value, **moved))


def gate_fails(baseline: Audit, candidate: Audit, rules: dict[str, Rule]) -> list[str]:
    """Return what fails the gate, by the gate itself."""
    accepted = Baseline(baseline.report, baseline.particles)
    config = Config(preset="none", rules=rules)
    today = datetime.now(UTC).date()
    gate = check_report(candidate.report, candidate.particles, accepted, config, today=today, provenance={})
    return [check.id for check in gate.checks if check.blocks]


def alarms(baseline: Audit, candidate: Audit) -> bool:
    """Whether the gate fails: rule by rule, those first that are nearest to it, and none that cannot.

    A rule that goes by an interval fails only where the change itself is beyond what is allowed.
    """
    suspects = []
    found = {(one.metric, one.transform): one.value for one in candidate.report.measurements}
    accepted = {(one.metric, one.transform): one.value for one in baseline.report.measurements}
    for applied in apply_rules(ERRORS, {}, found):
        now, was = found[applied.metric, applied.transform], accepted[applied.metric, applied.transform]
        for kind, allowance in applied.rule.limits():
            if not isinstance(now, Summary) or not isinstance(was, Summary) or not isinstance(allowance, Allowance):
                suspects.append((np.inf, key_of(applied.metric, applied.transform), applied.rule))
                continue
            worse = (now.median - was.median) * (1 if kind == "max_increase" else -1)
            if worse > allowance.of(was.median):
                excess = worse / max(allowance.of(was.median), 1e-9)
                suspects.append((excess, key_of(applied.metric, applied.transform), applied.rule))
    suspects.sort(key=lambda one: -one[0])
    return any(gate_fails(baseline, candidate, {key: rule}) for _, key, rule in suspects)


def share_of_alarms(baseline: Audit, candidate: Audit, repeats: int, rng: np.random.Generator) -> float:
    """Return the share of resamples of the images on which the gate fails; both audits have the same images in each."""
    n = len(baseline.particles)
    alarmed = 0
    for _ in range(repeats):
        rows = rng.integers(n, size=n)
        alarmed += alarms(resampled(baseline, rows, rng), resampled(candidate, rows, rng))
    return alarmed / repeats


def cases(cache: Path) -> Iterator[Case]:
    """Iterate over what is to pass and what is to fail, as pairs of (baseline, candidate)."""
    plain, fresh = list(names("plain", cache, CALIBRATED_ON)), list(names("plain", cache, HELD_OUT))
    augmented = list(names("augmented", cache, CALIBRATED_ON))
    truncated = list(names("truncated", cache, TRUNCATED))
    yield Case("retrained, seeds 0 to 4", False, tuple(permutations(plain, 2)))
    with_fresh = tuple(pair for pair in permutations([*plain, *fresh], 2) if set(pair) & set(fresh))
    yield Case("retrained, with seeds 5 to 7", False, with_fresh)
    yield Case("retrained with augmentation", False, tuple(permutations(augmented, 2)))
    yield Case("no augmentation, against with", True, _some(product(augmented, plain)))
    yield Case("truncated: 2 of 30 epochs", True, _some(product(plain, truncated)))
    stopped = names("stopped", cache, STOPPED)
    yield Case(f"truncated: {STOPPED_AT} of 30 epochs", True, _some(product(plain, stopped)))
    for kind in NORMS:
        wrong = list(names(kind, cache, CALIBRATED_ON))
        yield Case(f"wrong norm: {kind}", True, _some(product(plain, wrong)))


def _some(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    every = list(pairs)
    rng = np.random.default_rng(0)
    return tuple(every[i] for i in sorted(rng.choice(len(every), min(len(every), MOST_PAIRS), replace=False)))


def judged(case: Case, audits: dict[str, Audit], repeats: int, kept: Path) -> Outcome:
    """Return how often the gate fails in a case, and by what on the images as they are; judged once, and kept."""
    asked = repr((case, repeats, RECOMMENDED))
    path = kept / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"
    if path.is_file():
        return Outcome(case, **json.loads(path.read_text()))
    shares, fired = [], []
    for place, (one, other) in enumerate(track(case.pairs, description=case.name, transient=True)):
        rng = np.random.default_rng([place, *case.name.encode()])
        whole = gate_fails(audits[one], audits[other], dict(RECOMMENDED))
        assert bool(whole) == alarms(audits[one], audits[other]), "rule by rule the gate says something else"
        fired.append(whole)
        shares.append(share_of_alarms(audits[one], audits[other], repeats, rng))
    kept.mkdir(exist_ok=True)
    path.write_text(json.dumps({"shares": shares, "fired": fired}))
    return Outcome(case, shares, fired)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, audit, judge, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--cache", type=Path, required=True, help="folder of trained runs and their audits")
    parser.add_argument("--trained", action="store_true", help="train and audit nothing; judge what is there")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    options = parser.parse_args(arguments)
    if not options.trained:
        train_all(options.cache)
        write_wrong_norms(options.cache)
        audit_all(options.cache)
    every = [case for case in cases(options.cache) if case.pairs]
    audits = {name: read(options.cache, name) for case in every for pair in case.pairs for name in pair}
    outcomes = [judged(case, audits, options.repeats, options.cache / "outcomes") for case in every]
    reports = {name: audit.report for name, audit in audits.items()}
    Console(width=130).print(told(outcomes))
    (options.docs / "gate_errors.md").write_text(page(outcomes, reports, options.repeats), encoding="utf-8")


if __name__ == "__main__":
    main()
