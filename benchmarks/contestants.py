"""Who encodes: encaudit's pass, and what a user would run instead. Fresh weights: speed does not depend on training."""

import argparse
import contextlib
import os
import pickle
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from encaudit.encoders import open_encoder
from encaudit.images import CentredStack, open_stack
from encaudit.probe import encode_stack
from encaudit.transforms import parse_transform
from tests.fresh_run import FreshRun, fresh_model

RAW = (
    *("roll1", "roll:dx=0,dy=1", "rot90:frame=array", "mirror:frame=array"),
    *("roll5", "roll:dx=0,dy=5", "rot180:frame=array", "rot270:frame=array"),
)
COVARIANT = ("rot90", "rot180", "rot270", "mirror")

Contestant = Callable[[], int]  # encodes, and says how many images it encoded


@dataclass(frozen=True)
class Spread:
    """Several timings of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        return f"{self.median:,.0f} ({min(self.values):,.0f} .. {max(self.values):,.0f})"


def ours(run: FreshRun, specs: Sequence[str], device: str = "cpu", n: int | None = None) -> Contestant:
    """encaudit, the identity checked: its second encoding is work that is done and not counted."""
    encoder = open_encoder(str(run.checkpoint), device=device).encoder
    stack = CentredStack(open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl", n=n))
    transforms = [parse_transform(spec) for spec in specs]

    def go() -> int:
        encode_stack(encoder, stack, transforms, seed=0)
        return len(stack.index) * (1 + len(specs))

    return go


def eval_z(run: FreshRun, device: str = "cpu") -> Contestant:
    """CryoDRGN's own function, once over the stack; a moved stack would be written first, which is not counted."""
    from cryodrgn.commands import train_vae
    from cryodrgn.ctf import load_ctf_for_training
    from cryodrgn.dataset import ImageDataset
    from cryodrgn.lattice import Lattice
    from cryodrgn.pose import PoseTracker

    place = torch.device(device)
    data = ImageDataset(str(run.particles), norm=run.config["dataset_args"]["norm"], invert_data=True, max_threads=1)
    model = fresh_model(run.config).eval().to(place)
    trans = PoseTracker.load(str(run.folder / "poses.pkl"), data.N, data.D, device=place).trans
    ctf = torch.tensor(load_ctf_for_training(data.D - 1, str(run.folder / "ctf.pkl")), device=place)
    lattice = Lattice(data.D, device=place)

    def go() -> int:
        with torch.no_grad():
            train_vae.eval_z(model, lattice, data, 64, place, trans=trans, ctf_params=ctf)
        return data.N

    return go


def eval_images(run: FreshRun, few: int) -> Contestant:
    """The command a user would type; it decodes too, so it gets a few images only."""
    from cryodrgn.commands import eval_images

    ind = run.folder / "few.pkl"
    ind.write_bytes(pickle.dumps(np.arange(few)))
    named = {"-c": run.folder / "config.yaml", "--poses": run.folder / "poses.pkl", "--ctf": run.folder / "ctf.pkl"}
    named |= {"--ind": ind, "-o": run.folder / "eval/loss.pkl", "--out-z": run.folder / "eval/z.pkl", "-b": 8}
    arguments = [run.particles, run.checkpoint, *(part for pair in named.items() for part in pair)]
    parsed = eval_images.add_args(argparse.ArgumentParser()).parse_args([*map(str, arguments)])

    def go() -> int:
        with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
            eval_images.main(parsed)
        return few

    return go


def rates(contestants: dict[str, Contestant], rounds: int, device: str = "cpu") -> dict[str, Spread]:
    """Images encoded per second, in turn, after one round that is not counted."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for round_ in range(rounds + 1):
        for name, go in contestants.items():
            started = time.perf_counter()
            images = go()
            if device != "cpu":
                torch.cuda.synchronize()
            if round_:
                found[name].append(images / (time.perf_counter() - started))
    return {name: Spread(tuple(values)) for name, values in found.items()}
