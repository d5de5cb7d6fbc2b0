"""How fast does `encaudit train` train, against `cryodrgn train_vae` and among its own systems?

Side by side in one process, the contestants taking turns batch by batch, so that whatever else the machine does meets
all of them: cryoDRGN's data loader and `train_batch`, as its command runs them, and encaudit's step for a VAE, a lookup
table and the two evil twins, on the same images with the same networks. Prints the median time of a batch as images/s,
the ratio to cryoDRGN's in the same round (median, and its quartiles), and the peak memory of the two commands.
"""

import argparse
import itertools
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from encaudit.probe import ALONE
from encaudit.train.loop import epoch_noise, epoch_order, take_step
from encaudit.train.objective import Step
from encaudit.train.particle_config import config_of
from encaudit.train.particle_run import opened
from encaudit.train.resolving import layers, resolve
from encaudit.train.settings import Kind, Settings
from encaudit.train.sums import Sums
from encaudit.train.systems import build

FIXTURE = Path(__file__).parent.parent / "fixtures" / "particles"
THEIRS = "cryodrgn train_vae"
SYSTEMS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "encaudit train vae": ("vae", {}),
    "encaudit train vlt": ("vlt", {}),
    "encaudit train twin": ("twin", {}),
    "encaudit train twin --twin noise": ("twin", {"twin": "noise"}),
}

Contestant = Callable[[], int]


def theirs(settings: Settings) -> Contestant:
    """One batch of cryoDRGN's training loop."""
    from cryodrgn import ctf, dataset
    from cryodrgn.commands import train_vae
    from cryodrgn.lattice import Lattice
    from cryodrgn.models import HetOnlyVAE
    from cryodrgn.pose import PoseTracker

    rows = np.arange(settings.n or 0)
    config = config_of(settings, opened(settings)).for_cryodrgn()
    data = dataset.ImageDataset(settings.images, lazy=False, invert_data=True, ind=rows, max_threads=1)
    poses = PoseTracker.load(str(settings.poses), data.N, data.D, None, rows)
    parameters = torch.tensor(ctf.load_ctf_for_training(data.D - 1, settings.ctf)[rows])
    model, _ = HetOnlyVAE.load(config, weights=None)
    lattice = Lattice(data.D)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr)

    def batches() -> Iterator[Any]:
        while True:
            yield from dataset.make_dataloader(data, batch_size=settings.batch_size)

    coming = batches()

    def go() -> int:
        batch = next(coming)
        index = batch["index"]
        rotation, translation = poses.get_pose(index)
        train_vae.train_batch(
            model,
            lattice,
            batch["y"],
            None,
            rotation,
            translation,
            optimizer,
            settings.kl_weight,
            ctf_params=parameters[index],
        )
        return len(index)

    return go


def ours(settings: Settings) -> Contestant:
    """One batch of encaudit's training loop."""
    source = opened(settings)
    objective = build(settings, config_of(settings, source), source, torch.device("cpu"), lambda *_: None)
    scaler = torch.amp.GradScaler("cpu", enabled=False)

    def batches() -> Iterator[tuple[np.ndarray, Step]]:
        for epoch in itertools.count(1):
            order = epoch_order(np.arange(len(source)), 0, epoch)
            noise = epoch_noise(len(source), settings.zdim, 0, epoch)
            for number in range(0, len(order), settings.batch_size):
                positions = order[number : number + settings.batch_size]
                yield positions, Step(epoch, number, noise[positions])

    coming = batches()

    def go() -> int:
        positions, step = next(coming)
        take_step(objective, positions, step, scaler, Sums(ALONE, torch.device("cpu")))
        return len(positions)

    return go


def memory(command: list[str]) -> float:
    """The peak of a command's memory, in MiB."""
    before = f"import resource, subprocess; subprocess.run({command!r}, check=True, capture_output=True); "
    told = "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    return float(
        subprocess.run([sys.executable, "-c", before + told], check=True, capture_output=True, text=True).stdout
    )


def commands(settings: Settings, folder: Path) -> dict[str, list[str]]:
    """One epoch of each command."""
    ind = folder / "ind.pkl"
    ind.write_bytes(pickle.dumps(np.arange(settings.n or 0)))
    data = ["--poses", settings.poses, "--ctf", str(settings.ctf), "--zdim", str(settings.zdim)]
    deep, wide = str(settings.qlayers), str(settings.qdim)
    theirs = ["cryodrgn", "train_vae", settings.images, *data, "--ind", str(ind), "-o", str(folder / "theirs")]
    theirs += ["--enc-layers", deep, "--enc-dim", wide, "--dec-layers", deep, "--dec-dim", wide, "-n", "1"]
    theirs += ["-b", str(settings.batch_size), "--no-amp", "--no-analysis", "--max-threads", "1"]
    mine = ["encaudit", "train", "vae", "--images", settings.images, *data, "--ind", str(ind), "-o"]
    mine += [str(folder / "ours"), "--enc", f"{deep}x{wide}", "--dec", f"{deep}x{wide}", "--epochs", "1"]
    mine += ["--batch-size", str(settings.batch_size), "--device", "cpu"]
    here = Path(sys.executable).parent
    return {
        THEIRS: [sys.executable, str(here / theirs[0]), *theirs[1:]],
        "encaudit train vae": [sys.executable, "-m", *mine],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=FIXTURE, help="folder of particles.mrcs, poses.pkl and ctf.pkl")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--networks", default="3x128", help="of encoder and decoder")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=60, help="batches of each contestant")
    parser.add_argument("--cpu-time", action="store_true", help="count the process's own time: for a busy machine")
    asked = parser.parse_args()
    given = {"images": "particles.mrcs", "poses": "poses.pkl", "ctf": "ctf.pkl"}
    values = {name: str(asked.data / file) for name, file in given.items()}
    values |= {"zdim": 4, "n": asked.images, "batch_size": asked.batch}
    values |= layers(asked.networks, "--enc") | layers(asked.networks, "--dec")
    clock = time.process_time if asked.cpu_time else time.perf_counter
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contestants = {THEIRS: theirs(resolve("vae", values))}
        for title, (kind, more) in SYSTEMS.items():
            contestants[title] = ours(resolve(kind, values | more))
        seconds: dict[str, list[float]] = {title: [] for title in contestants}
        for number in track(range(asked.rounds + 2), console=Console(stderr=True)):
            for title, go in contestants.items():
                started = clock()
                images = go()
                if number > 1:  # not the first, which warm up
                    seconds[title].append((clock() - started) / images)
        peaks = {title: memory(command) for title, command in commands(resolve("vae", values), folder).items()}
    table = Table(title=f"Training: {asked.networks}, batches of {asked.batch}, {torch.get_num_threads()} threads")
    for column in ("contestant", "images/s", "as fast as cryoDRGN, times", "peak memory, MiB"):
        table.add_column(column, justify="left" if column == "contestant" else "right")
    for title, times in seconds.items():
        low, middle, high = statistics.quantiles(
            [their / mine for their, mine in zip(seconds[THEIRS], times, strict=True)], n=4
        )
        peak = f"{peaks[title]:,.0f}" if title in peaks else ""
        table.add_row(title, f"{1 / statistics.median(times):,.0f}", f"{middle:.3f} ({low:.3f} .. {high:.3f})", peak)
    Console().print(table)


if __name__ == "__main__":
    main()
