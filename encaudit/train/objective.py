"""What is trained, as the loop sees it: something that has a loss on a batch of images, and says where it puts them.

The loop knows nothing of particles or digits, encoders or tables, images or their twins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from encaudit.types import Posterior


@dataclass(frozen=True)
class Losses:
    """The loss and its terms: scalars (means over a batch) in training, ``b`` (one an image) in evaluation.

    ``total`` is what is minimized. ``kl`` is in nats; ``reconstruction`` in the unit of the objective.
    """

    total: Tensor
    reconstruction: Tensor
    kl: Tensor

    def stacked(self) -> Tensor:
        """Return the three without their gradients, ``3`` or ``3 b``."""
        return torch.stack([term.detach().float() for term in (self.total, self.reconstruction, self.kl)])


@dataclass(frozen=True)
class Step:
    """Where in the run a batch is (epochs count from 1, batches from 0), and the draw of its z.

    ``noise`` is standard normal, ``b d``. Whatever else an objective draws for a batch is keyed by
    the seed, ``epoch`` and ``batch``.
    """

    epoch: int
    batch: int
    noise: Tensor


class Objective(Protocol):
    """A network (and perhaps a table) with its optimizers, on the images of one run.

    ``positions`` are places in the run's list of images, 0 .. n - 1; ``index`` (``n``) is the stack row of each.
    Parameters with sparse gradients (a table's) have one row an image, and are the optimizer's that takes such: a
    ``torch.optim.SparseAdam``.
    """

    index: np.ndarray
    latent_dim: int
    device: torch.device
    amp: bool

    @property
    def optimizers(self) -> Sequence[torch.optim.Optimizer]:
        """Those that take a step after every batch."""
        ...

    @property
    def twinned(self) -> bool:
        """Whether the encoder sees something else in the place of each image, the same in every epoch."""
        ...

    def loss(self, positions: Tensor, step: Step) -> Losses:
        """Return the means over a batch, ``total`` with its gradient; NaN where the networks have diverged."""
        ...

    def per_image(self, positions: Tensor, noise: Tensor, whose: Tensor | None = None) -> Losses:
        """Return the loss of each image, nothing learned and nothing augmented, at z drawn by ``noise`` (``b d``).

        ``whose`` are the positions whose twins the encoder sees instead; without twins it means nothing.
        """
        ...

    def posterior(self, positions: Tensor, *, of_view: bool = False) -> Posterior:
        """Return what the encoder (or the table) says of the images; ``of_view``: of what it was trained on."""
        ...

    def travel(self) -> tuple[float, float] | None:
        """Return how far a table's mu and logvar have gone from where they started (rms); None without a table."""
        ...

    def checkpoint(self, epoch: int) -> dict[str, Any]:
        """Return the content of weights.N.pkl."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that training changes: tensors and plain values."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to a state."""
        ...
