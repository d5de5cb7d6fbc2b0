"""Pickles without their danger: plain data and numpy arrays are read, anything else is refused.

A pickle is a program: reading one may run whatever its author wanted. cryoDRGN's pickles (latents, poses, CTF, old
configs, index files) need numbers, containers and numpy arrays only, so nothing else is ever looked up.
"""

import io
import pickle
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from encaudit.errors import InputError, UnsafePickleError
from encaudit.unreadable import one_line, reading

_NUMPY_CORES = ("numpy.core", "numpy._core")  # renamed in numpy 2: a file carries the name of the numpy that wrote it
_NUMPY_CORE_GLOBALS = {
    "multiarray": {"_reconstruct", "scalar"},
    "numeric": {"_frombuffer"},
}
_PLAIN_GLOBALS = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("__builtin__", "set"),
    ("__builtin__", "frozenset"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("collections", "OrderedDict"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("_codecs", "encode"),
    *(
        (f"{core}.{module}", name)
        for core in _NUMPY_CORES
        for module, names in _NUMPY_CORE_GLOBALS.items()
        for name in names
    ),
}
_TRUST = (
    "If you know who wrote it and trust them, encaudit probe and check take it with --trust-pickle; for a whole saved "
    "network, write module:pkg.mod:factory."
)


def load_plain(path: str | Path, *, trust: bool = False) -> list[Any]:
    """Read every object of a pickle file: a z.N.pkl holds two pickles, mu and then logvar.

    Raises ``UnsafePickleError``, before anything runs, for a pickle that asks for more than plain data and numpy;
    ``InputError`` for a file that is missing, cut off or no pickle. ``trust`` reads with Python's own unpickler, which
    runs what the file says.
    """
    path = Path(path)
    content = _content(path)
    stream = io.BytesIO(content)
    unpickler: Callable[[io.BytesIO], pickle.Unpickler] = pickle.Unpickler if trust else _PlainUnpickler
    found: list[Any] = []
    while stream.tell() < len(content):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numpy warns of its own old names in old files
                found.append(unpickler(stream).load())
        except _Refused as refused:
            raise UnsafePickleError(
                f"{path} was not read: it asks for {refused}, and only numbers, containers and numpy arrays are safe. "
                f"{_TRUST}"
            ) from None
        except Exception as error:  # a damaged pickle can fail anywhere: EOFError, KeyError, IndexError, ValueError ...
            raise InputError(
                f"{path} cannot be read as a pickle (object {len(found) + 1}: {one_line(error)}); "
                "it is cut off or another kind of file. Copy or write it again."
            ) from error
    if not found:
        raise InputError(f"{path} is empty; expected a pickle. Copy or write it again.")
    return found


def load_weights(path: str | Path, *, trust: bool = False, map_location: str = "cpu", mapped: bool = False) -> Any:
    """Read what ``torch.save`` wrote: tensors, containers, numbers and numpy arrays.

    CUDA tensors arrive on ``map_location``. ``mapped``: leave the numbers in the file until they are asked for, where
    its format allows that. Raises as ``load_plain`` does.
    """
    import torch

    path = Path(path)
    _check_readable(path)
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals([] if trust else _numpy_globals()):
            warnings.simplefilter("ignore")
            mmap = mapped and zipfile.is_zipfile(path)  # the format of torch since 1.6
            return torch.load(path, map_location=map_location, weights_only=not trust, mmap=mmap)
    except Exception as error:  # torch raises many kinds for a damaged file
        asked = _refused_by_torch(error) or _refused_in_first_object(path)
        if asked is None:
            raise InputError(
                f"{path} cannot be read as a PyTorch file ({_reason(error)}); it is cut off or another kind of file. "
                "Copy it again, or name the checkpoint itself."
            ) from error
        raise UnsafePickleError(
            f"{path} was not read: it asks for {asked}, and only tensors, containers and numpy arrays are safe. "
            f"{_TRUST}"
        ) from None


class _Refused(Exception):
    """The pickle named a global that is not plain data."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PLAIN_GLOBALS:
            raise _Refused(f"{module}.{name}")
        return super().find_class(module, name)


def _content(path: Path) -> bytes:
    _check_readable(path)
    with reading(path):
        return path.read_bytes()


def _check_readable(path: Path) -> None:
    with reading(path):
        if not path.is_file():
            raise InputError(f"No file at {path}. Check the path.")
        path.open("rb").close()


def _refused_by_torch(error: BaseException) -> str | None:
    named = re.search(r"GLOBAL ([\w.]+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
    return named and named[1]


def _refused_in_first_object(path: Path) -> str | None:
    """Name what a bare pickle asks for; the first object of a file of torch.save is a number and asks for nothing."""
    try:
        with open(path, "rb") as file:
            _PlainUnpickler(file).load()
    except _Refused as refused:
        return str(refused)
    except Exception:
        return None
    return None


def _reason(error: BaseException) -> str:
    """Return the sentence of torch's paragraph that says what was wrong."""
    text = str(error).rpartition("WeightsUnpickler error:")[2].strip()
    return text.partition("\n")[0].partition(". ")[0] or type(error).__name__


def _numpy_globals() -> list[Any]:
    """What torch has to be told to allow, under the names of old and of new numpy."""
    import _codecs

    import numpy as np
    from numpy._core import multiarray

    dtypes = {type(np.dtype(code)) for code in "?bhilqBHILQefdSUO"}
    renamed = [
        (getattr(multiarray, name), f"{core}.multiarray.{name}")
        for core in _NUMPY_CORES
        for name in _NUMPY_CORE_GLOBALS["multiarray"]
    ]
    return [np.ndarray, np.dtype, _codecs.encode, *dtypes, *renamed]
