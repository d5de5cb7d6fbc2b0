"""Run folders with planted losses and latents, as `encaudit train` writes them."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from encaudit.train.run_folder import RunFolder
from encaudit.train.run_record import EpochRecord, LossTerms, RunRecord, Travel

N, D = 240, 3
RNG = np.random.default_rng(0)
STATE = RNG.integers(20, size=N)
MU = 20 * RNG.standard_normal((20, D))[STATE] + 0.1 * RNG.standard_normal((N, D))
DIFFICULTY = 1 + RNG.exponential(size=N)
GAIN = 0.01
BETA, POINTS = 0.25, 100

CONFIG = """
dataset_args: {{particles: particles.mrcs, norm: [{}, {}]}}
lattice_args: {{D: 17}}
model_args: {{qlayers: 2, qdim: 16, players: 2, pdim: 16, zdim: 3, encode_mode: resid}}
"""


def losses(gain: float, n: int = N, kl: float = 0.0) -> dict[str, np.ndarray]:
    """Give losses of a run that gains so much over one volume for all, each image alike."""
    reconstruction = DIFFICULTY[:n] - gain
    return {"reconstruction": reconstruction, "kl": np.full(n, kl), "loss": reconstruction + BETA / POINTS * kl}


def write_run(
    folder: Path,
    kind: Any,
    mu: np.ndarray,
    told: dict[str, np.ndarray] | None = None,
    *,
    seed: int = 0,
    options: dict[str, Any] | None = None,
    index: np.ndarray | None = None,
    held_out: np.ndarray | None = None,
    travel: float | None = None,
    images: str = "one",
    twin_mu: np.ndarray | None = None,
    finished: bool = True,
    beta: float = BETA,
    norm: tuple[float, float] | None = None,
    ctf: str | None = "one",
) -> Path:
    """Write run.json, z.pkl and, with ``told``, evaluation.npz."""
    folder.mkdir(parents=True)
    rows = np.arange(len(mu)) if index is None else index
    terms = LossTerms(total=1, reconstruction=1, kl=0)
    record = RunRecord(
        kind=kind,
        data="particles",
        command="encaudit train",
        options={"epochs": 2, **(options or {}), "seed": seed},
        seed=seed,
        versions={},
        device="cpu",
        files={
            "images": {"path": "particles.mrcs", "sha256": images},
            "poses": {"path": "poses.pkl", "sha256": "one"},
            "ctf": None if ctf is None else {"path": "ctf.pkl", "sha256": ctf},
        },
        n=len(mu),
        n_mask=POINTS,
        beta=beta,
        epochs=[EpochRecord(epoch=epoch, seconds=1, train=terms) for epoch in (1, 2)],
        travel=None if travel is None else Travel(mu=travel, logvar=travel),
        finished=finished,
    )
    run = RunFolder(folder)
    run.write_record(record)
    write_z(folder / "z.pkl", mu)
    if norm is not None:
        (folder / "config.yaml").write_text(CONFIG.format(*norm))
    if twin_mu is not None:
        write_z(folder / "z_twin.pkl", twin_mu)
    if told is not None:
        away = np.zeros(len(mu), bool) if held_out is None else held_out
        run.write_evaluation({"index": rows, "held_out": away, **told})
    return folder


def write_z(path: Path, mu: np.ndarray) -> None:
    table = mu.astype(np.float32)
    path.write_bytes(pickle.dumps(table) + pickle.dumps(np.zeros_like(table)))


def write_five(place: Path) -> list[str]:
    """Write a null run, a VAE and its like of another seed, a table and a twin; return their paths."""
    turned = MU[:, ::-1] * np.array([1.0, -1.0, 1.0])
    blurred = MU + 10 * np.random.default_rng(1).standard_normal(MU.shape)
    twin = losses(0.4 * GAIN)
    twin["reconstruction_reshuffled"] = twin["reconstruction"] + 0.3 * GAIN
    twin["kl_reshuffled"] = twin["kl"]
    frozen = {"init": "zero", "freeze": True}
    return [
        str(write_run(place / "null", "vlt", np.zeros((N, D)), losses(0, kl=7), options=frozen, travel=0.0)),
        str(write_run(place / "vae", "vae", MU, losses(GAIN, kl=2))),
        str(write_run(place / "vae-seed1", "vae", 2 * turned + 1, losses(0.9 * GAIN, kl=2), seed=1)),
        str(write_run(place / "vlt", "vlt", blurred, losses(1.1 * GAIN, kl=6), options={"init": "random"}, travel=5.0)),
        str(write_run(place / "twin", "twin", MU[::-1], twin, twin_mu=RNG.standard_normal((N, D)))),
    ]
