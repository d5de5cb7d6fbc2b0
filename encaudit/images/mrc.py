"""Particle stacks, through cryoDRGN's readers: .mrcs and .mrc, and the tables .star, .cs and .txt that point into them.

Pixels are those cryoDRGN would train on, so mode 0 is read as unsigned bytes, as it does (the MRC standard of 2014 says
signed; cryoDRGN writes signed bytes as mode 17).
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import InputError
from encaudit.images.acquisition import Acquisition, of_cs, of_star
from encaudit.images.mrc_header import MrcHeader, read_header
from encaudit.images.names import ImageNames, names_in_stack
from encaudit.images.pixels import widened
from encaudit.unreadable import one_line

MRC_SUFFIXES = (".mrc", ".mrcs")
TABLE_SUFFIXES = (".star", ".cs", ".txt")


class MrcPixels:
    """Images of one or many MRC files; ``table`` is the particle table of a .star file, None for the rest.

    ``names`` says in which file each image lies.
    """

    def __init__(self, path: str | Path, *, datadir: str | Path | None = None) -> None:
        self._source = _open(Path(path), datadir)
        self.table: Any = None
        name = str(path)
        if Path(path).suffix in MRC_SUFFIXES:
            header = read_header(path)
            self.files: tuple[str, ...] = (name,)
            self.apix = header.apix
            told = Acquisition()
            self.names = names_in_stack(path, int(self._source.n))
        else:
            stacks, header = _checked_stacks(name, self._source.df)
            self.files = (name, *stacks)
            self.names = _names(self._source)
            if Path(path).suffix == ".star":
                self.table = self._source.df
            with _complaints_as_ours(Path(path), datadir):
                self.apix, told = _told_by_table(Path(path), self._source)
            self.apix = self.apix or header.apix
        self.micrographs: np.ndarray | None = told.micrographs
        self.optics_groups: np.ndarray | None = told.optics_groups
        self.count = int(self._source.n)
        self.image_shape: tuple[int, ...] = (header.box, header.box)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Return these images ``b y x`` as float32; in file order on disk, in the asked order in memory."""
        if not len(rows):
            return np.empty((0, *self.image_shape), np.float32)
        order = np.argsort(rows, kind="stable")
        images = widened(self._source.images(rows[order], as_numpy=True))
        if np.array_equal(order, np.arange(len(rows))):
            return images
        in_asked_order = np.empty_like(images)
        in_asked_order[order] = images
        return in_asked_order


def _open(path: Path, datadir: str | Path | None) -> Any:
    """Open the source lazily."""
    from cryodrgn.source import ImageSource

    if datadir is not None and not Path(datadir).is_dir():
        raise InputError(f"No folder at {datadir}. Give --datadir the folder that the image paths start from.")
    if path.suffix in MRC_SUFFIXES:
        read_header(path)
    elif not path.is_file():
        raise InputError(f"No image file at {path}. Check the path given to --images.")
    elif path.suffix == ".txt":
        _check_list(path)
    with _complaints_as_ours(path, datadir):
        source: Any = ImageSource.from_file(str(path), lazy=True, datadir=None if datadir is None else str(datadir))
        if path.suffix in TABLE_SUFFIXES:
            # .cs files number images in 32 bits, in which cryoDRGN's byte offsets wrap around beyond 4 GB
            source.df["__mrc_index"] = source.df["__mrc_index"].astype(np.int64)
    return source


@contextmanager
def _complaints_as_ours(path: Path, datadir: str | Path | None) -> Iterator[None]:
    """Turn what cryoDRGN and its libraries say of a table into ``InputError``."""
    try:
        yield
    except Exception as error:  # a damaged table fails anywhere in numpy, pandas or cryoDRGN: EOFError, KeyError ...
        if missing := re.search(r"Cannot find file `(.+?)`", str(error)):
            raise InputError(
                f"{path} names {missing[1]}, which is not under {datadir}. Give --datadir the folder that holds it."
            ) from error
        if isinstance(error, OSError) and error.strerror:
            raise
        raise InputError(
            f"{path} cannot be read as a {path.suffix} image table ({type(error).__name__}: {one_line(error)}). "
            f"Expected {_EXPECTED[path.suffix]}."
        ) from error


