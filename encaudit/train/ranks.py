"""Several processes that train one network together, as torchrun starts them.

Each takes its part of every batch; losses and gradients are summed, weighted by sizes, so that the result is that of
one process, up to the order of floating-point sums.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor

LONGEST_WAIT = timedelta(hours=12)  # the first process writes checkpoints and evaluates while the others wait


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is, and which of those on its machine."""

    number: int = 0
    count: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and reports."""
        return self.number == 0

    def part(self, n: int) -> slice:
        """Return which of the n images of a batch are this process's."""
        return slice(n * self.number // self.count, n * (self.number + 1) // self.count)

    def total(self, values: Tensor) -> Tensor:
        """Return the sum over all processes, in place."""
        if self.count > 1:
            torch.distributed.all_reduce(values)
        return values

    def wait(self) -> None:
        """Go on when every process has come here."""
        if self.count > 1:
            torch.distributed.barrier()


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Join the processes that torchrun started; a single one without it. Within, joining again changes nothing."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Ranks()
        return
    ranks = Ranks(int(os.environ["RANK"]), count, int(os.environ.get("LOCAL_RANK", "0")))
    if torch.distributed.is_initialized():
        yield ranks
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(ranks.local)
    torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=LONGEST_WAIT)
    try:
        yield ranks
    finally:
        torch.distributed.destroy_process_group()


def sum_gradients(optimizers: Sequence[torch.optim.Optimizer], positions: Tensor, ranks: Ranks) -> None:
    """Give every process the sum of all gradients; ``positions`` are those of the whole batch, in its order.

    A table's sparse gradient has rows for the images of this process only. As all know the batch, the rows are laid out
    in its order and summed as a small dense block.
    """
    if ranks.count == 1:
        return
    for optimizer in optimizers:
        learned = [one for group in optimizer.param_groups for one in group["params"] if one.requires_grad]
        sparse = isinstance(optimizer, torch.optim.SparseAdam)
        blocks = [_rows(one, positions) if sparse else _dense(one) for one in learned]
        summed = ranks.total(torch.cat([block.reshape(-1) for block in blocks]))
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
