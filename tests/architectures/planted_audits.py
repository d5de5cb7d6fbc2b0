"""Audits whose differences are known, as `encaudit probe` writes them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from encaudit.architectures import NamedAudit
from encaudit.paired import read_particles
from encaudit.report.document import read_report, write_report
from encaudit.results import Measurement
from tests.report.reports import measurement, report

N = 400
DRAWN = np.random.default_rng(0).normal(5, 1, N)
MEASURED = (
    measurement("displacement", 5.0, n=N),
    measurement("displacement_ratio", 0.5, n=N),
    measurement("retrieval_rank", 0.2, n=N),
    measurement("pair_auc", 0.8, n=N),
    measurement("alignment", 0.1, n=N),
    measurement("displacement_ratio", 1.0, "permutation", n=N),
    measurement("displacement_ratio", 0.0, "identity", n=N),
    measurement("volume_cc", 0.97, half_width=None, n=6),
    measurement("elbo", -600.0, None, n=N),
    measurement("dimension_kl_1", 2.0, None, n=N),
)


def write_audit(
    folder: Path,
    moved: np.ndarray | float = 0.0,
    *,
    index: np.ndarray | None = None,
    measured: tuple[Measurement, ...] = MEASURED,
    images: str | None = "one",
    metadata: str | None = None,
    seed: int = 0,
    noise: str = "white",
    norm: tuple[float, float] = (0.0, 1.0),
    **provenance: Any,
) -> Path:
    """An audit whose images move ``moved`` further than those of another one, of random distances of 10."""
    rows = np.arange(N) if index is None else index
    folder.mkdir(parents=True, exist_ok=True)
    found = report(*measured)
    told = {
        "seed": seed,
        "images": {"path": "particles.mrcs"}
        | ({} if images is None else {"sha256": images})
        | ({} if metadata is None else {"metadata": {"path": "m.csv", "sha256": metadata}}),
        "checkpoint": {"path": "weights.pkl", "decoder_noise": noise, "norm": list(norm)},
    }
    write_report(replace(found, provenance=found.provenance | told | provenance), folder / "report.json")
    displacement = (DRAWN + moved)[rows]
    columns = {"index": rows, "elbo": -600 - displacement}
    for spec in ("roll1", "permutation"):
        columns |= {f"{spec}/displacement": displacement, f"{spec}/random_distance": np.full(len(rows), 10.0)}
    columns["roll1/rank"] = np.linspace(0, 0.4, N)[rows]
    pd.DataFrame(columns).to_csv(folder / "particles.csv", index=False)
    return folder


def audit(folder: Path, moved: np.ndarray | float = 0.0, **told: Any) -> NamedAudit:
    """The same, as it is read."""
    write_audit(folder, moved, **told)
    return NamedAudit(
        folder.name, str(folder), read_report(folder / "report.json"), read_particles(folder / "particles.csv")
    )
