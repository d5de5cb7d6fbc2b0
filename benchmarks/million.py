"""Does the memory of the pass grow with anything but the latents?

A stack of any length whose images (128 px, with CTF and translations) are made when they are read, encoded by a fresh
cryoDRGN 3x256 encoder as they are and under four raw probes. Prints images/s and the resident memory on the way, and
at the end how much was added for each image, beside what its latents take. `python -m benchmarks.million
[--images 1000000]`: at 6,000 images encoded a second a million takes 17 minutes.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from encaudit.encoders import open_encoder
from encaudit.probe import encode_stack
from encaudit.results import Encodings
from encaudit.transforms import parse_transform
from encaudit.types import ImageBatch
from tests.fresh_run import write_run

BOX, LATENT_DIM = 128, 8
PROBES = ("roll1", "roll:dx=0,dy=1", "rot90:frame=array", "mirror:frame=array")
POOL = 64  # images of noise; each image is one of them, rolled, plus another one
KINDS = (POOL * BOX) ** 2  # different images
POINTS = 10  # where the memory is read on the way


class MadeUpStack:
    """A stack that keeps no image: those of a position follow from (seed, position), and no two are alike."""

    apix = 4.0
    image_shape: tuple[int, ...] = (BOX, BOX)
    files: tuple[str, ...] = ()

    def __init__(self, n: int, seed: int = 0) -> None:
        assert n <= KINDS
        self.index = np.arange(n)
        self._seed = seed
        pool = np.random.default_rng(seed).normal(size=(POOL, BOX, BOX)).astype(np.float32)
        self._added = pool
        self._rolled = np.tile(pool, (1, 2, 2))  # a window of it is the image, rolled

    def read(self, positions: np.ndarray) -> ImageBatch:
        code = (positions * 10_000_019 + self._seed) % KINDS  # a prime, so that no two positions share a code
        code, which = np.divmod(code, POOL)
        code, other = np.divmod(code, POOL)
        down, right = np.divmod(code, BOX)
        images = np.empty((len(positions), BOX, BOX), np.float32)
        for image, i, j, y, x in zip(images, which, other, down, right, strict=True):
            np.add(self._rolled[i, y : y + BOX, x : x + BOX], self._added[j], out=image)
        share = (positions % 997 / 997).astype(np.float32)
        ctf = np.tile(np.array([4, 0, 0, 0, 300, 2.7, 0.1, 0], np.float32), (len(positions), 1))
        ctf[:, 1], ctf[:, 2], ctf[:, 3] = 9_000 + 11_000 * share, 8_000 + 10_000 * share, 180 * share
        shift = np.stack([8 * share - 4, 4 - 8 * share], axis=1)
        return ImageBatch(
            torch.from_numpy(images),
            torch.from_numpy(self.index[positions]),
            shift_px=torch.from_numpy(shift),
            ctf=torch.from_numpy(ctf),
        )


class Gauge:
    """Prints the resident memory, and keeps what it was where the pass began to fill it."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.seen: list[tuple[int, int]] = []

    def __call__(self, what: str, done: int = 0) -> None:
        rate = done / (time.perf_counter() - self._started)
        self.seen.append((done, peak()))
        print(f"{what:<24} at most {peak() / 2**20:7.1f} MiB, {rate:9,.0f} images/s", flush=True)

    def restart(self) -> None:
        self._started = time.perf_counter()


def peak() -> int:
    """Return the most bytes that were resident so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def held(encodings: Encodings) -> int:
    """Return the bytes of all latents, and of their stack rows."""
    latents = [encodings.reference, *encodings.moved.values()]
    arrays = [each for one in latents for each in (one.mu, one.logvar, one.index) if each is not None]
    return sum(array.nbytes for array in {id(array): array for array in arrays}.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1_000_000)
    options = parser.parse_args()
    gauge = Gauge()
    gauge("imported")
    with tempfile.TemporaryDirectory() as folder:
        run = write_run(Path(folder) / "run", n=2, box=BOX, zdim=LATENT_DIM, layers=3, dim=256)
        encoder = open_encoder(str(run.checkpoint)).encoder
    stack, transforms = MadeUpStack(options.images), [parse_transform(spec) for spec in PROBES]
    encode_stack(encoder, MadeUpStack(256), transforms, seed=0)  # what a first batch loads and compiles
    gauge("encoder and stack")
    gauge.restart()
    every = max(1, options.images // POINTS)

    def on_progress(done: int, total: int) -> None:
        if done // every > gauge.seen[-1][0] // every:
            gauge(f"{done:,} of {total:,}", done)

    encodings = encode_stack(encoder, stack, transforms, seed=0, on_progress=on_progress)
    gauge("all latents joined", options.images)
    (_, before), (first, early), (_, after) = gauge.seen[1], gauge.seen[2], gauge.seen[-1]
    print(f"latents and stack rows: {held(encodings) / options.images:.0f} bytes an image")
    print(f"memory added from the start: {(after - before) / options.images:.0f} bytes an image,")
    print(f"and after the first {first:,}: {(after - early) / (options.images - first):.0f}")
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
