"""Reports small enough to read."""

from typing import Any

from encaudit.results import Finding, Measurement, Report, Skipped, Summary, Verdict

PROVENANCE: dict[str, Any] = {
    "encaudit": "0.1.0",
    "command": "encaudit probe run/weights.pkl",
    "seed": 0,
    "time": "2026-01-02T03:04:05+00:00",
    "transforms": ["identity", "roll1"],
    "checkpoint": {
        "path": "run/weights.pkl",
        "sha256": "ab" * 32,
        "latent_dim": 4,
        "config": {"path": "run/config.yaml"},
    },
    "images": {"path": "particles.mrcs", "n": 3000, "apix": 1.5, "poses": None},
    "saved_z": None,
}


def summary(value: float, n: int = 3000, half_width: float | None = 0.01) -> Summary:
    low, high = (None, None) if half_width is None else (value - half_width, value + half_width)
    spread = sorted((value / 2, value / 1.5, value * 1.5, value * 2))
    return Summary(value, value, *spread, low, high, n)


def measurement(metric: str, value: float | str, spec: str | None = "roll1", **changes: Any) -> Measurement:
    found = Skipped(value) if isinstance(value, str) else summary(value, **changes)
    return Measurement(metric, 1, spec, "1", found, floor=0.0, ceiling=0.5)


def report(
    *measurements: Measurement, findings: tuple[Finding, ...] = (), verdicts: tuple[Verdict, ...] | None = None
) -> Report:
    chosen = measurements or (
        measurement("displacement_ratio", 0.83),
        measurement("retrieval_rank", 0.331),
        measurement("posterior_kl", "the encoder states no logvar"),
        measurement("displacement_ratio", 0.061, "roll1:frame=covariant"),
        measurement("retrieval_rank", 0.001, "roll1:frame=covariant"),
        measurement("volume_cc", 0.97, half_width=None, n=6),
        measurement("active_units", 4.0, None),
    )
    judged = (Verdict("scatters", "roll1", "It goes elsewhere.", ["retrieval_rank of roll1 is 0.331"]),)
    return Report(dict(PROVENANCE), list(chosen), list(findings), list(judged if verdicts is None else verdicts))
