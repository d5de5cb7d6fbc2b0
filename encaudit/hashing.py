"""Which bytes were read? A fingerprint of the input files, for provenance."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from encaudit.errors import InputError

_CHUNK_BYTES = 1 << 20


def sha256_of(paths: Iterable[str | Path], *, progress: Callable[[int], None] | None = None) -> str:
    """Return the SHA-256 of the files, one after the other, as ``cat FILES | sha256sum`` prints it.

    ``progress`` is told the number of bytes read since its last call. Raises ``InputError`` for an unreadable file.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            with open(path, "rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    if progress is not None:
                        progress(len(chunk))
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}. Check the path and its permissions.") from error
    return digest.hexdigest()


def sha256_of_array(array: np.ndarray) -> str:
    """Return the SHA-256 of the .npy file that ``numpy.save`` would write of an array."""
    digest = hashlib.sha256()

    class Sink:
        def write(self, data: bytes) -> int:
            digest.update(data)
            return len(data)

    np.lib.format.write_array(Sink(), array, allow_pickle=False)
    return digest.hexdigest()
