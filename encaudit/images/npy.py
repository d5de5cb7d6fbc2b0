"""One array from a .npy file, or a sentence why there is none."""

import warnings
from pathlib import Path
from typing import Literal

import numpy as np

from encaudit.errors import InputError
from encaudit.unreadable import one_line


def load_npy(path: Path, *, mmap_mode: Literal["r"] | None = None) -> np.ndarray:
    """Read a .npy file without unpickling; mapped, not loaded, with ``mmap_mode="r"``.

    Raises ``InputError`` for a damaged file, for objects, and for an archive of several arrays (.npz).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a damaged header is parsed as Python, which warns of odd escapes
            content = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except Exception as error:  # a damaged header fails anywhere: TokenError, SyntaxError, OverflowError, EOFError ...
        if isinstance(error, OSError) and error.strerror:
            raise
        raise InputError(
            f"{path} cannot be read as a .npy array ({one_line(error)}). Save it again with numpy.save."
        ) from error
    if isinstance(content, np.ndarray):
        return content
    content.close()
    raise InputError(
        f"{path} cannot be read as a .npy array (it is a .npz archive). Save one array of it with numpy.save."
    )
