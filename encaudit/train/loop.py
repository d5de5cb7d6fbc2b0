"""The one training loop: epochs of batches, in an order and with draws that belong to the seed and the place in it.

Nothing is drawn from a global generator and nothing depends on what ran before, so a run that was stopped, even within
an epoch, goes on to the very same bits.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from encaudit.draws import generator
from encaudit.errors import DivergedError
from encaudit.probe import ALONE
from encaudit.train.objective import Objective, Step
from encaudit.train.run_record import EpochRecord, LossTerms
from encaudit.train.sums import Sums

NAMED = 10  # rows of the stack in a message


@dataclass(frozen=True)
class Schedule:
    """How long, in batches of which size, and from which seed."""

    epochs: int
    batch_size: int
    seed: int


@dataclass
class Place:
    """How far a run has come: the next batch, and what its epoch has summed up until then."""

    epoch: int = 1
    batch: int = 0
    images: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    seconds: float = 0.0

    def terms(self) -> LossTerms:
        """Return the mean losses of the images of this epoch so far."""
        total, reconstruction, kl = (value / max(1, self.images) for value in self.sums)
        return LossTerms(total=total, reconstruction=reconstruction, kl=kl)

    def plain(self) -> dict[str, Any]:
        """Return plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Self:
        """Return the place that ``plain`` described."""
        return cls(**values)


OnBatch = Callable[[Place], None]
OnEpoch = Callable[[EpochRecord, Place], None]


def train(
    objective: Objective,
    rows: np.ndarray,
    schedule: Schedule,
    *,
    start: Place | None = None,
    sums: Sums | None = None,
    on_batch: OnBatch = lambda _: None,
    on_epoch: OnEpoch = lambda *_: None,
) -> None:
    """Train on the images at the positions ``rows``, from ``start`` to the end of the last epoch.

    ``on_batch`` is told the place after every batch, and may raise to end the run there; ``on_epoch`` what the epoch
    came to, and where the next one starts. Raises DivergedError, before it spoils the networks, for a loss that is no
    number.
    """
    place, sums = start or Place(), sums or Sums(ALONE, objective.device)
    scaler = torch.amp.GradScaler(objective.device.type, enabled=objective.amp)
    while place.epoch <= schedule.epochs:
        order = epoch_order(rows, schedule.seed, place.epoch)
        noise = epoch_noise(len(objective.index), objective.latent_dim, schedule.seed, place.epoch)
        batches = [order[low : low + schedule.batch_size] for low in range(0, len(order), schedule.batch_size)]
        for number in range(place.batch, len(batches)):
            started = time.monotonic()
            positions = batches[number]
            terms = take_step(objective, positions, Step(place.epoch, number, noise[positions]), scaler, sums)
            place.batch, place.images = number + 1, place.images + len(positions)
            place.sums = [summed + term * len(positions) for summed, term in zip(place.sums, terms, strict=True)]
            place.seconds += time.monotonic() - started
            on_batch(place)
        record = EpochRecord(epoch=place.epoch, seconds=place.seconds, train=place.terms())
        place = Place(epoch=place.epoch + 1)
        on_epoch(record, place)


def epoch_order(rows: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """In which order does an epoch see the images?"""
    return generator(seed, "order of an epoch", epoch).permutation(rows)


def epoch_noise(n: int, latent_dim: int, seed: int, epoch: int) -> Tensor:
    """Return the draws that an epoch samples the latents of all n images with, ``n d``: each image has its own."""
    drawn = generator(seed, "noise of an epoch", epoch).standard_normal((n, latent_dim), dtype=np.float32)
    return torch.from_numpy(drawn)


def take_step(
    objective: Objective, positions: np.ndarray, step: Step, scaler: torch.amp.GradScaler, sums: Sums
) -> list[float]:
    """Take one step of the optimizers; return the mean losses of the batch."""
    for optimizer in objective.optimizers:
        optimizer.zero_grad()
    whole = torch.from_numpy(positions)
    part = sums.part(len(positions))
    share = (part.stop - part.start) / len(positions)
    terms = torch.zeros(3, device=objective.device)
    if share:
        losses = objective.loss(whole[part], Step(step.epoch, step.batch, step.noise[part]))
        terms = losses.stacked() * share
    found: list[float] = sums.total(terms).tolist()
    if not np.isfinite(found).all():
        raise DivergedError(_diverged(objective.index[positions], step, found))
    if share:
        scaler.scale(losses.total * share).backward()
    sums.gradients(objective.optimizers, whole.to(objective.device))
    for optimizer in objective.optimizers:
        scaler.step(optimizer)
    scaler.update()
    return found


def _diverged(stack_rows: np.ndarray, step: Step, found: list[float]) -> str:
    total, reconstruction, kl = found
    named = ", ".join(map(str, stack_rows[:NAMED]))
    more = f" and {len(stack_rows) - NAMED} more" if len(stack_rows) > NAMED else ""
    return (
        f"The loss is no longer a number (total {total:g}, reconstruction {reconstruction:g}, KL {kl:g}) in epoch "
        f"{step.epoch}, batch {step.batch}, of the images in rows {named}{more} of the stack. Train with a smaller "
        "--lr (a table: --table-lr, or another --init), or look at these images and what goes with them; checkpoints "
        "of earlier epochs are as they were."
    )
