"""Batches of a stack, the next one read while the last one is encoded."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from encaudit.types import ImageBatch, Stack


def read_ahead(stack: Stack, size: int) -> Iterator[ImageBatch]:
    """Yield the observations in batches; the next one is read while the last one is encoded."""
    total = len(stack.index)
    positions = [np.arange(start, min(start + size, total)) for start in range(0, total, size)]
    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(stack.read, positions[0])]
        for following in [*positions[1:], None]:
            batch = coming.pop().result()
            if following is not None:
                coming.append(reader.submit(stack.read, following))
            yield batch
