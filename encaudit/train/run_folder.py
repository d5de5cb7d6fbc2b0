"""The folder of a run: what cryoDRGN and `encaudit probe` read, and what a stopped run goes on from.

Every file is written under another name and then moved, so a full disk or a kill leaves the last good one.
"""

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from pydantic import ValidationError

from encaudit.errors import InputError
from encaudit.pickles import load_plain, load_weights
from encaudit.train.folder_lock import LOCK, FolderLock
from encaudit.train.run_record import RunRecord
from encaudit.types import Posterior
from encaudit.unreadable import one_line, reading

RECORD, LOG, CONFIG, STATE, EVALUATION = "run.json", "run.log", "config.yaml", "state.pkl", "evaluation.npz"
IND = "ind.pkl"  # the rows of a run on a part of its stack
Z, Z_TWIN = "z", "z_twin"


class RunFolder:
    """A folder of one run: config.yaml, weights.N.pkl, z.N.pkl, run.json, run.log, state.pkl, evaluation.npz.

    As a context it lets other processes in at its end; where an error ends it before the first checkpoint, what was
    written is removed, since nobody could use it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last_good: str | None = None
        self._made: list[Path] = []
        self._lock = FolderLock(path)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let other processes in, and leave no beginning that nobody can go on from."""
        if isinstance(error, Exception) and self.last_good is None:
            self._remove_what_was_made()
        self.release()

    def refuse_taken(self) -> None:
        """Raise InputError for a folder that has something in it, and for what is no folder."""
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is no folder; -o takes a folder.")
        self.refuse_held()
        self._refuse_content()

    def _refuse_content(self) -> None:
        with reading(self.path):
            if self.path.is_dir() and any(file.name != LOCK for file in self.path.iterdir()):
                hint = "go on with it by --resume" if (self.path / RECORD).is_file() else "empty it"
                raise InputError(f"{self.path} is not empty. Name another folder with -o DIR, or {hint}.")

    def refuse_held(self) -> None:
        """Raise InputError where another process trains in the folder."""
        self._lock.refuse_held()

    def create(self) -> None:
        """Make the folder, and keep other processes out; InputError where it cannot be made, or is not empty."""
        if not self.path.exists():
            self._made.append(self.path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path} cannot be made: {error.strerror}. Name another folder with -o.") from None
        self._lock.take()
        try:
            self._refuse_content()  # again: another process may have come and gone
        except InputError:
            self.release()
            raise

    def reopen(self) -> None:
        """Keep other processes out, and remove what a killed one left half written; InputError where one is in."""
        self._lock.take()
        for unfinished in self.path.glob("*.part"):
            unfinished.unlink(missing_ok=True)

    def release(self) -> None:
        """Let other processes in."""
        self._lock.release()

    def write(self, name: str, fill: Callable[[Path], object]) -> None:
        """Let ``fill`` write a file of this name, whole or not at all; InputError when the disk does not take it."""
        target = self.path / name
        if not target.exists():
            self._made.append(target)
        unfinished = target.with_name(f"{name}.{os.getpid()}.part")
        try:
            fill(unfinished)
            unfinished.replace(target)
        except OSError as error:
            kept = "there is no checkpoint yet. Make room, and train again."
            if self.last_good is not None:
                kept = f"{self.last_good} is whole. Make room, and go on with --resume -o {self.path}."
            raise InputError(f"{target} cannot be written: {error.strerror or error}; {kept}") from None
        finally:
            unfinished.unlink(missing_ok=True)

    def _remove_what_was_made(self) -> None:
        self._lock.release()  # its file would keep the folder
        with suppress(OSError):  # somebody put something of his own there
            for path in sorted(set(self._made), key=lambda one: len(one.parts), reverse=True):
                if path.is_dir():
                    path.rmdir()
                else:
                    path.unlink(missing_ok=True)

    def write_record(self, record: RunRecord) -> None:
        """Write run.json, and the run.log that cryoDRGN's tools look for."""
        self.write(RECORD, lambda path: path.write_text(record.to_json()))
        self.write(LOG, lambda path: path.write_text(record.to_log()))

    def write_checkpoint(self, epoch: int | None, weights: Mapping[str, Any], latents: Mapping[str, Posterior]) -> None:
        """Write weights.N.pkl and each of ``latents`` as NAME.N.pkl, two pickles of ``n d``; without N at the end."""
        number = "" if epoch is None else f".{epoch}"
        for name, q in latents.items():
            self._write_bytes(f"{name}{number}.pkl", _two_pickles(q))
        self.write_torch(f"weights{number}.pkl", weights)

    def write_torch(self, name: str, content: Mapping[str, Any]) -> None:
        """Write what ``torch.load(weights_only=True)`` reads again; equal content gives equal bytes."""
        buffer = io.BytesIO()  # torch.save writes the name of its file into it
        torch.save(dict(content), buffer)
        self._write_bytes(name, buffer.getvalue())

    def _write_bytes(self, name: str, content: bytes) -> None:
        self.write(name, lambda path: path.write_bytes(content))

    def write_state(self, state: Mapping[str, Any], said: str) -> None:
        """Write what ``read_state`` gives back; ``said`` names the place of the run, for messages."""
        self.write_torch(STATE, state)
        self.last_good = f"the checkpoint of {said}"

    def write_evaluation(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write evaluation.npz: one value an image in each array."""

        def fill(path: Path) -> None:
            with open(path, "wb") as file:  # given a name, numpy would add .npz to it
                np.savez(file, allow_pickle=False, **arrays)

        self.write(EVALUATION, fill)

    def goes_on(self, before: RunRecord | None) -> bool:
        """Whether a run with this record has, or had, a checkpoint to go on from; else it begins, or begins again."""
        return before is not None and (before.finished or bool(before.epochs) or (self.path / STATE).is_file())

    def read_state(self) -> Any:
        """Return the state that was written last; InputError where there is none."""
        if not (self.path / STATE).is_file():
            raise InputError(
                f"No {STATE} in {self.path}, so there is no run to resume. Leave out --resume to start one."
            )
        return load_weights(self.path / STATE)

    def read_record(self) -> RunRecord:
        """Return what run.json says; InputError for one that is missing, damaged or of another version."""
        return read_record(self.path)


def read_record(folder: Path) -> RunRecord:
    """Return what the run.json of a folder says; InputError for one that is missing, damaged or of another version."""
    path = folder / RECORD
    with reading(path):
        if not path.is_file():
            raise InputError(f"No {RECORD} in {folder}: it is no run of `encaudit train`. Name the folder of one.")
        text = path.read_text(encoding="utf-8")
    try:
        return RunRecord.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path} is no record of a run that this encaudit reads ({where or 'content'}: {first['msg'].lower()}). "
            "Copy it again, or train again."
        ) from None


def rows_of_run(folder: Path) -> np.ndarray | None:
    """Return the stack row of each image of a run by encaudit; None where the folder does not tell.

    By evaluation.npz, which a finished run has, else by the ind.pkl of a run on a part of its stack.
    """
    if not (folder / RECORD).is_file():
        return None
    evaluation, part = folder / EVALUATION, folder / IND
    try:
        if evaluation.is_file():
            with open(evaluation, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return np.asarray(arrays["index"])
        return np.asarray(load_plain(part)[0]) if part.is_file() else np.arange(read_record(folder).n)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{evaluation} cannot be read ({one_line(error)}): it is damaged. Train again.") from error


def _two_pickles(q: Posterior) -> bytes:
    assert q.logvar is not None
    return b"".join(pickle.dumps(np.ascontiguousarray(part.cpu().numpy())) for part in (q.mu, q.logvar))
