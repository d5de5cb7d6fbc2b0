"""How well does the decoder explain an image from its latent, and how well from the latent of its moved copy?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from encaudit.encoders.rendering import NO_DECODER, why_not_likely
from encaudit.results import UNTRAINED, Encodings, Latents, Measurement, Skipped, Summary
from encaudit.stats import derangement, summarize_images
from encaudit.types import Encoder, Posterior, Renderer, Stack

ELBO, CHANGE, UNIT = "elbo", "elbo_change", "nats"

OnProgress = Callable[[int, int], None]

_PIXELS_AT_ONCE = 2**20


@dataclass(frozen=True, eq=False)
class Explained:
    """How well some images are explained as they are, and by how much worse by the posterior of another (``m`` nats).

    None where the decoder cannot be asked.
    """

    measurement: Measurement
    of_images: np.ndarray | None
    lost_by_others: np.ndarray | None


def elbo(
    encoder: Encoder,
    stack: Stack,
    encodings: Encodings,
    positions: np.ndarray,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    on_progress: OnProgress | None = None,
) -> Explained:
    """How well do encoder and decoder together explain the images as they are?

    ELBO(x_i; q_i): log p(x_i | z) in the mean over z ~ q_i, less prior_kl; nats, but for a constant that depends on the
    decoder's noise and the number of pixels. Larger is better; its size alone says nothing, so read it beside that of
    another encoder on the same images whose decoder assumes the same noise (for cryoDRGN: the same beta), such as a
    retrained one.

    Small: encoder or decoder are undertrained, or images do not reach them as in training (another normalization,
    CTF, poses, translations). The ceiling, here the low end, is the median under the posterior of another image.
    Of up to 200 images. Skipped without a decoder's likelihood, and without error bars.

    Source: Kingma & Welling 2014, arXiv:1312.6114.
    """
    reason = _why_not(encoder, stack, encodings.reference)
    if reason is not None or not isinstance(encoder, Renderer):
        return Explained(_measurement(ELBO, None, Skipped(reason or NO_DECODER)), None, None)
    sample = encodings.reference.take(positions)
    report = on_progress or (lambda _done, _total: None)
    report(0, 2 * len(sample))
    own = _elbo(encoder, stack, sample, sample, seed)
    report(len(sample), 2 * len(sample))
    if not len(own) or not np.isfinite(own).all():
        reason = "the decoder's likelihood is not finite" if len(own) else "no image was sampled"
        return Explained(_measurement(ELBO, None, Skipped(reason)), None, None)
    lost = None
    if len(sample) > 1:
        lost = own - _elbo(encoder, stack, sample, sample.take(derangement(len(sample), seed)), seed)
    codes = None if groups is None else np.unique(groups[positions], return_inverse=True)[1]
    ceiling = None if lost is None else float(np.median(own - lost))
    return Explained(_measurement(ELBO, None, summarize_images(own, codes), ceiling), own, lost)


def elbo_change(
    encoder: Encoder,
    stack: Stack,
    encodings: Encodings,
    specs: Sequence[str],
    positions: np.ndarray,
    explained: Explained,
    *,
    seed: int,
    groups: np.ndarray | None = None,
    on_progress: OnProgress | None = None,
) -> list[Measurement]:
    """How many nats does the decoder lose when it is given the latent of the moved image for the unmoved one?

    ELBO(x_i; q_i) - ELBO(x_i; q'_i), with x_i the image as it is and q' the posterior of its moved copy, at the same
    draws of z. At 0 the decoder is as content with it; the ceiling is the median loss with another image's posterior.

    ``positions`` (ascending) of ``encodings.reference`` are looked at, ``explained`` is what ``elbo`` returns for them,
    ``groups`` are integer codes of all images.
    A transform that covers a part of the images is measured on what of it is among the positions. Skipped without a
    decoder's likelihood, without error bars, and for the untrained encoder, whose latents the decoder does not know.
    """
    own = explained.of_images
    if own is None or not isinstance(encoder, Renderer):
        assert isinstance(explained.measurement.value, Skipped)
        return [_measurement(CHANGE, spec, explained.measurement.value) for spec in specs]
    sample = encodings.reference.take(positions)
    report = on_progress or (lambda _done, _total: None)
    measured: list[Measurement] = []
    for done, spec in enumerate(specs):
        report(done * len(sample), len(specs) * len(sample))
        if spec.split("+")[0] == UNTRAINED:
            measured.append(
                _measurement(CHANGE, spec, Skipped("the decoder does not know the latents of the untrained encoder"))
            )
            continue
        covered = encodings.rows(spec)
        among = np.flatnonzero(np.isin(positions, covered))
        moved = encodings.moved[spec].take(np.searchsorted(covered, positions[among]))
        if not len(moved):
            measured.append(
                _measurement(CHANGE, spec, Skipped("none of the sampled images is covered by this transform"))
            )
            continue
        change = own[among] - _elbo(encoder, stack, sample.take(among), moved, seed)
        if not np.isfinite(change).all():
            measured.append(_measurement(CHANGE, spec, Skipped("the decoder's likelihood is not finite")))
            continue
        codes = None if groups is None else np.unique(groups[positions[among]], return_inverse=True)[1]
        lost = explained.lost_by_others
        shuffled = None if lost is None else float(np.median(lost[among]))
        measured.append(_measurement(CHANGE, spec, summarize_images(change, codes), shuffled))
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


def _measurement(metric: str, spec: str | None, value: Summary | Skipped, ceiling: float | None = None) -> Measurement:
    floor = 0.0 if isinstance(value, Summary) and metric == CHANGE else None
    return Measurement(metric, 1, spec, UNIT, value, floor=floor, ceiling=ceiling)
