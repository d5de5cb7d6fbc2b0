"""Does an image get one latent, whenever and beside whatever it is encoded?"""

import torch

from encaudit.errors import InputError, UnstableEncoderError
from encaudit.types import Encoder, ImageBatch, Posterior

SAME_IMAGE_TOLERANCE = 1e-3  # of the spread of mu; rounding between batch sizes is below 1e-5, batch norm far above


def refuse_two_latents(once: Posterior, again: Posterior) -> None:
    """Refuse an encoder that gave the same images, encoded again, other latents; a bit is enough."""
    if count := _without_number_in_one(once, again):
        raise UnstableEncoderError(
            f"{count} of {len(once.mu)} images, encoded twice, got numbers that are not finite (NaN or infinite) in "
            "one of the two latents only. Usual causes: memory that is not initialized (torch.empty), or a random draw "
            "that overflows."
        )
    worst, _ = difference(once, again)
    if worst != 0:
        raise UnstableEncoderError(
            f"The same images got two different latents (largest difference {worst:.3g}): the encoder draws at "
            "random or keeps state. Usual causes: dropout or batch norm left in training mode (call .eval() in "
            "your factory), or a sample returned instead of mu."
        )


def refuse_batch_dependence(encoder: Encoder, batch: ImageBatch) -> None:
    """Refuse an encoder whose latent of an image depends on its neighbours in the batch, or on its place there."""
    if len(batch) < 2:
        return
    later = torch.arange(len(batch) // 2, len(batch)).flip(0)
    whole, again, part = encoder.encode(batch), encoder.encode(batch), encoder.encode(batch.select(later))
    refuse_two_latents(whole, again)
    there = later.to(whole.mu.device)
    same = Posterior(whole.mu[there], None if whole.logvar is None else whole.logvar[there])
    if count := _without_number_in_one(same, part):
        raise UnstableEncoderError(
            f"The encoder gave {count} of {len(part.mu)} images numbers that are not finite (NaN or infinite) in one "
            "batch and finite ones in another: it depends on an image's place in its batch, or on the other images of "
            "its batch, whether it gets a number. Look for what the encoder does by position, for memory that is not "
            "initialized (torch.empty), and for a division by something computed over the batch."
        )
    worst, spread = difference(same, part)
    if worst > SAME_IMAGE_TOLERANCE * spread:
        raise UnstableEncoderError(
            f"An image's latent depends on the other images of its batch (it moves by {worst:.3g}, the latents spread "
            f"over {spread:.3g}). Usual cause: batch norm left in training mode; call .eval() in your factory."
        )


def refuse_other_latents(before: Posterior, now: Posterior) -> float:
    """Refuse an encoder that no longer gives these images the latents it gave in the run that is resumed.

    Return the largest difference, of the spread of the latents: 0 for the same bits, and rounding on another machine.
    """
    if before.mu.shape[1] == now.mu.shape[1]:
        worst, spread = difference(before, Posterior(now.mu.cpu(), None if now.logvar is None else now.logvar.cpu()))
        if worst <= SAME_IMAGE_TOLERANCE * spread:
            return worst / spread
    raise InputError(
        "The encoder no longer gives the images the latents that it gave in the run to resume: its weights, or what it "
        "is made by, are others. Give the same encoder to go on, or leave out --resume to begin anew."
    )


def _without_number_in_one(one: Posterior, other: Posterior) -> int:
    """Return how many images have a number that is not finite in only one of two encodings."""
    differ = torch.zeros(len(one.mu), dtype=torch.bool, device=one.mu.device)
    for first, second in ((one.mu, other.mu), (one.logvar, other.logvar)):
        if first is not None and second is not None:
            differ |= (torch.isfinite(first) != torch.isfinite(second)).any(dim=1)
    return int(differ.sum())


def difference(one: Posterior, other: Posterior) -> tuple[float, float]:
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
