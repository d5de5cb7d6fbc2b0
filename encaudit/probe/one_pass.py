"""The one streaming pass: each image is read once and encoded under every transform."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice

import numpy as np

from encaudit.errors import InputError
from encaudit.images import stack_moments
from encaudit.probe.batch_size import images_at_once
from encaudit.probe.chunks import KeptChunks, brought_together, divided
from encaudit.probe.collected import REFERENCE, Arrays, Collected, Key, join
from encaudit.probe.jobs import Job, encode_all
from encaudit.probe.ranks import ALONE, Ranks
from encaudit.probe.reading import read_ahead
from encaudit.probe.rendered import CLEAN
from encaudit.probe.sample import NO_SAMPLE, Sample
from encaudit.probe.steadiness import refuse_batch_dependence
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Latents
from encaudit.transforms import SpecTransform, Split, derangement, parse_transform, split_chain
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
    ranks: Ranks = ALONE,
    kept: KeptChunks | None = None,
    on_progress: OnProgress | None = None,
) -> Encodings | None:
    """Where does each image go in latent space, and where does its moved copy go?

    Reads every image of the stack once, in batches (``batch_size``; None: see ``images_at_once``), encodes it as it
    is and under each transform, and those of the ``sample`` under its transforms too. The identity always runs, as a
    second encoding of the same batch: it must give the same bits, else UnstableEncoderError. Unusable images (NaN,
    constant) are left out and named. Draws are keyed by (seed, image index), so the batch size changes no pixel.

    A transform that needs the noise-free image gets what the encoder's own decoder expects at mu; this runs on the
    sample only. Raises InputError where something that a transform needs is missing.

    Several ``ranks`` share the chunks of the stack, and the first gets the latents of all; the others get None.
    ``kept`` takes each finished chunk, and has those that need not be encoded again. Neither changes a bit.
    """
    if batch_size is not None and batch_size < 1:
        raise InputError(f"--batch-size {batch_size}: expected a positive number or auto.")
    splits, jobs = _jobs(transforms, sample)
    everywhere = {str(transform) for transform in transforms} | {IDENTITY, UNTRAINED}
    encoders = {False: encoder}
    with ranks.together():
        _check_needs(encoder, stack, [*transforms, *sample.transforms], sample)
        if any(job.untrained for job in jobs.values()):
            encoders[True] = _untrained(encoder, seed)

    device = getattr(encoder, "device", "cpu")  # moved once for all probes
    moments = stack_moments(stack, seed)
    chunks = divided(len(stack.index), batch_size or images_at_once(stack.image_shape, device))
    finished = {} if kept is None else kept.finished
    resumed = ranks.told(sorted(finished))
    mine = ranks.share([number for number in range(len(chunks)) if number not in resumed])
    done = sum(map(len, chain.from_iterable(chunks[number] for number in resumed)))
    total = done + sum(map(len, chain.from_iterable(chunks[number] for number in mine)))
    if done and on_progress is not None:
        on_progress(done, total)

    reads = read_ahead(stack, list(chain.from_iterable(chunks[number] for number in mine)), device)
    encoded: dict[int, Arrays] = {}
    steady = False
    for number in mine:
        collected = Collected()
        for read in islice(reads, len(chunks[number])):
            done += len(read)
            batch, contrast = collected.leave_out_unusable(read.with_(moments=moments))
            if len(batch):
                if not steady:
                    refuse_batch_dependence(encoder, batch)
                    steady = True
                collected.add(batch, contrast, encode_all(encoders, jobs, batch, sample, seed))
            if on_progress is not None:
                on_progress(done, total)
        encoded[number] = collected.arrays()
        if kept is not None:
            kept.write(number, encoded[number])
    if kept is not None:
        kept.settle()
    brought = brought_together(ranks, encoded)
    if not ranks.is_first:
        return None
    everything = brought | finished
    latents, left_out, contrasts = join([REFERENCE, *jobs], [everything[number] for number in sorted(everything)])
    moved = {}
    for spec, split in splits.items():
        latent = latents[(str(split.per_image), split.untrained)]
        if split.permutes and len(latent):
            latent = Latents(*_permuted(latent, seed), latent.index)
        if len(latent):
            moved[spec] = latent
        elif spec in everywhere:
            raise InputError(
                f"{spec} covers none of the {len(stack.index)} images. Leave it out, or choose others with --ind."
            )
    return Encodings(latents[REFERENCE], moved, left_out, contrasts)


def _jobs(transforms: Sequence[SpecTransform], sample: Sample) -> tuple[dict[str, Split], dict[Key, Job]]:
    """Return what each spec asks for, and the encodings that give it; several specs may share one."""
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
    return splits, jobs


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
