"""What was a run trained on, and how, as far as its folder tells?"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.encoders.cryodrgn_config import CryodrgnConfig, find_config, read_config
from encaudit.encoders.training_data import locate
from encaudit.errors import EncauditError
from encaudit.hashing import sha256_of
from encaudit.pickles import load_plain
from encaudit.train.run_record import RunRecord

REPORT = "report.json"  # of an audit
SETTINGS = ("poses", "ctf")


@dataclass(frozen=True)
class File:
    """A file that was read: its path, and its SHA-256 where that is known."""

    path: str
    sha256: str | None


@dataclass(frozen=True)
class RunData:
    """The images of a run, what came with them, and the unit of its losses; None for what nobody tells.

    - ``images``: the stack; ``box``: pixels of a side; ``stack``: how many images the whole stack has.
    - ``settings``: poses and ctf, where it is known which (None: there were none).
    - ``norm``: mean and standard deviation that Hartley coefficients are measured in.
    """

    images: File | None = None
    box: int | None = None
    stack: int | None = None
    settings: Mapping[str, File | None] | None = None
    norm: tuple[float, float] | None = None


def data_of_run(folder: Path, record: RunRecord) -> RunData:
    """Return what a run of `encaudit train` tells, in run.json and config.yaml."""
    config = _config(folder)
    whole = record.files.get("ind") is None and record.options.get("n") is None
    return RunData(
        images=_file(record.files.get("images")),
        box=None if config is None else config.box,
        stack=record.n if whole and record.data == "particles" else None,
        settings={name: _file(record.files[name]) for name in SETTINGS if name in record.files},
        norm=None if config is None else config.dataset_args.norm,
    )


def data_of_audit(folder: Path) -> RunData:
    """Return what the report of an audit tells; nothing where there is none that can be read."""
    try:
        told = json.loads((folder / REPORT).read_text(encoding="utf-8"))["provenance"]["images"]
        shape = told["shape"]
        return RunData(
            images=_file(told),
            box=int(shape[0]) if len(set(shape)) == 1 else None,
            settings={name: _file(told[name]) for name in SETTINGS},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return RunData()


def data_of_cryodrgn(folder: Path, images: int) -> RunData:
    """Return what the config of a cryoDRGN run with latents of so many images tells.

    Its poses and CTFs are hashed where they still are; the stack, which may be large, by ``hashed`` where that decides.
    """
    config = _config(folder)
    if config is None:
        return RunData()
    args = config.dataset_args
    stack = _located(config, folder, "images")
    settings = {}
    for name, recorded in (("poses", args.poses), ("ctf", args.ctf)):
        place = _located(config, folder, name) if recorded else None
        settings[name] = File(place or recorded, place and _sha256(place)) if recorded else None
    return RunData(
        images=None if args.particles is None else File(stack or args.particles, None),
        box=config.box,
        stack=images if args.ind is None and config.model_args.encode_mode != "tilt" else None,
        settings=settings,
    )


def rows_of_cryodrgn(folder: Path, images: int) -> np.ndarray | None:
    """Return the stack rows of a cryoDRGN run with latents of so many images; None where its config does not tell.

    They are those of the config's --ind, where that file still is, or all of the stack where it names none.
    """
    config = _config(folder)
    if config is None or config.model_args.encode_mode == "tilt":
        return None
    if config.dataset_args.ind is None:
        return np.arange(images)
    place = _located(config, folder, "ind")
    try:
        rows = None if place is None else np.asarray(load_plain(Path(place))[0])
    except EncauditError:
        return None
    if rows is None or rows.ndim != 1 or rows.dtype.kind not in "iub":
        return None
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
    return rows if len(rows) == images == len(np.unique(rows)) else None


def hashed(images: File) -> str | None:
    """Return the SHA-256 of a stack, of its file now where none is on record; None where it is not there."""
    from encaudit.images import open_stack

    if images.sha256 is not None or not Path(images.path).is_file():
        return images.sha256
    try:
        return sha256_of(open_stack(images.path).files)
    except EncauditError:
        return None


def _config(folder: Path) -> CryodrgnConfig | None:
    try:
        return read_config(find_config(folder / "weights.pkl"))
    except EncauditError:
        return None  # it says what else is known, and whoever decodes the run says what is wrong with it


def _located(config: CryodrgnConfig, folder: Path, what: str) -> str | None:
    away: dict[str, str] = {"poses": "none", "ctf": "none", "ind": "all"}
    away.pop(what, None)
    try:
        found = locate(config, [folder / "weights.pkl"], images=None if what == "images" else "none", **away)
    except EncauditError:
        return None
    return found.particles if what == "images" else getattr(found, what)


def _sha256(path: str) -> str | None:
    try:
        return sha256_of([path])
    except EncauditError:
        return None


def _file(told: Mapping[str, Any] | None) -> File | None:
    return None if told is None else File(str(told.get("path")), told.get("sha256"))
