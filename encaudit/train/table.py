"""A lookup table in the place of the encoder: image i -> (mu_i, logvar_i), each a parameter of its own (VLT).

Its optimizer is torch's ``SparseAdam``: only rows of images in the batch are touched, where Adam would go on moving
all others by their momentum. SparseAdam corrects its bias by the number of all steps, not of a row's own, so the first
visits to a row move it further than the learning rate (up to 6.5 times at its tenth, at most 278 x lr in 50 epochs
together). That is what the paper's tables were trained with, so their learning rates carry over; a count for each row
would be neater and nobody's. How far a table went is in run.json (``travel``): one that never moved shows.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from encaudit.encoders.table import Table
from encaudit.types import Posterior


class LookupTable(nn.Module):
    """mu and logvar of n images, ``n d`` each, and where they started."""

    def __init__(self, start: Posterior, *, frozen: bool) -> None:
        super().__init__()
        assert start.logvar is not None
        n, latent_dim = start.mu.shape
        self.mu = nn.Embedding(n, latent_dim, sparse=True, _weight=start.mu.clone())
        self.logvar = nn.Embedding(n, latent_dim, sparse=True, _weight=start.logvar.clone())
        self.requires_grad_(not frozen)
        self.start_mu: Tensor
        self.start_logvar: Tensor
        self.register_buffer("start_mu", start.mu.clone())
        self.register_buffer("start_logvar", start.logvar.clone())

    def encode(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Return mu and logvar of images, ``b d`` each, as cryoDRGN's ``encode`` does."""
        return self.mu(positions), self.logvar(positions)

    def checkpoint(self, index: np.ndarray) -> dict[str, Any]:
        """Return what marks a checkpoint as a table, and the table: latents of the images in stack rows ``index``."""
        return Table(torch.from_numpy(index), self.mu.weight, self.logvar.weight).checkpoint()

    def travel(self) -> tuple[float, float]:
        """How far have mu and logvar gone from where they started? Root mean square over rows and columns."""
        started = ((self.mu, self.start_mu), (self.logvar, self.start_logvar))
        mu, logvar = (float((table.weight.detach() - start).square().mean().sqrt()) for table, start in started)
        return mu, logvar

    def optimizers(self, lr: float) -> list[torch.optim.Optimizer]:
        """Return the table's own optimizer; none for a frozen table."""
        learned = [one for one in self.parameters() if one.requires_grad]
        return [torch.optim.SparseAdam(learned, lr=lr)] if learned else []
