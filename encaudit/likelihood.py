"""Does the decoder explain an image as well from the latent of its moved copy?"""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from encaudit.encoders.rendering import NO_DECODER, why_not_likely
from encaudit.results import UNTRAINED, Encodings, Latents, Measurement, Skipped, Summary
from encaudit.stats import derangement, summarize_images
from encaudit.types import Encoder, Posterior, Renderer, Stack

METRIC, UNIT = "elbo_change", "nats"

OnProgress = Callable[[int, int], None]

_PIXELS_AT_ONCE = 2**20


def elbo_change(
    encoder: Encoder,
    stack: Stack,
    encodings: Encodings,
    specs: Sequence[str],
    positions: np.ndarray,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    on_progress: OnProgress | None = None,
) -> list[Measurement]:
    """How many nats does the decoder lose when it is given the latent of the moved image for the unmoved one?

    ELBO(x_i; q_i) - ELBO(x_i; q'_i), with x_i the image as it is and q' the posterior of its moved copy, at the same
    draws of z. At 0 the decoder is as content with it; the ceiling is the median loss with another image's posterior.

    ``positions`` (ascending) of ``encodings.reference`` are looked at, ``groups`` are integer codes of all its images.
    A transform that covers a part of the images is measured on what of it is among the positions. Skipped without a
    decoder's likelihood, without error bars, and for the untrained encoder, whose latents the decoder does not know.
    """
    reference = encodings.reference
    reason = _why_not(encoder, stack, reference)
    if reason is not None or not isinstance(encoder, Renderer):
        return [_measurement(spec, Skipped(reason or NO_DECODER)) for spec in specs]
    sample = reference.take(positions)
    report = on_progress or (lambda _done, _total: None)
    stages = len(specs) + 2  # the images' own posteriors, those of others, and one for each transform
    report(0, stages * len(sample))
    own = _elbo(encoder, stack, sample, sample, seed)
    report(len(sample), stages * len(sample))
    ceiling = None
    if len(sample) > 1:
        others = sample.take(derangement(len(sample), seed))
        ceiling = own - _elbo(encoder, stack, sample, others, seed)
    measured: list[Measurement] = []
    for done, spec in enumerate(specs, start=2):
        report(done * len(sample), stages * len(sample))
        if spec.split("+")[0] == UNTRAINED:
            measured.append(
                _measurement(spec, Skipped("the decoder does not know the latents of the untrained encoder"))
            )
            continue
        covered = encodings.rows(spec)
        among = np.flatnonzero(np.isin(positions, covered))
        moved = encodings.moved[spec].take(np.searchsorted(covered, positions[among]))
        if not len(moved):
            measured.append(_measurement(spec, Skipped("none of the sampled images is covered by this transform")))
            continue
        change = own[among] - _elbo(encoder, stack, sample.take(among), moved, seed)
        if not np.isfinite(change).all():
            measured.append(_measurement(spec, Skipped("the decoder's likelihood is not finite")))
            continue
        codes = None if groups is None else np.unique(groups[positions[among]], return_inverse=True)[1]
        shuffled = None if ceiling is None else float(np.median(ceiling[among]))
        measured.append(_measurement(spec, summarize_images(change, codes), shuffled))
    return measured


def _why_not(encoder: Encoder, stack: Stack, reference: Latents) -> str | None:
    if reference.logvar is None:
        return "the encoder gives no error bars (logvar)"
    return why_not_likely(encoder, stack.read(np.arange(1)))


def _elbo(decoder: Renderer, stack: Stack, images: Latents, latents: Latents, seed: int) -> np.ndarray:
    """Return the ELBO of the images of one set of rows under the posteriors of another, ``n`` nats."""
    assert latents.logvar is not None
    order = np.argsort(stack.index)
    places = order[np.searchsorted(stack.index, images.index, sorter=order)]
    at_once = max(1, _PIXELS_AT_ONCE // int(np.prod(stack.image_shape)))
    found = []
    for start in range(0, len(places), at_once):
        some = slice(start, start + at_once)
        batch = stack.read(places[some])
        q = Posterior(torch.from_numpy(latents.mu[some]), torch.from_numpy(latents.logvar[some]))
        found.append(decoder.elbo(batch, q, seed=seed).double().cpu().numpy())
    return np.concatenate(found) if found else np.empty(0)


def _measurement(spec: str, value: Summary | Skipped, ceiling: float | None = None) -> Measurement:
    floor = 0.0 if isinstance(value, Summary) else None
    return Measurement(METRIC, 1, spec, UNIT, value, floor=floor, ceiling=ceiling)
