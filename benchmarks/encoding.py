"""How fast is the pass, against what a user would run instead?

Side by side in one run, interleaved: encaudit encodes each image as it is and under four raw probes; cryoDRGN's own
`train_vae.eval_z` encodes a stack once, so five times for the same latents (writing the four moved stacks is not
counted); `cryodrgn eval_images`, the command a user would type, decodes as well, and is timed on a few images.
Prints medians of images/s and the ratios per transform. Fresh weights: the speed does not depend on training.
"""

import argparse
import contextlib
import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from encaudit.encoders import open_encoder
from encaudit.images import open_stack
from encaudit.probe import encode_stack
from encaudit.transforms import parse_transform
from tests.fresh_run import FreshRun, fresh_model, write_run

RAW = ("roll1", "roll:dx=0,dy=1", "rot90:frame=array", "mirror:frame=array")
COVARIANT = ("roll1:frame=covariant", "roll:dx=0,dy=1,frame=covariant", "rot90", "rot270")


def ours(run: FreshRun, specs: tuple[str, ...]) -> Callable[[], int]:
    encoder = open_encoder(str(run.checkpoint)).encoder
    stack = open_stack(run.particles, poses=run.folder / "poses.pkl", ctf=run.folder / "ctf.pkl")
    transforms = [parse_transform(spec) for spec in specs]

    def go() -> int:
        encode_stack(encoder, stack, transforms, seed=0)
        return len(stack.index) * (1 + len(specs))

    return go


def eval_z(run: FreshRun) -> Callable[[], int]:
    from cryodrgn.commands import train_vae
    from cryodrgn.ctf import load_ctf_for_training
    from cryodrgn.dataset import ImageDataset
    from cryodrgn.lattice import Lattice
    from cryodrgn.pose import PoseTracker

    data = ImageDataset(str(run.particles), norm=run.config["dataset_args"]["norm"], invert_data=True, max_threads=1)
    model = fresh_model(run.config).eval()
    trans = PoseTracker.load(str(run.folder / "poses.pkl"), data.N, data.D).trans
    ctf = torch.tensor(load_ctf_for_training(data.D - 1, str(run.folder / "ctf.pkl")))

    def go() -> int:
        with torch.no_grad():
            train_vae.eval_z(model, Lattice(data.D), data, 64, torch.device("cpu"), trans=trans, ctf_params=ctf)
        return data.N

    return go


def eval_images(run: FreshRun, few: int) -> Callable[[], int]:
    from cryodrgn.commands import eval_images

    ind = run.folder / "few.pkl"
    ind.write_bytes(pickle.dumps(np.arange(few)))
    out = run.folder / "eval"
    arguments = [run.particles, run.checkpoint, "-c", run.folder / "config.yaml", "--poses", run.folder / "poses.pkl"]
    arguments += [
        "--ctf",
        run.folder / "ctf.pkl",
        "--ind",
        ind,
        "-o",
        out / "loss.pkl",
        "--out-z",
        out / "z.pkl",
        "-b",
        8,
    ]
    parsed = eval_images.add_args(argparse.ArgumentParser()).parse_args([*map(str, arguments)])

    def go() -> int:
        with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
            eval_images.main(parsed)
        return few

    return go


def rates(contestants: dict[str, Callable[[], int]], rounds: int) -> dict[str, list[float]]:
    """Images encoded per second, in turn, after one round that is not counted."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for round_ in range(rounds + 1):
        for name, go in contestants.items():
            started = time.perf_counter()
            images = go()
            if round_:
                found[name].append(images / (time.perf_counter() - started))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--box", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--few", type=int, default=16, help="images for eval_images")
    options = parser.parse_args()
    table = Table(title=f"images encoded/s, 3x256, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for column in ("box", "contestant", "median", "min .. max", "raw probes are faster by"):
        table.add_column(column, justify="left" if column == "contestant" else "right")
    for box in options.box:
        with tempfile.TemporaryDirectory() as folder:
            run = write_run(Path(folder) / "run", n=options.images, box=box, zdim=8, layers=3, dim=256)
            found = rates(
                {
                    "encaudit, original + 4 raw probes": ours(run, RAW),
                    "encaudit, original + 4 covariant probes": ours(run, COVARIANT),
                    "cryodrgn train_vae.eval_z": eval_z(run),
                    "cryodrgn eval_images": eval_images(run, options.few),
                },
                options.rounds,
            )
        own = statistics.median(next(iter(found.values())))
        for name, values in found.items():
            median = statistics.median(values)
            table.add_row(
                str(box), name, f"{median:,.0f}", f"{min(values):,.0f} .. {max(values):,.0f}", f"{own / median:,.2f}x"
            )
    Console().print(table)


if __name__ == "__main__":
    main()
