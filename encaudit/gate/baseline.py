"""What is the next report measured by? A report that was accepted, with a sample of its images."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from encaudit.circumstances import channels, differing
from encaudit.errors import InputError
from encaudit.gate.rules import Quantity, key_of, quantity_of
from encaudit.orientation import better, is_judged
from encaudit.paired import PAIRED_METRICS, Particles, as_written
from encaudit.results import Measurement, Report, Skipped, Summary

NOT_FINITE = "encoder-not-finite"  # of the findings
IN_MEMORY = "an array of "  # what the provenance says in the place of a path

SAMPLE = 2_000


@dataclass(frozen=True)
class Baseline:
    """An accepted report; ``particles``: what is kept of its images, None where it came without particles.csv."""

    report: Report
    particles: Particles | None
    source: str = "the baseline"


def accept(report: Report, particles: Particles | None) -> Baseline:
    """Make a baseline of a report: of its images a seeded sample of at most 2,000, as particles.csv has them.

    The images on which elbo was measured are in the sample.
    """
    return Baseline(report, None if particles is None else _sampled(particles, seed_of(report)))


def quantities(report: Report) -> dict[Quantity, Measurement]:
    """Return the measurements of a report by metric and transform."""
    return {(one.metric, one.transform): one for one in report.measurements}


def seed_of(report: Report) -> int:
    """Return the seed of a report's draws."""
    seed = report.provenance.get("seed", 0)
    return seed if isinstance(seed, int) else 0


def changed_values(old: Report, new: Report) -> list[tuple[str, str, str]]:
    """Return what differs between two reports: the quantity, its old value and its new one, in words."""
    before, after = quantities(old), quantities(new)
    rows = []
    for one in dict.fromkeys([*before, *after]):
        was, now = (_in_words(side.get(one)) for side in (before, after))
        if was != now:
            rows.append((key_of(*one), was, now + _which_way(one, before.get(one), after.get(one))))
    return sorted(rows, key=lambda row: not is_judged(quantity_of(row[0])[1]))  # controls last


def differences(baseline: Report, report: Report) -> dict[str, tuple[Any, Any]]:
    """Return what makes two reports incomparable: what was audited and how, by name, as (baseline, report)."""
    one, other = _circumstances(baseline.provenance), _circumstances(report.provenance)
    found = {name: (one[name], other[name]) for name in one if one[name] != other[name]}
    was, now = channels(baseline.provenance), channels(report.provenance)
    if was is not None and now is not None and was.value != now.value:
        found[was.name] = (was.value, now.value)
    return found


def changed_circumstances(old: Report, new: Report) -> dict[str, tuple[str, str]]:
    """Return what measures of two reports depend on and is not the same, by name, as (old, new)."""
    common = quantities(old).keys() & quantities(new).keys()
    found = [pair for one in common for pair in differing(*one, old.provenance, new.provenance)]
    return {was.name: (was.value, now.value) for was, now in sorted(found, key=lambda pair: pair[0].name)}


def refuse_incomparable(baseline: Baseline, report: Report, particles: Particles | None) -> None:
    """Raise InputError where the report is of other data, another seed or other transforms; it names what differs."""
    differing = differences(baseline.report, report)
    if baseline.particles is not None and particles is not None and not differing:
        if baseline.particles.of != particles.of:
            differing["number of images audited"] = (baseline.particles.of, particles.of)
        elif missing := sorted(set(baseline.particles.index.tolist()) - set(particles.index.tolist())):
            differing["particle set"] = (f"image {missing[0]}", f"{len(missing)} images of the baseline missing")
    if differing:
        told = "; ".join(
            f"{name}: {_short(was)} in the baseline, {_short(now)} now" for name, (was, now) in differing.items()
        )
        ailing = "".join(f" {one.text}" for one in report.findings if one.code == NOT_FINITE)
        raise InputError(
            f"The report cannot be compared with {baseline.source}: {told}.{ailing} Probe again with what the "
            f"baseline has{_options(baseline.report)}. Or, if the new data are right, accept a report of them: "
            "encaudit probe ... -o DIR, then encaudit baseline DIR -o FILE --update."
        )


def _circumstances(provenance: dict[str, Any]) -> dict[str, Any]:
    images = provenance.get("images")
    images = images if isinstance(images, dict) else {}
    files = {name: _hash_of(images.get(name)) for name in ("poses", "ctf", "ind")}
    asked = provenance.get("transforms")
    return {
        "images (SHA-256)": images.get("sha256"),
        "number of images": images.get("n"),
        "images left out": images.get("left_out"),
        "poses (SHA-256)": files["poses"],
        "CTF (SHA-256)": files["ctf"],
        "--ind (SHA-256)": files["ind"],
        "seed": provenance.get("seed"),
        "transforms": sorted(set(map(str, asked))) if isinstance(asked, list) else asked,
    }


def _hash_of(file: object) -> object:
    return file.get("sha256") if isinstance(file, dict) else file


def _options(baseline: Report) -> str:
    provenance = baseline.provenance
    asked = provenance.get("transforms")
    specs = [f"-t {spec}" for spec in dict.fromkeys(map(str, asked))] if isinstance(asked, list) else []
    seed = [f"--seed {provenance['seed']}"] if "seed" in provenance else []
    images = provenance.get("images")
    of = []
    if isinstance(images, dict):
        in_memory = str(images.get("path", IN_MEMORY)).startswith(IN_MEMORY)
        of = [] if in_memory else [f"--images {images['path']}"]
        of += [f"--n {images['n']}"] if "n" in images else []
    shown = channels(provenance)
    told = [*of, *specs, *seed, *([shown.again] if shown is not None and shown.value != "none" else [])]
    return f" ({' '.join(told)})" if told else ""


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, str) and len(value) == 64:
        return value[:12]
    return "unknown" if value is None else str(value)


def _which_way(quantity: Quantity, was: Measurement | None, now: Measurement | None) -> str:
    side = better(*quantity)
    if side is None or was is None or now is None:
        return ""
    if not isinstance(was.value, Summary) or not isinstance(now.value, Summary) or was.value.median == now.value.median:
        return ""
    fell = now.value.median < was.value.median
    return " (better)" if fell == (side == "lower") else " (worse)"


def _in_words(one: Measurement | None) -> str:
    if one is None:
        return "not there"
    if isinstance(one.value, Skipped):
        return f"skipped: {one.value.skipped}"
    return f"{one.value.median:.4g}{_interval(one.value)}" + (f" (version {one.version})" if one.version > 1 else "")


def _interval(value: Summary) -> str:
    return "" if value.ci_low is None or value.ci_high is None else f" [{value.ci_low:.4g}, {value.ci_high:.4g}]"


def _chosen(particles: Particles, rng: np.random.Generator) -> np.ndarray:
    """Return positions of a sample; the images that alone have a costly quantity (elbo) are in it."""
    order = rng.permutation(len(particles))
    costly = particles.column(None, "elbo")
    if costly is not None:
        order = order[np.argsort(np.isnan(costly[order]), kind="stable")]
    return np.sort(order[:SAMPLE])


def _sampled(particles: Particles, seed: int) -> Particles:
    if len(particles) > SAMPLE:
        particles = particles.take(_chosen(particles, np.random.default_rng([seed % 2**64, *b"baseline"])))
    needed = {quantity for quantities, _ in PAIRED_METRICS.values() for quantity in quantities}
    columns = {
        name: as_written(values)
        for name, values in particles.columns.items()
        if name.rpartition("/")[2] in needed and np.isfinite(values).any()
    }
    return Particles(particles.index, particles.groups, columns, particles.of)
