"""A selection of images as files: an index for --ind, a .star, a table; all of them or none."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import InputError
from encaudit.images.mrc import MRC_SUFFIXES
from encaudit.images.mrc_header import read_header
from encaudit.images.tilts import particles_of
from encaudit.selecting.choice import PARTICLES, REPORT, Selection
from encaudit.unreadable import one_line, reading


@dataclass(frozen=True)
class Outputs:
    """Where the selection goes, none to count only; ``images`` is the .star that ``star`` is a part of.

    Without ``images`` it is the audit's own.
    """

    ind: Path | None = None
    star: Path | None = None
    csv: Path | None = None
    images: Path | None = None

    @property
    def files(self) -> list[tuple[str, Path]]:
        """The outputs that were asked for, by their option."""
        named = (("--ind", self.ind), ("--star", self.star), ("--csv", self.csv))
        return [(option, path) for option, path in named if path is not None]


def write_selection(selection: Selection, outputs: Outputs) -> Path | None:
    """Write what was asked for, all or nothing; return the .star that was filtered, None without one.

    - ``ind``: a pickle of the stack rows, a rising int64 array, as cryoDRGN's --ind and encaudit's take it.
    - ``star``: the rows of ``images`` that were kept (of a tilt series: all tilts of the particles), by cryoDRGN.
    - ``csv``: their rows of particles.csv.

    Raises ``InputError`` for names and places that cannot be written, and for a .star of other images.
    """
    length = _length(selection)
    if length is not None and int(selection.index[-1]) >= length and not _is_tilt_series(selection):
        raise InputError(
            f"{PARTICLES} names row {int(selection.index[-1])} of a stack of {length} images: it was edited. "
            "Audit again."
        )
    source = None if outputs.star is None else _source(selection, outputs.images)
    _check_places(selection, outputs, source)
    writers: list[tuple[Path, Callable[[Path], object]]] = []
    if outputs.ind is not None:
        writers.append((outputs.ind, lambda path: path.write_bytes(pickle.dumps(selection.index))))
    if outputs.star is not None and source is not None:
        writers.append((outputs.star, _filtered(selection, source).write))
    if outputs.csv is not None:
        writers.append((outputs.csv, lambda path: selection.table.to_csv(path, index=False, float_format="%.7g")))
    unfinished = {target: target.with_name(target.name + ".part") for target, _ in writers}
    try:
        for target, write in writers:
            with _writing(target):
                write(unfinished[target])
        for target, partial in unfinished.items():
            with _writing(target):
                partial.replace(target)
    finally:
        for partial in unfinished.values():
            partial.unlink(missing_ok=True)
    return source


def _source(selection: Selection, given: Path | None) -> Path:
    """Return the .star to filter."""
    recorded = selection.images.get("path")
    source = Path(str(recorded)) if given is None and recorded is not None else given
    if source is None or source.suffix != ".star":
        what = "--images is" if given is not None else "the audited images are"
        raise InputError(
            f"--star filters a .star file, and {what} {source}. Give the one of these images with --images."
        )
    if not source.is_file():
        where = "" if given is not None else " The audit has it from there; say where it is now with --images."
        raise InputError(f"No file at {source}.{where}")
    return source


def _check_places(selection: Selection, outputs: Outputs, source: Path | None) -> None:
    taken = {
        path.resolve(): str(path) for path in (selection.folder / REPORT, selection.folder / PARTICLES, source) if path
    }
    for option, path in outputs.files:
        wanted = {"--ind": ".pkl", "--star": ".star", "--csv": ".csv"}[option]
        if path.suffix != wanted:
            raise InputError(f"{option} {path}: expected a name that ends in {wanted}.")
        if path.is_dir():
            raise InputError(f"{option} {path} is a folder. Give the name of a file.")
        if not path.absolute().parent.is_dir():
            raise InputError(f"{option} {path}: there is no folder {path.absolute().parent}. Make it first.")
        if path.resolve() in taken:
            raise InputError(f"{option} {path} would overwrite {taken[path.resolve()]}. Give another name.")
        taken[path.resolve()] = str(path)


def _filtered(selection: Selection, source: Path) -> Any:
    """Return the images of a .star that were kept, as cryoDRGN's ``Starfile``."""
    from cryodrgn.starfile import Starfile

    with _reading_star(source):
        whole = Starfile(str(source))
    is_tilt_series = _is_tilt_series(selection)
    rows = particles_of(source, whole.df, 1) if is_tilt_series else list(np.arange(len(whole))[:, None])
    what = "particles" if is_tilt_series else "images"
    expected = None if is_tilt_series else _length(selection)
    highest = int(selection.index[-1])
    if highest >= len(rows) or (expected is not None and expected != len(rows)):
        wanted = f"has {expected}" if expected not in (None, len(rows)) else f"has at least {highest + 1}"
        raise InputError(
            f"{source} lists {len(rows)} {what}, and the stack that was audited {wanted}. Give the .star of that stack "
            "with --images."
        )
    kept = np.sort(np.concatenate([rows[i] for i in selection.index]))
    # as objects: cryoDRGN would write the whole numbers of a table of numbers as 1.0
    optics = None if whole.data_optics is None else whole.data_optics.astype(object)
    return Starfile(data=whole.df.iloc[kept].astype(object), data_optics=optics)


def _is_tilt_series(selection: Selection) -> bool:
    shape = selection.images.get("shape")
    return isinstance(shape, list) and len(shape) == 3


def _length(selection: Selection) -> int | None:
    """Return how many images the audited stack has, where that can still be found out."""
    from cryodrgn.starfile import Starfile

    path = Path(str(selection.images.get("path")))
    if not path.is_file():
        return None
    if path.suffix in MRC_SUFFIXES:
        return read_header(path).count
    if path.suffix == ".star":
        with _reading_star(path):
            return len(Starfile(str(path)))
    return None


@contextmanager
def _reading_star(path: Path) -> Iterator[None]:
    with reading(path):
        try:
            yield
        except Exception as error:  # a damaged table fails anywhere in numpy, pandas or cryoDRGN
            if isinstance(error, OSError) and error.strerror:
                raise
            raise InputError(
                f"{path} cannot be read as a .star file ({type(error).__name__}: {one_line(error)}). "
                "Expected a RELION particle table."
            ) from error


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or one_line(error)}. Give another name.") from None
