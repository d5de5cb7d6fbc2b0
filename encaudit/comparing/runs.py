"""From a folder to a run: its latents, the loss of each image, and how it came about."""

import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from encaudit.comparing.data import RunData, data_of_audit, data_of_cryodrgn, data_of_run, rows_of_cryodrgn
from encaudit.errors import EncauditError, InputError
from encaudit.pickles import load_plain, load_weights
from encaudit.results import Latents
from encaudit.train.run_folder import EVALUATION, RECORD, STATE, read_record, rows_of_run
from encaudit.train.run_record import RunRecord
from encaudit.unreadable import one_line, reading

LATENTS = "latents.npz"
LOSSES = ("reconstruction", "kl", "loss")


@dataclass(frozen=True, eq=False)
class TrainedRun:
    """A run as comparisons see it, one row an image.

    - ``latents``: what the run's decoder is asked at: the table of a VLT, the latents of the twins for a twin.
    - ``of_images``: what a twin's encoder says of the images themselves; None for other kinds.
    - ``losses``: the arrays of evaluation.npz by name, ``n`` each; empty where there are none.
    - ``held_out``: ``n``, which images were not trained on.
    - ``start``: the mu that a table started from, where state.pkl tells.
    - ``rows_known``: whether the stack rows are on record, or were taken to be 0 .. n - 1.
    - ``data``: what it was trained on. ``loss_scale``: what its reconstruction errors were multiplied by, to be in the
      unit of another run.
    """

    name: str
    path: Path
    latents: Latents
    of_images: Latents | None
    losses: dict[str, np.ndarray]
    held_out: np.ndarray
    start: np.ndarray | None
    record: RunRecord | None
    rows_known: bool
    data: RunData
    loss_scale: float = 1.0

    @property
    def kind(self) -> str:
        """vae, vlt or twin; "latents" where nothing says how they were made."""
        return "latents" if self.record is None else self.record.kind

    def take(self, rows: np.ndarray) -> Self:
        """Return the run at these positions."""
        return replace(
            self,
            latents=self.latents.take(rows),
            of_images=None if self.of_images is None else self.of_images.take(rows),
            losses={name: values[rows] for name, values in self.losses.items()},
            held_out=self.held_out[rows],
            start=None if self.start is None else self.start[rows],
        )


def read_runs(paths: tuple[str, ...]) -> list[TrainedRun]:
    """Read folders of encaudit train, of cryoDRGN, or of probe; each gets the shortest name that is its own."""
    places = [Path(path) for path in paths]
    if len(places) < 2:
        raise InputError("One run cannot be compared: name two or more, encaudit compare RUN_A RUN_B.")
    resolved = [place.resolve() for place in places]
    if len(set(resolved)) < len(resolved):
        twice = next(place for i, place in enumerate(places) if resolved[i] in resolved[:i])
        raise InputError(f"{twice} is named twice. Name each run once.")
    depth = 1
    while len({place.parts[-depth:] for place in resolved}) < len(resolved):
        depth += 1
    return [_read(place, "/".join(full.parts[-depth:])) for place, full in zip(places, resolved, strict=True)]


def _read(folder: Path, name: str) -> TrainedRun:
    with reading(folder):
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder; expected that of a training run, or of a probe.")
        of_audit, trained = (folder / LATENTS).is_file(), (folder / RECORD).is_file()
    if of_audit and not trained:
        latents = _of_audit(folder / LATENTS)
        nobody = np.zeros(len(latents), bool)
        return TrainedRun(name, folder, latents, None, {}, nobody, None, None, True, data_of_audit(folder))
    record = read_record(folder) if trained else None
    losses = _evaluation(folder / EVALUATION) if (folder / EVALUATION).is_file() else {}
    index = losses.pop("index", None)
    held_out = losses.pop("held_out", None)
    if index is None:
        index = _rows(folder, record)
    own = _last_z(folder, "z", index)
    if own is None:
        raise InputError(
            f"{folder} holds neither z.pkl nor z.N.pkl nor {LATENTS}. Expected the folder of a training run, or of an "
            "audit by encaudit probe."
        )
    shown = _last_z(folder, "z_twin", index) if record is not None and record.kind == "twin" else None
    return TrainedRun(
        name,
        folder,
        own if shown is None else shown,
        None if shown is None else own,
        losses,
        np.zeros(len(own), bool) if held_out is None else held_out.astype(bool),
        _start(folder / STATE, own.mu.shape) if record is not None and record.kind == "vlt" else None,
        record,
        rows_known=index is not None,
        data=data_of_cryodrgn(folder, len(own)) if record is None else data_of_run(folder, record),
    )


