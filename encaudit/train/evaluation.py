"""What a trained network says of each image, one by one, with nothing learned and z drawn by (seed, image)."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from encaudit.draws import generator
from encaudit.train.held_out import deranged_apart
from encaudit.train.objective import Losses, Objective
from encaudit.train.run_record import LossTerms
from encaudit.types import Posterior

IMAGES_AT_ONCE = 64

OnProgress = Callable[[int, int], None]


def evaluate(
    objective: Objective, held_out: np.ndarray, seed: int, on_progress: OnProgress = lambda *_: None
) -> dict[str, np.ndarray]:
    """Return the arrays of evaluation.npz, ``n`` each, over all images of the run.

    ``index`` (stack rows), ``held_out``, ``reconstruction``, ``kl``, ``loss``; for twins also
    ``reconstruction_reshuffled`` and ``kl_reshuffled``, where each image gets the twin of another of its part (trained
    on, or held out).
    """
    n = len(objective.index)
    everything = np.arange(n)
    passes = 1 + objective.twinned
    own = losses_of(objective, everything, seed, on_progress=lambda done, _: on_progress(done, passes * n))
    is_held_out = np.zeros(n, dtype=bool)
    is_held_out[held_out] = True
    arrays = {"index": objective.index, "held_out": is_held_out}
    arrays |= {"reconstruction": own[1], "kl": own[2], "loss": own[0]}
    if objective.twinned:
        # of the twins, which are a derangement themselves, from the seed
        exchanged = deranged_apart(n, held_out, seed + 1)
        others = losses_of(
            objective, everything, seed, exchanged, on_progress=lambda done, _: on_progress(n + done, passes * n)
        )
        arrays |= {"reconstruction_reshuffled": others[1], "kl_reshuffled": others[2]}
    return arrays


def mean_losses(objective: Objective, positions: np.ndarray, seed: int) -> LossTerms:
    """Return the mean losses of some images; at the same draws of z whenever it is asked."""
    total, reconstruction, kl = losses_of(objective, positions, seed).mean(axis=1).tolist()
    return LossTerms(total=total, reconstruction=reconstruction, kl=kl)


def losses_of(
    objective: Objective,
    positions: np.ndarray,
    seed: int,
    whose: np.ndarray | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> np.ndarray:
    """Return total, reconstruction and KL of images, ``3 n``; ``whose`` (all n positions) exchanges twins."""
    draws = generator(seed, "evaluation").standard_normal((len(objective.index), objective.latent_dim), np.float32)
    noise = torch.from_numpy(draws)
    found = []
    for some in _batches(positions):
        seen = None if whose is None else torch.from_numpy(whose)[some]
        losses: Losses = objective.per_image(some, noise[some], seen)
        found.append(losses.stacked().cpu())
        on_progress(sum(len(one[0]) for one in found), len(positions))
    return torch.cat(found, dim=1).double().numpy()


def posterior_of_all(objective: Objective, *, of_view: bool = False) -> Posterior:
    """Return mu and logvar of all images of the run, ``n d`` each, on the CPU."""
    parts = [objective.posterior(some, of_view=of_view) for some in _batches(np.arange(len(objective.index)))]
    return Posterior(
        torch.cat([part.mu.detach().cpu() for part in parts]),
        torch.cat([part.logvar.detach().cpu() for part in parts if part.logvar is not None]),
    )


def _batches(positions: np.ndarray) -> Iterator[Tensor]:
    yield from torch.split(torch.from_numpy(positions), IMAGES_AT_ONCE)
