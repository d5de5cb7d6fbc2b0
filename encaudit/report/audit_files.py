"""The files of an audit."""

from pathlib import Path

import numpy as np
import pandas as pd

from encaudit.audits import Audit, Watcher
from encaudit.paired.particles import DIGITS
from encaudit.report import figures
from encaudit.report.document import REPORT, write_report
from encaudit.report.html import render_html
from encaudit.results import Encodings
from encaudit.volumes import write_volumes

ROWS_AT_ONCE = 100_000


def fill_audit(folder: Path, audit: Audit, watcher: Watcher) -> None:
    """Write everything that was found into an empty folder."""
    write_latents(folder / "latents.npz", audit.encodings)
    write_particles(folder / "particles.csv", audit)
    (folder / "figures").mkdir()
    pictures = {}
    for name, picture in figures.draw_all(audit):
        watcher.note(f"Drawing {name}")
        (folder / "figures" / f"{name}.png").write_bytes(picture)
        pictures[name] = picture
    if audit.volumes is not None:
        write_volumes(audit.volumes, folder / "volumes")
    (folder / "report.html").write_text(render_html(audit.report, pictures), "utf-8", "replace")
    write_report(audit.report, folder / REPORT)


def write_latents(path: Path, encodings: Encodings) -> None:
    """Write the latents of the images (``mu``, ``logvar``, ``index``) and of each transform (``SPEC/mu``, ...).

    ``SPEC/index`` says which images a transform was applied to, where these are not all.
    """
    arrays = {"mu": encodings.reference.mu, "index": encodings.reference.index}
    if encodings.reference.logvar is not None:
        arrays["logvar"] = encodings.reference.logvar
    for spec, latents in encodings.moved.items():
        arrays[f"{spec}/mu"] = latents.mu
        if latents.logvar is not None:
            arrays[f"{spec}/logvar"] = latents.logvar
        if len(latents) < len(encodings.reference):
            arrays[f"{spec}/index"] = latents.index
    np.savez(path, allow_pickle=False, **arrays)


def write_particles(path: Path, audit: Audit) -> None:
    """Write one row an image: see ``particle_columns``; empty where a transform was not applied to the image."""
    columns = particle_columns(audit)
    with path.open("w", encoding="utf-8", newline="") as file:
        for start in range(0, len(columns["index"]), ROWS_AT_ONCE):  # a table of all would hold a second copy
            some = pd.DataFrame({name: values[start : start + ROWS_AT_ONCE] for name, values in columns.items()})
            some.to_csv(file, index=False, header=start == 0, float_format=f"%.{DIGITS}g")


def particle_columns(audit: Audit) -> dict[str, np.ndarray]:
    """Return what is known of each image (``n``): its stack row, and what each transform did to it (``SPEC/quantity``).

    NaN where a transform was not applied to the image; ``group`` is a number for each micrograph where these are
    known, ``stability`` the least under all probes.
    """
    encodings, n = audit.encodings, len(audit.encodings.reference)
    columns: dict[str, np.ndarray] = {"index": encodings.reference.index}
    if audit.groups is not None:
        columns["group"] = audit.groups
    if audit.stability is not None:
        columns["stability"] = audit.stability
    columns |= audit.of_encoder
    for spec, values in audit.particles.items():
        rows = encodings.rows(spec)
        columns |= {f"{spec}/{name}": _spread(value, rows, n) for name, value in values.items()}
    return columns


def _spread(values: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    if len(rows) == n:
        return values
    everywhere = np.full(n, np.nan)
    everywhere[rows] = values
    return everywhere
