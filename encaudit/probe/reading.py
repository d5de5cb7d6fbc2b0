"""Batches of a stack where they are encoded, the next one on its way while the last one is encoded."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from encaudit.types import ImageBatch, Stack


def read_ahead(
    stack: Stack, positions: Sequence[np.ndarray], device: torch.device | str = "cpu"
) -> Iterator[ImageBatch]:
    """Yield the observations at each of these positions, on a device; the next are read while the last are encoded.

    For a GPU they are copied there meanwhile, too.
    """
    if not positions:
        return
    gpu = _OntoGpu(device) if torch.device(device).type == "cuda" else None

    def bring(some: np.ndarray) -> ImageBatch:
        batch = stack.read(some)
        return batch.to(device) if gpu is None else gpu.copy(batch)

    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(bring, positions[0])]
        for following in [*positions[1:], None]:
            batch = coming.pop().result()
            if gpu is not None:
                gpu.settle()
            if following is not None:
                coming.append(reader.submit(bring, following))
            yield batch


class _OntoGpu:
    """Copies from pinned memory, on a stream of their own, beside what the GPU computes."""

    def __init__(self, device: torch.device | str) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch has no types here

    def copy(self, batch: ImageBatch) -> ImageBatch:
        """Return the batch on the device, all of it there: the reader's thread waits for that, the encoder does not."""
        with torch.cuda.stream(self._stream):
            copied = batch.pinned().to(self._device, non_blocking=True)
        self._stream.synchronize()
        return copied

    def settle(self) -> None:
        """Wait for what was computed on the last batch: its memory belongs to this stream, which may use it again."""
        torch.cuda.current_stream(self._device).synchronize()
