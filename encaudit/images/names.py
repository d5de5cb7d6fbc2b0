"""Which row of a table is of which image? Told by the names of images (000001@stack.mrcs), else by their order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from encaudit.errors import InputError

IMAGE_NAME = "_rlnImageName"
BLOB_PATH, BLOB_INDEX = "blob/path", "blob/idx"


@dataclass(frozen=True)
class ImageNames:
    """In which file each of n images lies, and where in it: ``files`` (``n``, text) and ``numbers`` (``n``, from 0).

    ``counted``: whether they are all images that these files have.
    """

    files: np.ndarray
    numbers: np.ndarray
    counted: bool = False

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.numbers)

    def __getitem__(self, row: int) -> str:
        """Return the name of an image, in words."""
        return f"image {self.numbers[row] + 1} of {_file_name(str(self.files[row]))}"

    @property
    def some_files(self) -> str:
        """The first file, and how many more there are."""
        different = list(dict.fromkeys(map(str, self.files)))
        more = len(different) - 1
        return f"{_file_name(different[0])}{f' and {more} more' if more else ''}"


def names_in_stack(path: object, count: int, *, counted: bool = True) -> ImageNames:
    """Return the names of the images of one .mrcs file."""
    return ImageNames(np.broadcast_to(np.array(str(path)), count), np.arange(count), counted)


def names_in_star(table: Any, path: object) -> ImageNames | None:
    """Return the names that the particle table of a .star file gives as NUMBER@FILE, None where it gives none.

    Raises ``InputError`` where some are otherwise.
    """
    if IMAGE_NAME not in table:
        return None
    parts = table[IMAGE_NAME].astype(str).str.split("@", n=1, expand=True)
    if parts.shape[1] < 2:
        return None
    numbers = pd.to_numeric(parts[0], errors="coerce")
    wrong = ~(numbers >= 1)
    if np.any(wrong):
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{path} has the image name {str(table[IMAGE_NAME].iloc[row])!r} in its row {row + 1}; expected a number "
            "from 1 and a file, such as 000001@stack.mrcs."
        )
    return ImageNames(parts[1].to_numpy(), numbers.to_numpy(dtype=np.int64) - 1)


def names_in_cs(fields: np.ndarray) -> ImageNames | None:
    """Return the names that the structured array of a .cs file gives, None where it gives none."""
    if not {BLOB_PATH, BLOB_INDEX} <= set(fields.dtype.names or ()):
        return None
    paths = fields[BLOB_PATH]
    text = np.char.decode(paths, "utf-8", "replace") if paths.dtype.kind == "S" else paths.astype(str)
    return ImageNames(text, fields[BLOB_INDEX].astype(np.int64))


def rows_by_name(table: ImageNames | None, stack: ImageNames | None, path: object) -> np.ndarray | None:
    """Return in which row of a table each image of a stack is (``n``, -1 for none), None where names cannot tell.

    They can where a file of the table has the name of a file of the stack; folders are left aside, unless files of one
    name lie in several. Raises ``InputError`` for an image that the table has twice, or that the stack has not.
    """
    if table is None or stack is None:
        return None
    for spelling in (_file_name, str):
        theirs, ours = _coded(table, stack, spelling)
        known = np.isin(theirs[0], ours[0])
        if not known.any():
            return None
        if len(table) == len(stack) and all(map(np.array_equal, theirs, ours)):
            return np.arange(len(stack))  # row for row the same, whatever is there twice
        width = int(max(theirs[1].max(), ours[1].max())) + 1
        wanted, listed = (files * width + numbers for files, numbers in (ours, theirs))
        if len(np.unique(wanted)) == len(wanted):
            return _places(table, stack, path, wanted, listed, known)
    raise InputError(
        f"The images that were audited have one name several times, and {path} has other rows than their own table: "
        "which row is of which image cannot be told. Give the table that the images were read from."
    )


def by_position(table: ImageNames | None, stack: ImageNames | None, path: object) -> str:
    """Say that, and why, the rows of a table were taken in the order of the stack."""
    if stack is None:
        why = "the images that were audited have no names that are known"
    elif table is None:
        why = "it has no names of images"
    else:
        why = f"it names images of {table.some_files}, and those that were audited are of {stack.some_files}"
    return f"The rows of {path} were taken in the order of the stack: {why}."


def _places(
    table: ImageNames, stack: ImageNames, path: object, wanted: np.ndarray, listed: np.ndarray, known: np.ndarray
) -> np.ndarray:
    rows = np.flatnonzero(known)
    _, first = np.unique(listed[rows], return_index=True)
    if len(first) < len(rows):
        again = int(rows[np.setdiff1d(np.arange(len(rows)), first)[0]])
        raise InputError(f"{path} has {table[again]} twice (again in its row {again + 1}). Give each image once.")
    outside = rows[~np.isin(listed[rows], wanted)]
    if stack.counted and len(outside):
        row = int(outside[0])
        raise InputError(
            f"{path} has {table[row]} in its row {row + 1}, and the stack that was audited has {len(stack)}. Give the "
            "table of that stack."
        )
    order = rows[np.argsort(listed[rows])]
    at = np.searchsorted(listed[order], wanted).clip(max=len(order) - 1)
    return np.where(listed[order][at] == wanted, order[at], -1)


def _coded(
    table: ImageNames, stack: ImageNames, spelling: Callable[[str], str]
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return files, as numbers that are the same for the same name, and places in them; of the table, of the stack."""
    codes, files = pd.factorize(np.concatenate([table.files.astype(object), stack.files.astype(object)]))
    alike, _ = pd.factorize(np.array([spelling(str(file)) for file in files], dtype=object))
    codes = alike[codes].astype(np.int64)
    return (codes[: len(table)], table.numbers), (codes[len(table) :], stack.numbers)


def _file_name(file: str) -> str:
    return PurePosixPath(file.removeprefix(">")).name
