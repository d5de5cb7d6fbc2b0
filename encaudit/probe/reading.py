"""Batches of a stack, the next one read while the last one is encoded."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from encaudit.types import ImageBatch, Stack


def read_ahead(stack: Stack, positions: Sequence[np.ndarray]) -> Iterator[ImageBatch]:
    """Yield the observations at each of these positions; the next ones are read while the last are encoded."""
    if not positions:
        return
    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(stack.read, positions[0])]
        for following in [*positions[1:], None]:
            batch = coming.pop().result()
            if following is not None:
                coming.append(reader.submit(stack.read, following))
            yield batch
