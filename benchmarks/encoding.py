"""How fast is the pass, against what a user would run instead, and against what the machine can do?

Side by side in one run, interleaved: encaudit encodes each image as it is and under probes, cryoDRGN's own
`train_vae.eval_z` encodes a stack once, and `cryodrgn eval_images`, the command a user would type, decodes as well.
Prints medians and their spread, how the time grows with the number of images, of probes and of pixels, and where it
goes; `-o docs/performance.md README.md` puts the tables into these pages, between their marks.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.contestants import COVARIANT, RAW, eval_images, eval_z, ours, rates
from benchmarks.machine import Machine, measured
from benchmarks.operators import where_the_time_goes
from benchmarks.tables import as_markdown, put_into
from tests.fresh_run import FreshRun, write_run

Rows = list[list[str]]
PROBES = 4
SIZES = [(box, dim) for box in (64, 128, 256) for dim in (256, 1024)]


def run_of(folder: Path, box: int, dim: int, n: int) -> FreshRun:
    return write_run(folder / f"{box}.{dim}.{n}", n=n, box=box, zdim=8, layers=3, dim=dim)


def against_others(run: FreshRun, rounds: int, few: int, device: str) -> Rows:
    contestants = {
        "encaudit, original and 4 raw probes": ours(run, RAW[:PROBES], device),
        "encaudit, original and 4 covariant probes": ours(run, COVARIANT, device),
        "`cryodrgn.commands.train_vae.eval_z`, a stack at a time": eval_z(run, device),
    }
    if few:
        contestants["`cryodrgn eval_images`"] = eval_images(run, few)
    found = rates(contestants, rounds, device)
    raw, covariant = list(found.values())[:2]
    return [
        [
            name,
            str(spread),
            *("" if spread is of else f"{of.median / spread.median:,.3g}x" for of in (raw, covariant)),
        ]
        for name, spread in found.items()
    ]


def over_sizes(folder: Path, sizes: list[tuple[int, int]], n: int, rounds: int, device: str) -> Rows:
    rows = []
    for box, dim in sizes:
        run = run_of(folder, box, dim, max(256, n * 64**2 // box**2))
        found = rates({"ours": ours(run, RAW[:PROBES], device), "theirs": eval_z(run, device)}, rounds, device)
        own, theirs = found["ours"], found["theirs"]
        rows.append([f"{box}", f"3x{dim}", str(own), str(theirs), f"{own.median / theirs.median:.1f}x"])
    return rows


def over_probes(run: FreshRun, rounds: int, device: str) -> Rows:
    counts = (0, 1, 2, 4, 8)
    found = rates({f"{count}": ours(run, RAW[:count], device) for count in counts}, rounds, device)
    seconds = {count: (1 + count) / found[f"{count}"].median * 1e6 for count in counts}
    slope, fixed = np.polyfit(counts, list(seconds.values()), 1)
    return [
        [f"{count}", f"{seconds[count]:,.0f}", f"{fixed + slope * count:,.0f}", str(found[f"{count}"])]
        for count in counts
    ]


def over_images(run: FreshRun, rounds: int, device: str) -> tuple[Rows, float]:
    counts = [len(run.images) // part for part in (8, 4, 2, 1)]
    found = rates({f"{count}": ours(run, RAW[:PROBES], device, n=count) for count in counts}, rounds, device)
    seconds = [count * (1 + PROBES) / found[f"{count}"].median for count in counts]
    slope = float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])
    rows = [[f"{n:,}", f"{s:.2f}", str(found[f"{n}"])] for n, s in zip(counts, seconds, strict=True)]
    return rows, slope


def bounds(machine: Machine) -> Rows:
    return [
        ["matrix product, float32", f"{machine.product / 1e9:,.0f} GFLOP/s"],
        ["reading memory", f"{machine.memory / 1e9:,.0f} GB/s"],
        ["reading a file that the system holds in memory", f"{machine.file / 1e9:,.1f} GB/s"],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--images", type=int, default=4096, help="of 128 pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--few", type=int, default=16, help="images for eval_images; 0 leaves it out")
    parser.add_argument("-o", dest="pages", type=Path, nargs="+", default=[], help="pages that hold the tables")
    options = parser.parse_args()
    device, rounds = options.device, options.rounds
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        run = run_of(folder, 128, 256, options.images)
        machine = measured(device, run.particles)
        others = against_others(run, rounds, options.few, device)
        probes = over_probes(run, rounds, device)
        images, slope = over_images(run_of(folder, 64, 256, 8 * options.images), rounds, device)
        shares = where_the_time_goes(run, RAW[:PROBES], machine, device)
        sizes = over_sizes(folder, SIZES, 8192, rounds, device)
    about = f"{machine.name}, {machine.threads} threads, torch {torch.__version__}; median (least .. most) of {rounds}."
    rate = "images encoded/s"
    blocks = {
        "others": as_markdown(["contestant", rate, "raw is faster by", "covariant is faster by"], others),
        "sizes": as_markdown(["box", "encoder", f"encaudit, {rate}", "`eval_z`", "faster by"], sizes),
        "probes": as_markdown(["probes", "microseconds an image", "on a straight line", rate], probes),
        "images": as_markdown(["images", "seconds", rate], images)
        + f"\n\nSlope of the seconds over the number of images, both as logarithms: {slope:.3f}.",
        "operators": as_markdown(["what", "share", "bound", "share of the bound"], shares),
        "bounds": as_markdown(["bound", "measured"], bounds(machine)),
        "about": about,
    }
    print(about, *blocks.values(), sep="\n\n")
    for page in options.pages:
        put_into(page, blocks)


if __name__ == "__main__":
    main()
