"""Small training runs: 30 particles of 16 pixels, networks of 2 x 16, or a part of the shipped fixture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from encaudit.train.particle_config import config_of
from encaudit.train.particle_objective import ParticleObjective
from encaudit.train.particle_run import opened, train_particles
from encaudit.train.resolving import resolve
from encaudit.train.run_record import RunRecord
from encaudit.train.settings import Settings
from encaudit.train.systems import build
from tests.fresh_run import FreshRun

FIXTURE = Path(__file__).parent.parent.parent / "fixtures" / "particles"
TINY = {"qlayers": 2, "qdim": 16, "players": 2, "pdim": 16, "zdim": 3, "lr": 1e-3, "batch_size": 8, "epochs": 2}


class Unwatched:
    """A watcher that looks away."""

    def stage(self, what: str, *, unit: str = "") -> None: ...

    def advance_to(self, done: int, total: int) -> None: ...

    def note(self, what: str) -> None: ...


def settings_for(run: FreshRun, kind: str = "vae", **changes: Any) -> Settings:
    data = {"images": run.particles, "poses": run.folder / "poses.pkl", "ctf": run.folder / "ctf.pkl"}
    return resolve(kind, {name: str(path) for name, path in data.items()} | TINY | changes)


def fixture_settings(kind: str = "vae", **changes: Any) -> Settings:
    """128 images of the shipped fixture."""
    data = {"images": "particles.mrcs", "poses": "poses.pkl", "ctf": "ctf.pkl"}
    paths = {name: str(FIXTURE / file) for name, file in data.items()}
    return resolve(kind, paths | TINY | {"n": 128, "batch_size": 16} | changes)


def objective_for(settings: Settings) -> ParticleObjective:

    source = opened(settings)
    return build(settings, config_of(settings, source), source, torch.device("cpu"), lambda *_: None)


def train(settings: Settings, out: Path, **more: Any) -> RunRecord:
    return train_particles(settings, out, command=["train", settings.kind], device="cpu", watcher=Unwatched(), **more)


def same(one: Any, other: Any) -> bool:
    """Are two states equal to the bit?"""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)
