"""A selection of images as files: an index for --ind, a .star, a table; all of them or none."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import InputError
from encaudit.images.names import by_position, names_in_star, rows_by_name
from encaudit.images.tilts import particles_of
from encaudit.selecting.audited import AuditedStack, audited_stack, is_tilt_series, read_star
from encaudit.selecting.choice import PARTICLES, REPORT, Selection
from encaudit.unreadable import one_line


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


@dataclass(frozen=True)
class FilteredStar:
    """The .star that a selection was filtered from, and what to know of how its rows were found, if anything."""

    source: Path
    said: str | None


def write_selection(selection: Selection, outputs: Outputs) -> FilteredStar | None:
    """Write what was asked for, all or nothing; return which .star was filtered, None without one.

    - ``ind``: a pickle of the stack rows, a rising int64 array, as cryoDRGN's --ind and encaudit's take it.
    - ``star``: the rows of ``images`` that were kept (of a tilt series: all tilts of the particles), by cryoDRGN. Told
      by the names of the images, where they are of the stack that was audited (``rows_by_name``), else by their order.
    - ``csv``: their rows of particles.csv.

    Raises ``InputError`` for names and places that cannot be written, and for a .star of other images.
    """
    audited = audited_stack(selection)
    count = audited.count
    if count is not None and int(selection.index[-1]) >= count and not is_tilt_series(selection):
        raise InputError(
            f"{PARTICLES} names row {int(selection.index[-1])} of a stack of {count} images: it was edited. "
            "Audit again."
        )
    source = None if outputs.star is None else _source(selection, outputs.images)
    _check_places(selection, outputs, source)
    writers: list[tuple[Path, Callable[[Path], object]]] = []
    if outputs.ind is not None:
        writers.append((outputs.ind, lambda path: path.write_bytes(pickle.dumps(selection.index))))
    filtered: FilteredStar | None = None
    if outputs.star is not None and source is not None:
        star, said = _filtered(selection, audited, source)
        filtered = FilteredStar(source, said)
        writers.append((outputs.star, star.write))
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
    return filtered


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


def _filtered(selection: Selection, audited: AuditedStack, source: Path) -> tuple[Any, str | None]:
    """Return the images of a .star that were kept, as cryoDRGN's ``Starfile``, and what to know of how they were found.

    By the names of images where these are of the stack that was audited, else by the order of rows.
    """
    from cryodrgn.starfile import Starfile

    whole = read_star(source)
    named = names_in_star(whole.df, source)
    by_name = rows_by_name(named, audited.names, source)
    if by_name is None:
        kept, said = _in_order(selection, audited, whole.df, source), by_position(named, audited.names, source)
    else:
        kept, said = _named(audited, by_name, audited.rows_of(selection.index), source), None
    # as objects: cryoDRGN would write the whole numbers of a table of numbers as 1.0
    optics = None if whole.data_optics is None else whole.data_optics.astype(object)
    return Starfile(data=whole.df.iloc[np.sort(kept)].astype(object), data_optics=optics), said


def _named(audited: AuditedStack, by_name: np.ndarray, wanted: np.ndarray, source: Path) -> np.ndarray:
    kept: np.ndarray = by_name[wanted]
    lacking = wanted[kept < 0]
    if len(lacking):
        assert audited.names is not None
        raise InputError(
            f"{source} lacks {len(lacking)} of the {len(kept)} images that were kept, such as "
            f"{audited.names[int(lacking[0])]}. Give the .star of the whole stack with --images."
        )
    return kept


def _in_order(selection: Selection, audited: AuditedStack, table: Any, source: Path) -> np.ndarray:
    is_of_tilts = is_tilt_series(selection)
    rows = particles_of(source, table, 1) if is_of_tilts else list(np.arange(len(table))[:, None])
    what = "particles" if is_of_tilts else "images"
    expected = None if is_of_tilts else audited.count
    highest = int(selection.index[-1])
    if highest >= len(rows) or (expected is not None and expected != len(rows)):
        wanted = f"has {expected}" if expected not in (None, len(rows)) else f"has at least {highest + 1}"
        raise InputError(
            f"{source} lists {len(rows)} {what}, and the stack that was audited {wanted}. Give the .star of that stack "
            "with --images."
        )
    return np.concatenate([rows[i] for i in selection.index])


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or one_line(error)}. Give another name.") from None
