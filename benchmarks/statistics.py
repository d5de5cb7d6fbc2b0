"""How long does the whole table of an audit take, without pictures, and how much memory?

Latents of n images under nine transforms (identity, two rolls, two turns, permutation, noise, the untrained encoder and
its roll), with logvar: every metric, floor, ceiling and interval. `python -m benchmarks.statistics [--n 100000]`.
"""

import argparse
import os
import resource
import time
from collections import defaultdict

import numpy as np

from encaudit.metrics import METRICS, measure
from encaudit.results import IDENTITY, UNTRAINED, Encodings, Latents


def planted(n: int, d: int) -> Encodings:
    """Latents with what costs time in real ones: several states, and transforms that move a little, much, and all."""
    rng = np.random.default_rng(0)
    state = 3 * rng.normal(size=(6, d))

    def latents(mu: np.ndarray) -> Latents:
        return Latents(mu.astype(np.float32), np.full((n, d), -2, np.float32), np.arange(n))

    mu = state[rng.integers(6, size=n)] + rng.normal(size=(n, d))
    untrained = 0.1 * rng.normal(size=(n, d))
    moved = {
        IDENTITY: mu,
        "roll1": mu + 0.3 * rng.normal(size=(n, d)),
        "rot90": mu + rng.normal(size=(n, d)),
        "rot90:frame=array": mu + 2 * rng.normal(size=(n, d)),
        "roll1:frame=covariant": mu + 0.01 * rng.normal(size=(n, d)),
        "permutation": mu[rng.permutation(n)],
        "noise": 0.2 * rng.normal(size=(n, d)),
        UNTRAINED: untrained,
        f"{UNTRAINED}+roll1": untrained + 0.03 * rng.normal(size=(n, d)),
    }
    return Encodings(latents(mu), {spec: latents(points) for spec, points in moved.items()})


class Stopwatch:
    """Seconds between what is announced and what is announced next, by the metric's name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._name, self._since = "preparation", time.perf_counter()

    def __call__(self, announced: str) -> None:
        now = time.perf_counter()
        self.seconds[self._name] += now - self._since
        self._name, self._since = announced.rpartition(": ")[2], now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000, help="images")
    parser.add_argument("--d", type=int, default=8, help="latent dimensions")
    options = parser.parse_args()
    encodings, watch, started = planted(options.n, options.d), Stopwatch(), time.perf_counter()
    measured = measure(encodings, seed=0, on_progress=watch)
    total = time.perf_counter() - started
    watch("")
    for name, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1]):
        family = METRICS.get(name).evaluate.__module__.rpartition(".")[2] if name in METRICS else "encoder"
        print(f"{seconds:8.1f} s  {name} ({family})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{total:8.1f} s  {len(measured.measurements)} measurements of {options.n} images x {options.d} dimensions")
    print(f"{peak:8.2f} GiB at most; {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
