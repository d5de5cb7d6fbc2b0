"""The per-image values of an audit, as its particles.csv holds them."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from encaudit.errors import InputError
from encaudit.unreadable import reading

PARTICLES = "particles.csv"
INDEX, GROUP = "index", "group"
DIGITS = 7  # of the values in a particles.csv
ENCODER_COLUMNS = ("prior_kl", "elbo")  # of the encoder alone; all others are SPEC/quantity


@dataclass(frozen=True, eq=False)
class Particles:
    """Columns of one value an image (``n`` floats, NaN where there is none), by the names of particles.csv.

    ``index``: stack rows. ``groups``: codes of what was sampled together, None where that is not known. ``of``: how
    many images the audit had, of which these may be a part.
    """

    index: np.ndarray
    groups: np.ndarray | None
    columns: dict[str, np.ndarray]
    of: int

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.index)

    def take(self, rows: np.ndarray) -> "Particles":
        """Return the images at these positions."""
        return Particles(
            self.index[rows],
            None if self.groups is None else self.groups[rows],
            {name: values[rows] for name, values in self.columns.items()},
            self.of,
        )

    def column(self, transform: str | None, quantity: str) -> np.ndarray | None:
        """Return the values of a quantity under a transform (None: of the encoder alone), None where there are none."""
        return self.columns.get(quantity if transform is None else f"{transform}/{quantity}")


def read_particles(path: Path, keep: Collection[int] | None = None) -> Particles:
    """Read a particles.csv, or of it the rows ``keep`` of the stack.

    Raises InputError for what is not one.
    """
    wanted = None if keep is None else {str(row).encode() for row in keep}
    total, rows = 0, []
    with reading(path):
        try:
            with path.open("rb") as file:
                names = next(csv.reader([file.readline().decode("utf-8")]), [])
                for total, line in enumerate(file, start=1):  # noqa: B007 (the last one is how many there are)
                    if wanted is None or line[: line.find(b",")] in wanted:  # below its head the file is all numbers
                        rows.append([float(cell) if cell else np.nan for cell in line.strip().split(b",")])
            table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
        except FileNotFoundError:
            raise InputError(
                f"There is no {path}, which a comparison image by image needs. It is written beside report.json by "
                "encaudit probe CKPT -o DIR; name that folder."
            ) from None
        except (ValueError, IndexError, csv.Error) as error:
            raise InputError(f"{path} is damaged ({error}); expected the particles.csv of encaudit probe.") from None
    if np.isinf(table).any():
        raise InputError(f"{path} is damaged: it holds infinite values; expected the particles.csv of encaudit probe.")
    if not names or names[0] != INDEX or len(set(names)) < len(names):
        raise InputError(f"{path} is no particles.csv of encaudit probe: its first column is not {INDEX}.")
    columns = dict(zip(names, table.T, strict=True))
    index = columns.pop(INDEX)
    if not _are_whole(index) or len(np.unique(index)) < len(index):
        raise InputError(f"{path} is damaged: its column {INDEX} names an image twice, or not at all.")
    groups = columns.pop(GROUP, None)
    if groups is not None and not _are_whole(groups):
        raise InputError(f"{path} is damaged: its column {GROUP} has gaps, or numbers that are not whole.")
    return Particles(index.astype(np.int64), None if groups is None else groups.astype(np.int64), columns, total)


def as_written(values: np.ndarray) -> np.ndarray:
    """Return values with the digits that a particles.csv has: what is the same there is the same here."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in values])


def _are_whole(numbers: np.ndarray) -> bool:
    return bool((np.abs(numbers) < 2.0**53).all() and (numbers == np.floor(numbers)).all())
