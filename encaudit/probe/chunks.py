"""The chunks that a stack is divided into: what a rank gets, what is kept of an unfinished pass, and what resumes.

The division depends on the stack and the batch size alone. Every image is therefore encoded beside the same others
whichever rank does it, and whenever: that is why neither changes a bit of the latents.
"""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.errors import InputError
from encaudit.probe.collected import Arrays, is_whole
from encaudit.probe.ranks import Ranks

IMAGES_A_CHUNK = 4096  # half a gigabyte of images of 128 pixels, and a few megabytes of latents
NUMBER, RUN = "chunk", "run"  # beside the arrays of a chunk
SUFFIX = ".npz"
DESCRIPTION = "pass.json"

Division = list[list[np.ndarray]]  # the positions of each batch of each chunk


def divided(total: int, batch: int) -> Division:
    """Divide the positions of a stack into batches, and these into chunks of whole batches."""
    batches = [np.arange(start, min(start + batch, total)) for start in range(0, total, batch)]
    together = max(1, IMAGES_A_CHUNK // batch)
    return [batches[start : start + together] for start in range(0, len(batches), together)]


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the arrays of a chunk as a file's content, which knows when it is damaged."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def unpacked(content: bytes) -> Arrays:
    """Return the arrays of a chunk; raises whatever a damaged content makes the readers of zip and npy raise."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def brought_together(ranks: Ranks, mine: dict[int, Arrays]) -> dict[int, Arrays]:
    """Return the chunks of all ranks, by number, on the first; the others are left with none. Empties ``mine``."""
    everything = {number: mine.pop(number) for number in list(mine)} if ranks.is_first else {}
    for _ in range(ranks.told(len(everything))):  # no rank has more than the first; one at a time, to spare memory
        number = min(mine, default=None)
        content = b"" if number is None else packed(mine.pop(number) | {NUMBER: np.array(number)})
        for arrays in map(unpacked, filter(None, ranks.gathered(content))):
            everything[arrays.pop(NUMBER).item()] = arrays
    return everything


class KeptChunks:
    """The finished chunks of one pass, in a folder beside the output: a file each, written whole or not at all.

    ``run`` is the digest of the run that they belong to; a chunk of another one is none of ours.
    """

    def __init__(self, folder: Path, name: str, run: str) -> None:
        self._folder, self._name, self._run = folder, name, run
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self.finished: dict[int, Arrays] = {}

    def write(self, number: int, arrays: Arrays) -> None:
        """Keep a chunk, while the next one is encoded; InputError when the disk did not take the last one."""
        self.settle()
        content = arrays | {RUN: np.array(self._run), NUMBER: np.array(number)}
        self._writing = self._writer.submit(self._write, number, content)

    def settle(self) -> None:
        """Wait until all that was kept is on the disk; InputError when it did not take it."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write(self, number: int, arrays: Arrays) -> None:
        path = self._path(number)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, packed(arrays))
        except OSError as error:
            raise InputError(
                f"{path} cannot be written: {error.strerror}. Make room, and go on with --resume; or name another "
                "output folder with -o DIR."
            ) from error

    def find(self, rows: list[np.ndarray]) -> None:
        """Load every chunk that is there, whole and ours into ``finished``; ``rows`` are the stack rows of each."""
        for number, expected in enumerate(rows):
            arrays = self._read(number)
            if arrays is not None and is_whole(arrays, expected):
                self.finished[number] = arrays

    def _read(self, number: int) -> Arrays | None:
        path = self._path(number)
        if not path.is_file():
            return None
        try:
            arrays = unpacked(path.read_bytes())
            whose = (arrays.pop(RUN).item(), arrays.pop(NUMBER).item())
        except Exception:  # cut off or damaged, it fails anywhere, and is computed anew
            return None
        return arrays if whose == (self._run, number) else None

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}.{number:06d}{SUFFIX}"


def digest_of(facts: Mapping[str, str]) -> str:
    """Return what a run is known by: the same for the same facts only."""
    return hashlib.sha256(json.dumps(dict(facts), sort_keys=True).encode()).hexdigest()


def take_up(folder: Path, facts: Mapping[str, str], chunks: int, *, resume: bool) -> str | None:
    """Begin a run of so many chunks (0: none is worth keeping), or go on with one; return what its user has to know.

    What was kept of a former run in the folder is dropped, unless it is resumed. Raises InputError when the run to
    resume had other facts, and names them.
    """
    former = _described(folder)
    kept = len(list(folder.glob(f"*{SUFFIX}")))
    if resume and former is not None:
        _refuse_others(folder, former["facts"], facts)
        return None
    shutil.rmtree(folder, ignore_errors=True)
    if chunks:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_whole(folder / DESCRIPTION, json.dumps({"facts": dict(facts), "chunks": chunks}, indent=1).encode())
        except OSError as error:
            raise InputError(
                f"{folder} cannot be written: {error.strerror}. Name another folder with -o DIR."
            ) from error
    if former is None and kept:
        return (
            f"{folder / DESCRIPTION} is damaged: nobody can say whose {kept} chunks those beside it were. They were "
            "dropped, and this run starts from the beginning."
        )
    if resume:
        return "there is no unfinished run to resume; this one starts from the beginning."
    if former is not None and kept:
        return (
            f"{kept} of {former['chunks']} chunks of an unfinished run were dropped; --resume would have gone on from "
            "them."
        )
    return None


def kept_in(folder: Path) -> int:
    """Return how many chunks are kept in a folder that ``--resume`` could go on from."""
    return len(list(folder.glob(f"*{SUFFIX}"))) if _described(folder) is not None else 0


def _refuse_others(folder: Path, before: Mapping[str, str], now: Mapping[str, str]) -> None:
    differing = [
        f"{fact} (was {before.get(fact, 'none')}, is {now.get(fact, 'none')})"
        for fact in dict.fromkeys([*before, *now])
        if before.get(fact) != now.get(fact)
    ]
    if differing:
        raise InputError(
            f"The unfinished run in {folder} was another one: {'; '.join(differing)}. Give the same again to go on, or "
            "leave out --resume to begin anew."
        )


def _described(folder: Path) -> dict[str, Any] | None:
    try:
        content = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        whole = isinstance(content["facts"], dict) and isinstance(content["chunks"], int)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return content if whole else None


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
