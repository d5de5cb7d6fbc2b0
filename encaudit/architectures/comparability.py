"""What of two audits can be compared at all, and what not, and why?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from encaudit.circumstances import Circumstance, Provenance, channels, differing, metadata
from encaudit.errors import InputError
from encaudit.orientation import is_judged
from encaudit.paired import PAIRED_METRICS, Particles
from encaudit.results import IDENTITY, Finding, Measurement, Report, Skipped

FEWEST_IMAGES = 3
NATS_OF_DECODER = ("elbo", "elbo_change")
BY_SIZE = ("recall_at_1", "recall_at_10")  # among fewer images the nearest are found more easily


@dataclass(frozen=True)
class NamedAudit:
    """An audit as its folder holds it."""

    name: str
    path: str
    report: Report
    particles: Particles

    def told(self, *names: str) -> Any:
        """Return what the provenance says under these names, one within the other; None where it says nothing."""
        found: Any = self.report.provenance
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def transforms(self) -> set[str]:
        """Return what was done to the images, without the identity."""
        specs = {one.transform for one in self.report.measurements}
        return {spec for spec in specs if spec is not None and spec != IDENTITY}

    def probes(self) -> set[str]:
        """Return the transforms that ask the encoder something: no controls, which every audit has."""
        return {spec for spec in self.transforms() - set(self.told("controls") or ()) if is_judged(spec)}


def refuse_incomparable(one: NamedAudit, other: NamedAudit) -> None:
    """Raise InputError where nothing can be compared: other images, other draws, no transform in common."""
    of_one, of_other = one.told("images", "sha256"), other.told("images", "sha256")
    if of_one != of_other:
        raise InputError(
            f"{one.path} and {other.path} are of other images (SHA-256 {_short(of_one)} and {_short(of_other)} in "
            "report.json): nothing can be compared image by image. Audit both on one stack: encaudit probe CKPT "
            "--images PATH."
        )
    seeds = one.told("seed"), other.told("seed")
    if seeds[0] != seeds[1]:
        raise InputError(
            f"{one.path} was audited with --seed {seeds[0]} and {other.path} with --seed {seeds[1]}: their random "
            f"pairs, noise and samples are not the same draws. Audit {other.path} again with --seed {seeds[0]}."
        )
    if not one.probes() & other.probes():
        raise InputError(
            f"{one.path} and {other.path} have no transform in common (but for controls): {_listed(one)} and "
            f"{_listed(other)}. Audit one of them again with the other's --transform."
        )
    common = len(np.intersect1d(one.particles.index, other.particles.index))
    if common < FEWEST_IMAGES:
        raise InputError(
            f"{one.path} and {other.path} have {common} images in common; expected {FEWEST_IMAGES} or more. Audit both "
            "with the same --ind and --n."
        )


def same_images(one: NamedAudit, other: NamedAudit) -> bool:
    """Whether two audits are of the very same rows of the stack."""
    return np.array_equal(np.sort(one.particles.index), np.sort(other.particles.index))


def why_left_out(mine: Measurement, theirs: Measurement, one: NamedAudit, other: NamedAudit) -> str | None:
    """Return why a metric of two audits is not compared; None where it can be."""
    for side, audit in ((mine, one), (theirs, other)):
        if isinstance(side.value, Skipped):
            return f"{audit.name} has none: {side.value.skipped}"
    if mine.version != theirs.version:
        return (
            f"its definition changed: version {mine.version} in {one.name}, {theirs.version} in {other.name}. Audit "
            "the older one again."
        )
    if mine.metric == "displacement":
        return "it is in units of each encoder's own latent space; displacement_ratio is not."
    if mine.metric.startswith("dimension_kl_"):
        return "the dimensions of two latent spaces are not the same ones; prior_kl is their sum."
    if mine.metric in NATS_OF_DECODER:
        noises = [audit.told("checkpoint", "decoder_noise") for audit in (one, other)]
        if noises[0] != noises[1]:
            return f"the decoders assume other noise, so their nats are not the same: {noises[0]}, and {noises[1]}"
        norms = [audit.told("checkpoint", "norm") for audit in (one, other)]
        if norms[0] != norms[1]:
            return f"pixels are scaled by other norms, so their nats are not the same: {norms[0]}, and {norms[1]}"
    told = differing(mine.metric, mine.transform, one.report.provenance, other.report.provenance)
    if told:
        said = "; ".join(f"{ours.name}: {ours.value} in {one.name}, {its.value} in {other.name}" for ours, its in told)
        again = ", ".join(ours.again for ours, _ in told)
        return f"it depends on what is not the same ({said}). Audit {other.name} again ({again})."
    if not same_images(one, other) and (mine.metric in BY_SIZE or mine.metric not in PAIRED_METRICS):
        return "it depends on all images of an audit together, and these are not the same ones. Audit the same --ind."
    return None


def remarks_on(one: NamedAudit, other: NamedAudit) -> list[Finding]:
    """Return what a reader has to know before any number."""
    found = []
    if one.told("images", "sha256") is None:
        text = (
            f"Neither {one.name} nor {other.name} tells which images it is of, so that they are the same is believed."
        )
        found.append(Finding("unknown-images", "warning", text))
    if not same_images(one, other):
        common = len(np.intersect1d(one.particles.index, other.particles.index))
        text = (
            f"{one.name} is of {len(one.particles):,} images and {other.name} of {len(other.particles):,}; compared "
            f"are the {common:,} that both have, in what each image has a value of its own for."
        )
        found.append(Finding("other-particle-set", "warning", text))
    for name in ("poses", "ctf"):
        if one.told("images", name, "sha256") != other.told("images", name, "sha256"):
            text = f"{one.name} and {other.name} had other files of {name}: some of what differs is due to these."
            found.append(Finding(f"other-{name}", "warning", text))
    provenances = one.report.provenance, other.report.provenance
    if _otherwise(metadata, *provenances) and any(audit.told("groups") for audit in (one, other)):
        text = (
            f"{one.name} and {other.name} had other --metadata: intervals, and the noise of renoise, may be by other "
            "micrographs."
        )
        found.append(Finding("other-metadata", "warning", text))
    if shown := _otherwise(channels, *provenances):
        text = f"--channels was {shown[0].value} for {one.name}, and {shown[1].value} for {other.name}."
        found.append(Finding("other-channels", "note", text))
    if one.told("precision") != other.told("precision"):
        text = f"{one.name} was encoded in {one.told('precision')}, {other.name} in {other.told('precision')}."
        found.append(Finding("other-precision", "note", text))
    for first, second in ((one, other), (other, one)):
        if alone := sorted(first.transforms() - second.transforms()):
            text = f"Only {first.name} has {', '.join(alone)}."
            found.append(Finding("transforms-of-one", "note", text))
    return found


def _otherwise(
    read: Callable[[Provenance], Circumstance | None], one: Provenance, other: Provenance
) -> tuple[Circumstance, Circumstance] | None:
    """Return what two audits were told of something, where both say and it differs."""
    ours, theirs = read(one), read(other)
    return None if ours is None or theirs is None or ours.value == theirs.value else (ours, theirs)


def _short(sha256: object) -> str:
    return "none" if sha256 is None else f"{str(sha256)[:12]}..."


def _listed(audit: NamedAudit) -> str:
    return ", ".join(sorted(audit.probes())) or "none"