_EXPECTED = {
    ".mrc": "an MRC image stack",
    ".mrcs": "an MRC image stack",
    ".star": "a RELION particle table with a column _rlnImageName of entries such as 000001@stack.mrcs",
    ".cs": "a cryoSPARC particle file with the fields blob/path and blob/idx",
    ".txt": "one .mrcs path a line",
}


def _check_list(path: Path) -> None:
    """Look at what a .txt list names first: cryoDRGN opens all of it, blank lines too, when it opens the list."""
    lines = path.read_text(errors="replace").splitlines()
    if not any(line.strip() for line in lines):
        raise InputError(f"{path} is empty; expected one .mrcs path a line.")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise InputError(f"{path} has an empty line {number}; expected one .mrcs path a line. Remove it.")
        stack = path.parent / line.strip()
        if not stack.is_file():
            raise InputError(
                f"{path} names {stack} (line {number}), which is not there. Paths start from the list's folder."
            )
        read_header(stack)


def _checked_stacks(name: str, table: Any) -> tuple[list[str], MrcHeader]:
    """Return the stacks a table points into; each is held against its size, the first one's box, and the rows asked."""
    asked = table.groupby("__mrc_filepath", sort=False)["__mrc_index"].agg(["min", "max"])
    if not len(asked):
        raise InputError(f"{name} lists no images.")
    first: tuple[str, MrcHeader] | None = None
    for stack, lowest, highest in asked.itertuples():
        if not os.path.isfile(stack):
            raise InputError(
                f"{name} names {stack}, which is not there. Say where the image files are with --datadir DIR."
            )
        header = read_header(stack)
        first = first or (stack, header)
        if header.box != first[1].box:
            raise InputError(
                f"{name} mixes boxes: {stack} has {header.box} pixels, {first[0]} has {first[1].box}. "
                "Bring all images to one box, for example with `cryodrgn downsample`."
            )
        if lowest < 0 or highest >= header.count:
            wrong = highest if highest >= header.count else lowest
            raise InputError(f"{name} asks for image {wrong + 1} of {stack}, which has {header.count}.")
    assert first is not None
    return [str(stack) for stack in asked.index], first[1]


def _names(source: Any) -> ImageNames:
    return ImageNames(source.df["__mrc_filename"].to_numpy(), source.df["__mrc_index"].to_numpy(dtype=np.int64))


def _told_by_table(path: Path, source: Any) -> tuple[float | None, Acquisition]:
    """Return angstrom per pixel, and where each image comes from, where the table says so."""
    if path.suffix == ".star":
        return _star_apix(source), of_star(source)
    if path.suffix == ".cs":
        fields = np.load(path)
        apix = _single(fields["blob/psize_A"]) if "blob/psize_A" in fields.dtype.names else None
        return apix, of_cs(fields)
    return None, Acquisition()


def _star_apix(source: Any) -> float | None:
    sizes = source.get_optics_values("_rlnImagePixelSize")
    if sizes is None:  # RELION 3.0 and before: the detector's pixels (in micrometres) over the magnification
        detector = source.get_optics_values("_rlnDetectorPixelSize")
        magnification = source.get_optics_values("_rlnMagnification")
        if detector is None or magnification is None:
            return None
        with np.errstate(all="ignore"):  # a magnification of 0 makes an infinite size, which counts as unknown
            sizes = 1e4 * detector.astype(float) / magnification.astype(float)
    return _single(sizes)


def _single(sizes: np.ndarray) -> float | None:
    """Return the one pixel size of all images; a stack of several has none."""
    try:
        values = np.asarray(sizes, dtype=np.float64).ravel()
    except (ValueError, TypeError):  # words where numbers belong
        return None
    known = np.isfinite(values).all() and values[0] > 0 and np.allclose(values, values[0])
    return float(values[0]) if known else None
