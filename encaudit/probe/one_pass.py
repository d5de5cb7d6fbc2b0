"""The one streaming pass: each image is read once and encoded under every transform."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from encaudit.errors import InputError
from encaudit.images import stack_moments
from encaudit.probe.batch_size import images_at_once
from encaudit.probe.collected import REFERENCE, Collected, Key
from encaudit.probe.jobs import Job, encode_all
from encaudit.probe.reading import read_ahead
from encaudit.probe.rendered import CLEAN
from encaudit.probe.sample import NO_SAMPLE, Sample
from encaudit.probe.steadiness import refuse_batch_dependence
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Latents
from encaudit.transforms import SpecTransform, derangement, parse_transform, split_chain
from encaudit.types import Encoder, PixelMoments, Reinitializable, Renderer, Stack

OnProgress = Callable[[int, int], None]


def encode_stack(
    encoder: Encoder,
    stack: Stack,
    transforms: Sequence[SpecTransform],
    *,
    seed: int,
    sample: Sample = NO_SAMPLE,
    batch_size: int | None = None,
    on_progress: OnProgress | None = None,
) -> Encodings:
    """Where does each image go in latent space, and where does its moved copy go?

    Reads every image of the stack once, in batches (``batch_size``; None: see ``images_at_once``), encodes it as it
    is and under each transform, and those of the ``sample`` under its transforms too. The identity always runs, as a
    second encoding of the same batch: it must give the same bits, else UnstableEncoderError. Unusable images (NaN,
    constant) are left out and named. Draws are keyed by (seed, image index), so the batch size changes no pixel.

    A transform that needs the noise-free image gets what the encoder's own decoder expects at mu; this runs on the
    sample only. Raises InputError where something that a transform needs is missing.
    """
    if batch_size is not None and batch_size < 1:
        raise InputError(f"--batch-size {batch_size}: expected a positive number or auto.")
    plans = {IDENTITY: parse_transform(IDENTITY)} | {str(transform): transform for transform in transforms}
    plans |= {str(transform): transform for transform in sample.transforms if str(transform) not in plans}
    splits = {spec: split_chain(transform) for spec, transform in plans.items()}
    if any(split.untrained for split in splits.values()):
        splits = {UNTRAINED: split_chain(parse_transform(UNTRAINED))} | splits
    everywhere = {str(transform) for transform in transforms} | {IDENTITY, UNTRAINED}
    jobs: dict[Key, Job] = {}
    for spec, split in splits.items():
        key = (str(split.per_image), split.untrained)
        sampled = (spec not in everywhere or CLEAN in split.per_image.needs) and (key not in jobs or jobs[key].sampled)
        jobs[key] = Job(split.per_image, split.untrained, sampled)
    _check_needs(encoder, stack, plans.values(), sample)
    encoders = {False: encoder}
    if any(job.untrained for job in jobs.values()):
        encoders[True] = _untrained(encoder, seed)

    device = getattr(encoder, "device", "cpu")  # moved once for all probes
    collected = Collected([REFERENCE, *jobs])
    size = batch_size or images_at_once(stack.image_shape, device)
    moments = stack_moments(stack, seed)
    total = len(stack.index)
    done = 0
    for read in read_ahead(stack, size, device):
        done += len(read)
        batch = read.with_(moments=moments)
        batch = collected.leave_out_unusable(batch)
        if len(batch):
            if not collected.batches:
                refuse_batch_dependence(encoder, batch)
            collected.add(batch, encode_all(encoders, jobs, batch, sample, seed))
        if on_progress is not None:
            on_progress(done, total)
    latents, left_out = collected.finish()
    moved = {}
    for spec, split in splits.items():
        latent = latents[(str(split.per_image), split.untrained)]
        if split.permutes and len(latent):
            latent = Latents(*_permuted(latent, seed), latent.index)
        if len(latent):
            moved[spec] = latent
        elif spec in everywhere:
            raise InputError(f"{spec} covers none of the {total} images. Leave it out, or choose others with --ind.")
    reference = latents[REFERENCE]
    return Encodings(reference, moved, left_out, collected.contrast(reference.index))


def _check_needs(encoder: Encoder, stack: Stack, transforms: Iterable[SpecTransform], sample: Sample) -> None:
    first = stack.read(np.arange(1)).with_(moments=PixelMoments(0.0, 1.0))
    if sample.noise is not None:
        first = first.with_(noise_power=sample.noise.of(first.index))
    if isinstance(encoder, Renderer):
        first = first.with_(clean=first.images)
    for transform in transforms:
        transform.check(first)


def _permuted(latent: Latents, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    exchanged = latent.take(derangement(len(latent), seed))
    return exchanged.mu, exchanged.logvar


def _untrained(encoder: Encoder, seed: int) -> Encoder:
    if not isinstance(encoder, Reinitializable):
        raise InputError(
            "The transform untrained needs an encoder that can be made anew; this one gives no way to do it. "
            "Leave untrained out, or give your encoder a method untrained(seed)."
        )
    return encoder.untrained(seed)
