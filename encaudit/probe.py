"""The one streaming pass: each image is read once and encoded under every transform."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from encaudit.errors import InputError, UnstableEncoderError
from encaudit.images import stack_moments, unusable
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Latents
from encaudit.transforms import SpecTransform, derangement, parse_transform, split_chain
from encaudit.types import Encoder, ImageBatch, PixelMoments, Posterior, Reinitializable, Stack

PIXELS_PER_BATCH = 2**20  # 4 MiB of float32: larger batches fall out of the cache and ran three times slower
SAME_IMAGE_TOLERANCE = 1e-3  # of the spread of mu; rounding between batch sizes is below 1e-5, batch norm far above

_REFERENCE = ("reference", False)

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Job:
    """One encoding that the pass makes: a per-image transform under the encoder or its untrained twin."""

    transform: SpecTransform
    untrained: bool


def encode_stack(
    encoder: Encoder,
    stack: Stack,
    transforms: Sequence[SpecTransform],
    *,
    seed: int,
    batch_size: int | None = None,
    on_progress: OnProgress | None = None,
) -> Encodings:
    """Where does each image go in latent space, and where does its moved copy go?

    Reads every image of the stack once, in batches (``batch_size``; None chooses by image size), encodes it as it
    is and under each transform. The identity always runs, as a second encoding of the same batch: it must give the
    same bits, else UnstableEncoderError. Unusable images (NaN, constant) are left out and named. Draws are keyed by
    (seed, image index), so the batch size changes no pixel.
    """
    if batch_size is not None and batch_size < 1:
        raise InputError(f"--batch-size {batch_size}: expected a positive number or auto.")
    plans = {IDENTITY: parse_transform(IDENTITY)} | {str(transform): transform for transform in transforms}
    splits = {spec: split_chain(transform) for spec, transform in plans.items()}
    if any(split.untrained for split in splits.values()):
        splits = {UNTRAINED: split_chain(parse_transform(UNTRAINED))} | splits
    jobs = {(str(s.per_image), s.untrained): _Job(s.per_image, s.untrained) for s in splits.values()}
    first = stack.read(np.arange(1)).with_(moments=PixelMoments(0.0, 1.0))
    for transform in transforms:
        transform.check(first)
    encoders = {False: encoder}
    if any(job.untrained for job in jobs.values()):
        encoders[True] = _untrained(encoder, seed)

    collected = _Collected([_REFERENCE, *jobs])
    size = batch_size or max(1, min(1024, PIXELS_PER_BATCH // int(np.prod(stack.image_shape))))
    moments = stack_moments(stack, seed)
    total = len(stack.index)
    for start in range(0, total, size):
        batch = stack.read(np.arange(start, min(start + size, total))).with_(moments=moments)
        batch = collected.leave_out_unusable(batch)
        if len(batch):
            if not collected.batches:
                _refuse_batch_dependence(encoder, batch)
            collected.add(batch, _encode_all(encoders, jobs, batch, seed))
        if on_progress is not None:
            on_progress(min(start + size, total), total)
    latents, left_out = collected.finish()
    reference = latents[_REFERENCE]
    moved = {}
    for spec, split in splits.items():
        latent = latents[(str(split.per_image), split.untrained)]
        if split.permutes:
            latent = latent.take(derangement(len(reference), seed))
        moved[spec] = Latents(latent.mu, latent.logvar, reference.index)
    return Encodings(reference, moved, left_out)


def _encode_all(
    encoders: dict[bool, Encoder], jobs: dict[tuple[str, bool], _Job], batch: ImageBatch, seed: int
) -> dict[tuple[str, bool], Posterior]:
    found = {_REFERENCE: encoders[False].encode(batch)}
    for key, job in jobs.items():
        found[key] = encoders[job.untrained].encode(job.transform(batch, seed=seed))
    worst, _ = _difference(found[_REFERENCE], found[(IDENTITY, False)])
    if worst != 0:
        raise UnstableEncoderError(
            f"The same images got two different latents (largest difference {worst:.3g}): the encoder draws at "
            "random or keeps state. Usual causes: dropout or batch norm left in training mode (call .eval() in "
            "your factory), or a sample returned instead of mu."
        )
    return found


def _refuse_batch_dependence(encoder: Encoder, batch: ImageBatch) -> None:
    """Refuse an encoder whose latent of an image depends on its neighbours in the batch, or on its place there."""
    if len(batch) < 2:
        return
    later = torch.arange(len(batch) // 2, len(batch)).flip(0)
    whole, part = encoder.encode(batch), encoder.encode(batch.select(later))
    there = later.to(whole.mu.device)
    same = Posterior(whole.mu[there], None if whole.logvar is None else whole.logvar[there])
    worst, spread = _difference(same, part)
    if worst > SAME_IMAGE_TOLERANCE * spread:
        raise UnstableEncoderError(
            f"An image's latent depends on the other images of its batch (it moves by {worst:.3g}, the latents spread "
            f"over {spread:.3g}). Usual cause: batch norm left in training mode; call .eval() in your factory."
        )


def _difference(one: Posterior, other: Posterior) -> tuple[float, float]:
    """Return the largest difference between two encodings of the same images, and how far the first spreads.

    Infinite where only one of them is finite, or only one has a logvar.
    """
    if (one.logvar is None) != (other.logvar is None):
        return float("inf"), 1.0
    pairs = [(one.mu, other.mu)]
    if one.logvar is not None and other.logvar is not None:
        pairs.append((one.logvar, other.logvar))
    worst, spread = 0.0, 0.0
    for first, second in pairs:
        finite = torch.isfinite(first)
        if not torch.equal(finite, torch.isfinite(second)):
            return float("inf"), 1.0
        if finite.any():
            values = first[finite]
            worst = max(worst, float((values - second[finite]).abs().max()))
            spread = max(spread, float(values.std(correction=0)), 1e-3 * float(values.abs().max()))
    return worst, spread or 1.0


def _untrained(encoder: Encoder, seed: int) -> Encoder:
    if not isinstance(encoder, Reinitializable):
        raise InputError(
            "The transform untrained needs an encoder that can be made anew; this one gives no way to do it. "
            "Leave untrained out, or give your encoder a method untrained(seed)."
        )
    return encoder.untrained(seed)


class _Collected:
    """Latents as they come, batch by batch."""

    def __init__(self, keys: Iterable[tuple[str, bool]]) -> None:
        self._parts: dict[tuple[str, bool], list[tuple[np.ndarray, np.ndarray | None]]] = {key: [] for key in keys}
        self._index: list[np.ndarray] = []
        self._left_out: dict[int, str] = {}

    @property
    def batches(self) -> int:
        return len(self._index)

    def leave_out_unusable(self, batch: ImageBatch) -> ImageBatch:
        bad = dict(unusable(batch.images))
        if not bad:
            return batch
        self._left_out |= {int(batch.index[position]): reason for position, reason in bad.items()}
        keep = [position for position in range(len(batch)) if position not in bad]
        return batch.select(torch.tensor(keep, dtype=torch.long))

    def add(self, batch: ImageBatch, found: dict[tuple[str, bool], Posterior]) -> None:
        self._index.append(batch.index.cpu().numpy())
        for key, posterior in found.items():
            logvar = posterior.logvar
            self._parts[key].append(
                (posterior.mu.float().cpu().numpy(), None if logvar is None else logvar.float().cpu().numpy())
            )

    def finish(self) -> tuple[dict[tuple[str, bool], Latents], dict[int, str]]:
        if not self._index:
            raise InputError(
                f"No usable image: all {len(self._left_out)} were left out "
                f"(the first, number {min(self._left_out)}: {self._left_out[min(self._left_out)]})."
            )
        index = np.concatenate(self._index)
        latents = {key: _joined(parts, index) for key, parts in self._parts.items()}
        finite = np.ones(len(index), dtype=bool)
        for (spec, _), latent in latents.items():
            good = np.isfinite(latent.mu).all(axis=1)
            if latent.logvar is not None:
                good &= np.isfinite(latent.logvar).all(axis=1)
            for row in index[finite & ~good]:
                self._left_out[int(row)] = f"the encoder's latent is not finite{_under(spec)}"
            finite &= good
        if not finite.any():
            raise InputError(
                f"The encoder returned no finite latent for any of {len(index)} images: "
                f"{self._left_out[int(index[0])]}. Check the weights, the norm in the config and the CTF parameters."
            )
        rows = np.flatnonzero(finite)
        return {key: latent.take(rows) for key, latent in latents.items()}, dict(sorted(self._left_out.items()))


def _joined(parts: list[tuple[np.ndarray, np.ndarray | None]], index: np.ndarray) -> Latents:
    mu = np.concatenate([mu for mu, _ in parts])
    logvars = [logvar for _, logvar in parts if logvar is not None]
    return Latents(mu, np.concatenate(logvars) if logvars else None, index)


def _under(spec: str) -> str:
    return "" if spec in (_REFERENCE[0], IDENTITY) else f" under {spec}"
