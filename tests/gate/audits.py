"""Audits of 200 images, as far as a gate looks at them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.paired import Particles
from encaudit.report.document import write_report
from encaudit.results import Measurement, Report, Skipped, Summary

N = 200
PROVENANCE: dict[str, Any] = {
    "encaudit": "0.1.0",
    "seed": 3,
    "transforms": ["roll1", "rot90"],
    "controls": [],
    "checkpoint": {"path": "run/weights.pkl"},
    "images": {"path": "particles.mrcs", "sha256": "ab" * 32, "n": N, "left_out": 0, "poses": None},
}


def summary(value: float, half_width: float | None = 0.01) -> Summary:
    low, high = (None, None) if half_width is None else (value - half_width, value + half_width)
    return Summary(value, value, value, value, value, value, low, high, N)


def measurement(metric: str, value: float | str, transform: str | None = "roll1", version: int = 1) -> Measurement:
    found = Skipped(value) if isinstance(value, str) else summary(value)
    return Measurement(metric, version, transform, "1", found, 0.0, None)


def particles(displacement: float = 0.3, elbo: float = -50.0, seed: int = 0) -> Particles:
    """Images that share what makes them easy or hard, whatever the encoder: ``seed`` is that of an encoder's own.

    Their medians are what ``report`` says of them.
    """
    hardness = np.random.default_rng(99).lognormal(0, 0.3, N)
    own = np.random.default_rng(seed).normal(0, 0.01, N)
    columns = {"elbo": _with_median(elbo, elbo * hardness + own)}
    for spec in ("roll1", "rot90", "permutation"):
        columns[f"{spec}/displacement"] = _with_median(displacement, displacement * hardness + np.abs(own))
        columns[f"{spec}/random_distance"] = np.ones(N)
        columns[f"{spec}/rank"] = (np.arange(N) + 0.5) / N * displacement
    return Particles(np.arange(N), None, columns, of=N)


def _with_median(median: float, values: np.ndarray) -> np.ndarray:
    return values * (median / np.median(values))


def report(displacement: float = 0.3, *others: Measurement, elbo: float | str = -50.0, **provenance: Any) -> Report:
    measurements = [
        *(measurement("displacement_ratio", displacement, spec) for spec in ("roll1", "rot90")),
        measurement("displacement_ratio", 1.0, "permutation"),
        measurement("retrieval_rank", displacement / 2),
        measurement("cka", 1 - displacement),
        measurement("elbo", elbo, None),
        measurement("active_units", 4.0, None),
    ]
    return Report(PROVENANCE | provenance, [*measurements, *others], [])


def without(found: Report, metric: str, transform: str | None = "roll1") -> Report:
    kept = [one for one in found.measurements if (one.metric, one.transform) != (metric, transform)]
    return replace(found, measurements=kept)


def write_audit(folder: Path, found: Report, images: Particles | None = None) -> Path:
    """Write what `encaudit probe` leaves, as far as a gate reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_report(found, folder / "report.json")
    if images is not None:
        columns = {
            "index": images.index,
            **({} if images.groups is None else {"group": images.groups}),
            **images.columns,
        }
        table = np.stack([np.asarray(values, dtype=np.float64) for values in columns.values()], axis=1)
        heads = ",".join(f'"{name}"' if "," in name else name for name in columns)
        formats = ["%d" if name in ("index", "group") else "%.7g" for name in columns]
        np.savetxt(folder / "particles.csv", table, fmt=formats, delimiter=",", header=heads, comments="")
    return folder
