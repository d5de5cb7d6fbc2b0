"""Several processes train one network together, as torchrun starts them.

Each takes its part of every batch; losses and gradients are summed, weighted by sizes, so that the result is that of
one process, up to the order of floating-point sums. Draws belong to images, not to processes.
"""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from encaudit.errors import LostRankError
from encaudit.probe import Ranks


class Sums:
    """Sums over all processes, of tensors where the network is: between GPUs by nccl, else by gloo."""

    def __init__(self, ranks: Ranks, device: torch.device) -> None:
        self.ranks = ranks
        several_gpus = ranks.count > 1 and device.type == "cuda"
        self._group = dist.new_group(backend="nccl") if several_gpus else None

    def part(self, n: int) -> slice:
        """Return which of the n images of a batch are this process's."""
        return slice(n * self.ranks.number // self.ranks.count, n * (self.ranks.number + 1) // self.ranks.count)

    def total(self, values: Tensor) -> Tensor:
        """Return the sum over all processes, in place; LostRankError where another one is no more."""
        if self.ranks.count > 1:
            try:
                dist.all_reduce(values, group=self._group)
            except RuntimeError as error:
                raise LostRankError(
                    "Another process ended before the training was done; its own message stands above, or torchrun "
                    "says which it was and how it was killed. Start all again with --resume."
                ) from error
        return values

    def gradients(self, optimizers: Sequence[torch.optim.Optimizer], positions: Tensor) -> None:
        """Give every process the sum of all gradients; ``positions`` are those of the whole batch, in its order.

        A table's sparse gradient has rows for the images of this process only. As all know the batch, the rows are laid
        out in its order and summed as a small dense block.
        """
        if self.ranks.count == 1:
            return
        for optimizer in optimizers:
            learned = [one for group in optimizer.param_groups for one in group["params"] if one.requires_grad]
            sparse = isinstance(optimizer, torch.optim.SparseAdam)
            blocks = [_rows(one, positions) if sparse else _dense(one) for one in learned]
            summed = self.total(torch.cat([block.reshape(-1) for block in blocks]))
            parts = torch.split(summed, [block.numel() for block in blocks])
            for one, block, part in zip(learned, blocks, parts, strict=True):
                values = part.view(block.shape)
                one.grad = _sparse(positions, values, one) if sparse else values


def _dense(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _sparse(positions: Tensor, values: Tensor, table: Tensor) -> Tensor:
    return torch.sparse_coo_tensor(positions[None], values, table.shape, check_invariants=False)


def _rows(table: Tensor, positions: Tensor) -> Tensor:
    """Return the rows of a sparse gradient at these positions, ``b ...``; zero where it has none."""
    rows = table.new_zeros(len(positions), *table.shape[1:])
    if table.grad is None:
        return rows
    gradient = table.grad.coalesce()
    order = positions.argsort()
    place = order[torch.searchsorted(positions[order], gradient.indices()[0])]
    rows[place] = gradient.values()
    return rows
