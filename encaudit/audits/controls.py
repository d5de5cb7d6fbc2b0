"""Which transforms are carried out, and beside which controls?

A displacement alone says nothing: it is read beside what must not move (identity, covariant roll), what has to
(shuffled pairs, noise, an untrained network), and what a fresh draw of the image's own noise does (renoise).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import get_type_hints

import numpy as np
from torch import Tensor

from encaudit.audits.idle import refuse_idle
from encaudit.audits.opening import Subject
from encaudit.audits.options import AuditOptions
from encaudit.dose import doses_within, grid_specs
from encaudit.encoders.rendering import why_not_rendered
from encaudit.errors import InputError
from encaudit.images.noise_power import NoisePower, assumed_white, estimate_noise_power
from encaudit.probe import Sample, sample_rows
from encaudit.results import RENOISE, RENOISE_AGAIN, UNTRAINED, Finding
from encaudit.transforms import DEFAULT_SPECS, Chain, SpecTransform, parse_transform, split_chain
from encaudit.transforms.clean_images import CleanImages
from encaudit.transforms.spec import kind_said
from encaudit.types import ImageBatch, Reinitializable, Renderer
from encaudit.verdicts import POSITIVE_CONTROL, is_probe, renoise_control

CLEAN, NOISE_POWER = "clean", "noise_power"
COMPARED = 200  # images


@dataclass(frozen=True)
class Plan:
    """What the pass does: ``transforms`` to all images, those of ``sample`` to some.

    ``shown`` are the canonical specs that are measured, those ``asked`` for first; doses and the grid have measures of
    their own. ``renoise`` is the control that others are compared with. ``why_no_images`` says why the decoder draws no
    images, None where it does; ``missing`` which control there is none of, and why.
    """

    transforms: tuple[SpecTransform, ...]
    sample: Sample
    shown: tuple[str, ...]
    asked: tuple[str, ...]
    renoise: str | None
    why_no_images: str | None
    missing: tuple[Finding, ...]

    @property
    def files(self) -> list[str]:
        """The files that transforms of these read, such as noise-free images."""
        return _files([*self.transforms, *self.sample.transforms])

    @property
    def drawn(self) -> tuple[str, ...]:
        """The specs that have pictures of their own: what was asked for, and the two controls worth a look."""
        return tuple(spec for spec in self.shown if spec in self.asked or spec in (RENOISE, POSITIVE_CONTROL))


def plan(options: AuditOptions, asked: Sequence[SpecTransform], subject: Subject) -> Plan:
    """Join what was asked for (the default set, if nothing was) with the controls that these images allow.

    Raises InputError for something asked for that cannot be done; a control that cannot is named in ``missing``.
    """
    first = subject.stack.read(np.arange(1))
    probes = list({str(one): one for one in asked}.values()) or _defaults(first)
    refuse_idle(probes, subject.stack, options.seed)
    known = {str(transform) for transform in probes}
    controls: list[SpecTransform] = []
    missing: list[Finding] = []
    why_no_images = unknown_noise = why_not_rendered(subject.opened.encoder, first)
    if options.controls:
        controls = [parse_transform(spec) for spec in _standing(subject, first, probes) if spec not in known]
        if not isinstance(subject.opened.encoder, Reinitializable):
            missing.append(
                _lacks(
                    "untrained",
                    "the encoder gives no way to make it anew (reset_parameters() of every part, or untrained(seed))",
                )
            )
        if first.shift_px is None:
            missing.append(_lacks("positive", "these images have no stored translations that could move along"))
        if options.sample_n > 0 and unknown_noise is None:
            controls += [parse_transform(spec) for spec in (RENOISE, RENOISE_AGAIN) if spec not in known]
    noise: NoisePower | None = None
    if any(map(_draws_noise, [*probes, *controls])):
        try:
            noise = _noise(subject, options.seed, unknown_noise is None)
        except InputError as error:
            unknown_noise = str(error)
            controls = [one for one in controls if not _draws_noise(one)]
            noise = _stated_noise(subject, [one for one in probes if _draws_noise(one)], error)
    everything = [*probes, *controls]
    if any(str(one) == RENOISE_AGAIN for one in everything) and not any(str(one) == RENOISE for one in everything):
        everything.append(parse_transform(RENOISE))  # what the second draw is compared with
    renoise = renoise_control([str(one) for one in everything])
    if options.controls and renoise is None:
        missing.append(_lacks(RENOISE, unknown_noise or "--sample-n 0 leaves no image for it"))

    missing += [finding for path in _clean_files(everything) if (finding := _unlike_clean(subject, path))]
    costly = [one for one in everything if CLEAN in split_chain(one).per_image.needs]
    box = subject.stack.image_shape[-1]
    doses = [parse_transform(spec) for kind in options.dose for spec in doses_within(kind, box)]
    grid = [] if options.grid is None else [parse_transform(spec) for spec in grid_specs(options.grid)]
    rows = sample_rows(subject.stack.index, options.sample_n, options.seed)
    return Plan(
        tuple(one for one in everything if one not in costly),
        Sample(rows, (*costly, *doses, *grid), noise),
        tuple(dict.fromkeys(str(one) for one in everything)),
        tuple(str(one) for one in probes),
        renoise,
        why_no_images,
        tuple(missing),
    )


def _defaults(first: ImageBatch) -> list[SpecTransform]:
    """Return the default set; without metadata every frame of a rotation is the same, so one is enough."""
    specs: tuple[str, ...] = DEFAULT_SPECS
    if not first.is_particle:
        specs = tuple(spec for spec in specs if "frame=" not in spec)
    return [parse_transform(spec) for spec in specs]


def _standing(subject: Subject, first: ImageBatch, probes: Sequence[SpecTransform]) -> list[str]:
    """Return the controls that cost nothing but encodings, in the order of the table."""
    specs = [POSITIVE_CONTROL] if first.shift_px is not None else []
    specs += ["permutation"] if len(subject.stack.index) > 1 else []
    specs.append("noise")
    asked = [str(one) for one in probes if is_probe(str(one)) and not {CLEAN, NOISE_POWER} & one.needs]
    if isinstance(subject.opened.encoder, Reinitializable) and asked and "permutation" not in asked[0]:
        specs.append(f"{UNTRAINED}+{asked[0]}")
    return specs


def _draws_noise(transform: SpecTransform) -> bool:
    return NOISE_POWER in split_chain(transform).per_image.needs


def _stated_noise(subject: Subject, asked: Sequence[SpecTransform], error: InputError) -> NoisePower | None:
    """Return white noise where every transform asked for says how strong its noise is; else the estimate's error."""
    if all("snr=" in str(one) for one in asked):
        return assumed_white(subject.stack) if asked else None
    raise error


