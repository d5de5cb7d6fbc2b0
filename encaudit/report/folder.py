"""The output folder: written whole under a temporary name, then moved into place."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from encaudit.audit import Audit, Watcher
from encaudit.encoders.recognize import MODULE_PREFIX, last_checkpoint
from encaudit.errors import InputError
from encaudit.report import figures
from encaudit.report.document import write_report
from encaudit.report.html import render_html
from encaudit.results import Encodings
from encaudit.volumes import write_volumes

REPORT = "report.json"
ENTRIES = ("latents.npz", "particles.csv", "figures", "volumes", "report.html", REPORT)  # the report comes last


def default_folder(checkpoint: str) -> Path:
    """Return where the outputs go when nobody says: the checkpoint's stem + .encaudit, beside it."""
    if checkpoint.startswith(MODULE_PREFIX):
        return Path(checkpoint.removeprefix(MODULE_PREFIX).replace(":", ".") + ".encaudit")
    path = Path(checkpoint)
    if path.is_dir():
        path = last_checkpoint(path)
    return path.with_suffix(".encaudit")


class OutputFolder:
    """A place to write an audit to; refuses at once what it could not write at the end."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self.path = path
        if path.exists() and not path.is_dir():
            raise InputError(f"{path} is a file; -o takes a folder (or - for standard output).")
        if path.is_dir() and any(path.iterdir()) and not _is_ours(path) and not force:
            raise InputError(
                f"{path} exists and was not made by encaudit. Name another folder with -o DIR, or add --force."
            )
        parent = path.absolute().parent
        while not parent.exists():
            parent = parent.parent
        if not os.access(parent if not path.exists() else path, os.W_OK) or not os.access(parent, os.W_OK):
            raise InputError(f"{parent} is not writable. Name another output folder with -o DIR.")

    def write(self, audit: Audit, watcher: Watcher) -> Path:
        """Write everything, and return where the page is."""
        watcher.stage("Writing")
        parent = self.path.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.partial-", dir=parent))
        try:
            _fill(partial, audit, watcher)
            self._move_into_place(partial)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return self.path / "report.html"

    def _move_into_place(self, partial: Path) -> None:
        partial.chmod(0o777 & ~_umask())  # mkdtemp makes it private
        if not self.path.exists():
            partial.rename(self.path)
            return
        for name in reversed(ENTRIES):  # the report goes first: a folder without one is not taken for whole
            _remove(self.path / name)
        for name in ENTRIES:
            if (partial / name).exists():
                (partial / name).rename(self.path / name)


def _fill(folder: Path, audit: Audit, watcher: Watcher) -> None:
    write_latents(folder / "latents.npz", audit.encodings)
    particles_frame(audit).to_csv(folder / "particles.csv", index=False, float_format="%.7g")
    (folder / "figures").mkdir()
    pictures = {}
    for name, picture in figures.draw_all(audit.layouts, audit.particles, audit.volumes):
        watcher.note(f"Drawing {name}")
        (folder / "figures" / f"{name}.png").write_bytes(picture)
        pictures[name] = picture
    if audit.volumes is not None:
        write_volumes(audit.volumes, folder / "volumes")
    (folder / "report.html").write_text(render_html(audit.report, pictures), encoding="utf-8")
    write_report(audit.report, folder / REPORT)


def write_latents(path: Path, encodings: Encodings) -> None:
    """Write the latents of the images (``mu``, ``logvar``, ``index``) and of each transform (``SPEC/mu``, ...)."""
    arrays = {"mu": encodings.reference.mu, "index": encodings.reference.index}
    if encodings.reference.logvar is not None:
        arrays["logvar"] = encodings.reference.logvar
    for spec, latents in encodings.moved.items():
        arrays[f"{spec}/mu"] = latents.mu
        if latents.logvar is not None:
            arrays[f"{spec}/logvar"] = latents.logvar
    np.savez(path, allow_pickle=False, **arrays)


def particles_frame(audit: Audit) -> pd.DataFrame:
    """Return one row an image: its stack row, and what each transform did to it (columns ``SPEC/quantity``)."""
    columns: dict[str, np.ndarray] = {"index": audit.encodings.reference.index}
    for spec, values in audit.particles.items():
        columns |= {f"{spec}/{name}": value for name, value in values.items()}
    return pd.DataFrame(columns)


def _is_ours(folder: Path) -> bool:
    try:
        content = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        return "schema" in content and "encaudit" in content["provenance"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