def _rows(folder: Path, record: RunRecord | None) -> np.ndarray | None:
    """Return the stack rows of a run without evaluation.npz: one that was not finished, or is cryoDRGN's."""
    if record is not None:
        return rows_of_run(folder)
    own = _last_z(folder, "z", None)
    return None if own is None else rows_of_cryodrgn(folder, len(own))


def _start(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        start = np.asarray(load_weights(path)["objective"]["table"]["start_mu"])
    except (EncauditError, KeyError, TypeError):
        return None  # a state of another version: run.json tells the distance too
    return start if start.shape == shape else None


def _of_audit(path: Path) -> Latents:
    arrays = _arrays(path, ("mu", "index"))
    return Latents(arrays["mu"], arrays.get("logvar"), arrays["index"])


def _evaluation(path: Path) -> dict[str, np.ndarray]:
    arrays = _arrays(path, ("index", *LOSSES))
    lengths = {name: values.shape for name, values in arrays.items()}
    if len(set(lengths.values())) > 1 or arrays["index"].ndim != 1:
        raise InputError(f"{path} is damaged: its arrays have shapes {lengths}. Train to the end again.")
    bad = [name for name, values in arrays.items() if not np.isfinite(values).all()]
    if bad:
        raise InputError(f"{path} holds values of {bad[0]} that are not finite numbers. Look at the run's losses.")
    return arrays


def _arrays(path: Path, needed: tuple[str, ...]) -> dict[str, np.ndarray]:
    with reading(path):
        try:
            with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
            raise InputError(f"{path} cannot be read ({one_line(error)}): it is damaged. Write it again.") from error
    lacking = [name for name in needed if name not in arrays]
    if lacking:
        raise InputError(f"{path} lacks {', '.join(lacking)}; expected a file that encaudit wrote.")
    return arrays


def _last_z(folder: Path, stem: str, index: np.ndarray | None) -> Latents | None:
    """Return the latents of the last epoch: z.pkl, else the z.N.pkl of the highest N; None where there are none."""
    path = folder / f"{stem}.pkl"
    if not path.is_file():
        pattern = re.compile(rf"{stem}\.(\d+)\.pkl")
        numbered = {int(match[1]): file for file in folder.iterdir() if (match := pattern.fullmatch(file.name))}
        if not numbered:
            return None
        path = numbered[max(numbered)]
    tables = [np.asarray(table) for table in load_plain(path)[:2]]
    mu, logvar = tables[0], tables[1] if len(tables) > 1 else None
    if mu.ndim != 2 or mu.dtype.kind not in "fiu" or not np.isfinite(mu).all():
        raise InputError(f"{path} holds no table of finite latents, but {mu.dtype} of shape {mu.shape}.")
    if logvar is not None and logvar.shape != mu.shape:
        raise InputError(f"{path} is damaged: mu is of shape {mu.shape} and logvar of {logvar.shape}. Write it again.")
    rows = np.arange(len(mu)) if index is None else index
    if len(rows) != len(mu):
        raise InputError(
            f"{path} has {len(mu)} images, and what is beside it tells of {len(rows)}: they are of two runs."
        )
    return Latents(mu.astype(np.float32), None if logvar is None else logvar.astype(np.float32), rows)
