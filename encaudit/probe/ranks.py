"""One audit by several processes: who am I, do we all see the same, and how do the shares come together?

torchrun starts the processes and tells each who it is. They speak to each other from CPU to CPU (gloo), also where they
encode on GPUs: only latents travel.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from encaudit.errors import EncauditError, InputError, LostRankError
from encaudit.unreadable import one_line

LONGEST_WAIT = timedelta(days=7)  # for the slowest rank; of one that ends, the others hear at once
BETWEEN_LOOKS_S = 0.01

Facts = Mapping[str, str]


@dataclass(frozen=True)
class Ranks:
    """Which of how many processes this is; ``local`` counts those of its machine, from 0, for the GPU of each."""

    number: int = 0
    count: int = 1
    local: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this is the one that measures, tells and writes."""
        return self.number == 0

    def share(self, items: Sequence[int]) -> list[int]:
        """Return this rank's part of a list: neighbours in it, and as many as any other rank's, give or take one."""
        return [int(item) for item in np.array_split(np.asarray(items, np.int64), self.count)[self.number]]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let what ends one rank within end all of them, so that none waits for it; said once where all say the same.

        Every rank has to come by here.
        """
        if self.count == 1:
            yield
            return
        error: Exception | None = None
        try:
            yield
        except (EncauditError, OSError) as raised:
            error = raised
        said = self._exchanged(None if error is None else str(error))
        if error is not None and str(error) not in said[: self.number]:
            raise error
        if any(one is not None for one in said):
            raise SystemExit(2)  # bad input, which another rank names

    def agree(self, facts: Facts) -> None:
        """Refuse ranks for which any of these facts differs, on every rank; InputError names it."""
        if self.count == 1:
            return
        everybodys = self._exchanged(dict(facts))
        found = []
        for fact in dict.fromkeys(chain.from_iterable(everybodys)):
            values = [theirs.get(fact, "nothing") for theirs in everybodys]
            other = next((rank for rank, value in enumerate(values) if value != values[0]), None)
            if other is not None:
                found.append(f"{fact} ({values[0]} for rank 0, {values[other]} for rank {other})")
        with self.together():
            if found:
                raise InputError(
                    f"The ranks do not see the same: {'; '.join(found)}. Start all of them with the same command, "
                    "software and files."
                )

    def told(self, value: Any) -> Any:
        """Return what the first rank says here (anything that JSON has words for), on every rank."""
        return value if self.count == 1 else self._exchanged(value if self.is_first else None)[0]

    def least(self, value: int) -> int:
        """Return the smallest of what the ranks give here, on every rank."""
        return value if self.count == 1 else min(self._exchanged(value))

    def gathered(self, mine: bytes) -> list[bytes]:
        """Return what each rank gives here, in their order, on the first; nothing on the others."""
        if self.count == 1:
            return [mine]
        sizes = self._sizes(mine)
        longest = max(1, *sizes)
        buffers = [torch.empty(longest, dtype=torch.uint8) for _ in sizes] if self.is_first else None
        self._finish(dist.gather(_padded(mine, longest), buffers, dst=0, async_op=True))
        return [_bytes(buffer, size) for buffer, size in zip(buffers or [], sizes, strict=False)]

    def _exchanged(self, value: Any) -> list[Any]:
        """Return what each rank gives here, in their order, on every rank."""
        mine = json.dumps(value).encode()
        sizes = self._sizes(mine)
        buffers = [torch.empty(max(sizes), dtype=torch.uint8) for _ in sizes]
        self._finish(dist.all_gather(buffers, _padded(mine, max(sizes)), async_op=True))
        return [json.loads(_bytes(buffer, size)) for buffer, size in zip(buffers, sizes, strict=True)]

    def _sizes(self, mine: bytes) -> list[int]:
        found = [torch.empty(1, dtype=torch.int64) for _ in range(self.count)]
        self._finish(dist.all_gather(found, torch.tensor([len(mine)]), async_op=True))
        return [int(size) for size in found]

    def _finish(self, work: Any) -> None:
        """Wait in Python, which hears a signal between two looks; gloo's own wait does not."""
        try:
            while not work.is_completed():
                time.sleep(BETWEEN_LOOKS_S)
            work.wait()
        except RuntimeError as error:
            if not self.is_first:
                raise SystemExit(2) from error  # said by the first rank, and by whoever ended
            raise LostRankError(
                "Another rank ended before its share was done; its own message stands above, or torchrun says which "
                "it was and how it was killed. Start all again; with --resume, from the chunks that are finished."
            ) from error


ALONE = Ranks()


@contextmanager
def joined() -> Iterator[Ranks]:
    """Join the other processes that torchrun started, and leave them at the end; alone where it started no others."""
    if not (dist.is_available() and dist.is_torchelastic_launched() and int(os.environ["WORLD_SIZE"]) > 1):
        yield ALONE
        return
    try:
        dist.init_process_group("gloo", timeout=LONGEST_WAIT)
    except RuntimeError as error:
        raise InputError(
            f"The processes do not reach each other ({one_line(error)}). Check the addresses given to torchrun; "
            "GLOO_SOCKET_IFNAME names the network interface to use."
        ) from error
    ranks = Ranks(dist.get_rank(), dist.get_world_size(), int(os.environ["LOCAL_RANK"]))
    yield ranks
    if int(os.environ["LOCAL_WORLD_SIZE"]) < ranks.count:
        # torchrun gives up on the other machines some minutes after the processes of one have ended.
        ranks.told(None)
    dist.destroy_process_group()


def _padded(content: bytes, size: int) -> torch.Tensor:
    """Return the bytes as a tensor of that size; gloo gathers tensors of one size only."""
    return torch.frombuffer(bytearray(content.ljust(size, b"\0")), dtype=torch.uint8)


def _bytes(buffer: torch.Tensor, size: int) -> bytes:
    return buffer[:size].numpy().tobytes()