def _noise(subject: Subject, seed: int, renders: bool) -> NoisePower:
    """Estimate the noise by micrograph where these are known, else by optics group."""
    together = subject.sampled_together
    groups = subject.optics_groups if together is None else together
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1].reshape(len(groups))
    encoder = subject.opened.encoder

    def expected(batch: ImageBatch) -> Tensor:
        assert isinstance(encoder, Renderer)
        return encoder.render(batch, encoder.encode(batch).mu)

    return estimate_noise_power(subject.stack, seed=seed, groups=codes, expected=expected if renders else None)


def _files(everything: Sequence[SpecTransform]) -> list[str]:
    """Return the files that the parameters of transforms name, those of plug-ins too."""
    parts = [part for one in everything for part in (one.parts if isinstance(one, Chain) else (one,))]
    words = [
        getattr(part, one.name)
        for part in parts
        for one in fields(part)
        if kind_said(get_type_hints(type(part))[one.name]) is str
    ]
    return list(dict.fromkeys(word for word in words if isinstance(word, str) and Path(word).is_file()))


def _clean_files(everything: Sequence[SpecTransform]) -> list[str]:
    paths = (getattr(split_chain(one).per_image, "clean", None) for one in everything)
    return list(dict.fromkeys(path for path in paths if isinstance(path, str)))


def _unlike_clean(subject: Subject, path: str) -> Finding | None:
    """Warn of noise-free images that are no more like their own images than like the images beside them."""
    covered = np.flatnonzero(subject.stack.index < len(CleanImages.of(path)))[:COMPARED]
    batch = subject.stack.read(covered)
    clean = CleanImages.of(path).read(batch.index)
    if len(covered) < 2 or clean.shape != batch.images.shape:
        return None  # refused where it is used, in its own words
    own, other = (_correlation(batch.images, shown) for shown in (clean, clean.roll(1, 0)))
    difference = own - other
    if float(difference.mean()) > 2 * float(difference.std()) / len(covered) ** 0.5:
        return None
    return Finding(
        "clean-images-unlike",
        "warning",
        f"The images of {path} are no more like their own images than like the images beside them (correlation "
        f"{float(own.mean()):.2g} and {float(other.mean()):.2g}): are they in the order of this stack?",
    )


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return the correlation of the pixels of images ``b y x``, ``b``."""
    first, second = (images.flatten(1) - images.flatten(1).mean(dim=1, keepdim=True) for images in (one, other))
    correlation: Tensor = (first * second).sum(dim=1) / (first.norm(dim=1) * second.norm(dim=1))
    return correlation


def _lacks(control: str, why: str) -> Finding:
    return Finding(
        f"no-{control}-control",
        "note",
        f"There is no {control} control: {why.rstrip('.')}.",
    )
