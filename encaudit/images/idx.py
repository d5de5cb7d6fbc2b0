"""MNIST's IDX files of images (.gz too): 8-bit, scaled to [0, 1].

Format: two zero bytes, the type of the values (8: unsigned bytes), the number of axes, the length of each as big-endian
32-bit integers, then the values. Source: Y. LeCun, C. Cortes, C. Burges, the MNIST database (1998).
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from encaudit.errors import InputError
from encaudit.images.arrays import check_shape
from encaudit.unreadable import one_line

_GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTES = 8


class IdxPixels:
    """Images of one IDX file, in memory as bytes."""

    apix: float | None = None
    micrographs: np.ndarray | None = None
    optics_groups: np.ndarray | None = None

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        self._images = _parse(path, _content(path))
        check_shape(path, self._images.shape)
        self.count = self._images.shape[0]
        self.image_shape = tuple(self._images.shape[1:])
        self.files: tuple[str, ...] = (str(path),)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return these images as float32 in [0, 1]."""
        scaled: np.ndarray = np.divide(self._images[rows], 255, dtype=np.float32)
        return scaled


def read_labels(path: Path) -> np.ndarray:
    """Return the labels of one IDX file, ``n`` int64; InputError for a file that holds something else."""
    content = _content(path)
    if content[:4] != bytes([0, 0, _UNSIGNED_BYTES, 1]) or len(content) < 8:
        raise InputError(f"{path} holds no labels; expected a file such as train-labels-idx1-ubyte.gz.")
    count = int(np.frombuffer(content[4:8], ">u4")[0])
    if len(content) != 8 + count:
        raise InputError(f"{path} is cut off or damaged: {count} labels, {len(content) - 8} bytes. Download it again.")
    return np.frombuffer(content, np.uint8, offset=8).astype(np.int64)


def write_idx(array: np.ndarray, path: Path) -> None:
    """Write unsigned bytes of any shape, packed; equal arrays give equal files."""
    header = bytes([0, 0, _UNSIGNED_BYTES, array.ndim]) + np.array(array.shape, dtype=">i4").tobytes()
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0))


def looks_like_idx(path: Path) -> bool:
    """Whether the file starts as an IDX file does, packed or not."""
    with open(path, "rb") as file:
        start = file.read(4)
    if start.startswith(_GZIP_MAGIC):
        try:
            with gzip.open(path) as file:
                start = file.read(4)
        except (OSError, EOFError, zlib.error):
            return True  # a damaged archive: reading it in full says what is wrong
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in (8, 9, 11, 12, 13, 14) and 1 <= start[3] <= 4


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path} cannot be unpacked ({one_line(error)}); it is cut off or damaged. Download it again."
        ) from error


def _parse(path: Path, content: bytes) -> np.ndarray:
    kind, axes = content[2], content[3]
    if kind != _UNSIGNED_BYTES or axes not in (3, 4):
        what = "labels" if kind == _UNSIGNED_BYTES and axes == 1 else f"values of type {kind} with {axes} axes"
        raise InputError(f"{path} holds {what}; expected the images, such as train-images-idx3-ubyte.gz.")
    start = 4 + 4 * axes
    if len(content) < start:
        raise InputError(
            f"{path} is cut off: {len(content)} bytes, fewer than the {start} of its header. Download it again."
        )
    shape = tuple(int(length) for length in np.frombuffer(content[4:start], ">u4"))
    if len(content) != start + math.prod(shape):
        raise InputError(
            f"{path} is cut off or damaged: its header says {' x '.join(map(str, shape))} bytes of images, "
            f"and {len(content) - start} follow. Download it again."
        )
    images: np.ndarray = np.frombuffer(content, np.uint8, offset=start)
    return images.reshape(shape)
